package import JSON

/// Positions by partition, with a position for all partitions that have none of their own.
package struct AirbytePartitions: Hashable, Sendable {
    /// One partition and how far it was read.
    package struct Partition: Hashable, Sendable {
        /// What tells the partition from others.
        package var partition: JSONObject
        package var cursor: AirbytePosition
        /// Members without a name here.
        package var others: JSONObject

        /// Makes the position of a partition.
        package init(
            partition: JSONObject,
            cursor: AirbytePosition,
            others: JSONObject = [:]
        ) {
            self.partition = partition
            self.cursor = cursor
            self.others = others
        }
    }

    /// Nil when there is no list, as where the one cursor is for all.
    package var partitions: [Partition]?
    /// The cursor of partitions that are not listed.
    package var globalCursor: AirbytePosition?
    /// Whether the lists of partitions were given up for the one cursor.
    package var usesGlobalCursor: Bool?
    /// What to read again before the cursor: how long the last run took.
    package var lookbackWindow: Duration?
    /// Where the streams stand that the partitions come from, by their names.
    package var parentState: JSONObject?
    /// Members without a name here.
    package var others: JSONObject

    /// Makes positions by partition.
    package init(
        partitions: [Partition]?,
        globalCursor: AirbytePosition? = nil,
        usesGlobalCursor: Bool? = nil,
        lookbackWindow: Duration? = nil,
        parentState: JSONObject? = nil,
        others: JSONObject = [:]
    ) {
        self.partitions = partitions
        self.globalCursor = globalCursor
        self.usesGlobalCursor = usesGlobalCursor
        self.lookbackWindow = lookbackWindow
        self.parentState = parentState
        self.others = others
    }

    /// Nil when the members are not those of partitions.
    init?(_ members: JSONObject) {
        var others = members
        let list = others.remove("states")
        let global = others.remove("state")
        guard list != nil || global?.object != nil else { return nil }
        self.init(partitions: nil)
        if let list {
            guard let entries = list.array else { return nil }
            var partitions: [Partition] = []
            for entry in entries {
                guard let partition = Self.partition(entry) else { return nil }
                partitions.append(partition)
            }
            self.partitions = partitions
        }
        globalCursor = global.map { AirbytePosition($0) }
        usesGlobalCursor = others.remove("use_global_cursor")?.boolean
        if case .integer(let seconds) = others["lookback_window"] {
            lookbackWindow = .seconds(seconds)
            others["lookback_window"] = nil
        }
        parentState = others.remove("parent_state")?.object
        self.others = others
    }

    private static func partition(_ json: JSONValue) -> Partition? {
        guard var others = json.object,
            let partition = others.remove("partition")?.object
        else { return nil }
        let cursor = AirbytePosition(others.remove("cursor"))
        return Partition(partition: partition, cursor: cursor, others: others)
    }

    var json: JSONValue {
        var members = others
        if let partitions {
            members["states"] = .array(
                partitions.map { partition in
                    var members = partition.others
                    members["partition"] = .object(partition.partition)
                    members["cursor"] = partition.cursor.json
                    return .object(members)
                }
            )
        }
        if let globalCursor { members["state"] = globalCursor.json }
        if let usesGlobalCursor { members["use_global_cursor"] = .boolean(usesGlobalCursor) }
        if let lookbackWindow {
            members["lookback_window"] = .integer(lookbackWindow.components.seconds)
        }
        if let parentState { members["parent_state"] = .object(parentState) }
        return .object(members)
    }
}
