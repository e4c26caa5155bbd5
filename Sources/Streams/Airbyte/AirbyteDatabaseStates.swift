package import JSON

// The states of Airbyte's database connectors. Each keeps the members it was read with, of which
// the properties are views, so that nothing is lost whatever else a version of a connector writes.

/// How far a table was read by a cursor column.
package struct AirbyteCursorBased: Hashable, Sendable {
    package let members: JSONObject

    /// The names of the cursor columns; connectors use one.
    package var cursorFields: [String] {
        if let list = members["cursor_field"]?.array { return list.compactMap(\.string) }
        return members["cursors"]?.object?.names.sorted() ?? []
    }

    /// The last value read of the first cursor column; nil before the first row.
    package var cursor: JSONValue? {
        if let value = members["cursor"] { return value == .null ? nil : value }
        return cursorFields.first.flatMap { members["cursors"]?.object?[$0] }
    }

    /// How many rows with that value were read: later ones with it are new.
    package var cursorRecordCount: Int64? { members["cursor_record_count"]?.integer }

    package var version: Int64? { members["version"]?.integer }

    /// Nil when the members are of other types.
    init?(_ members: JSONObject) {
        let fields = members["cursor_field"]?.array
        guard fields?.allSatisfy({ $0.string != nil }) ?? (members["cursors"]?.object != nil),
            members.isEmptyOrNumber("cursor_record_count"), members.isEmptyOrNumber("version")
        else { return nil }
        self.members = members
    }

    /// Makes the state of a table read up to a value of a column.
    package init(
        field: String,
        cursor: JSONValue?,
        recordCount: Int64 = 0,
        stream: StreamName,
        version: Int64 = 2
    ) {
        members = [
            "state_type": .string("cursor_based"), "version": .integer(version),
            "stream_name": .string(stream.name),
            "stream_namespace": stream.namespace.map { .string($0) } ?? .null,
            "cursor_field": .array([.string(field)]), "cursor": cursor ?? .null,
            "cursor_record_count": .integer(recordCount),
        ]
    }
}

/// How far a table was loaded in the order of a column, mostly its primary key.
package struct AirbyteOrderedColumn: Hashable, Sendable {
    package let members: JSONObject

    /// The column, which older connectors name by another member.
    package var column: String? {
        members["pk_name"]?.string ?? members["ordered_col"]?.string
    }

    /// The last value loaded; nil before the first row, and in some connectors after the last.
    package var value: JSONValue? {
        let value = members["pk_val"] ?? members["ordered_col_val"]
        return value == .null ? nil : value
    }

    /// Where to go on by a cursor once all is loaded.
    package var incrementalState: AirbytePosition? { members.position("incremental_state") }

    package var version: Int64? { members["version"]?.integer }

    /// Nil when the members are of other types.
    init?(_ members: JSONObject) {
        guard members.isEmptyOrText("pk_name"), members.isEmptyOrText("ordered_col"),
            members.isEmptyOrNumber("version")
        else { return nil }
        self.members = members
    }
}

/// How far a Postgres table was loaded in the order of its pages.
package struct AirbyteCtid: Hashable, Sendable {
    package let members: JSONObject

    /// The last place loaded, as `(page,row)`; nil before the first row, and in some connectors
    /// after the last.
    package var ctid: String? { members["ctid"]?.string }

    /// The file the pages are of: places mean nothing in another one.
    package var relationFilenode: Int64? {
        (members["relation_filenode"] ?? members["filenode"])?.integer
    }

    /// Where to go on by a cursor once all is loaded.
    package var incrementalState: AirbytePosition? { members.position("incremental_state") }

    package var version: Int64? { members["version"]?.integer }

    /// Nil when the members are of other types.
    init?(_ members: JSONObject) {
        guard members.isEmptyOrText("ctid"), members.isEmptyOrNumber("relation_filenode"),
            members.isEmptyOrNumber("filenode"), members.isEmptyOrNumber("version")
        else { return nil }
        self.members = members
    }
}

/// Up to which transaction a Postgres table was read.
package struct AirbyteXmin: Hashable, Sendable {
    package let members: JSONObject

    /// How often transaction numbers had started again from the lowest.
    package var wraparoundCount: Int64? { members["num_wraparound"]?.integer }

    /// The number as rows carry it, of 32 bits.
    package var transactionID: Int64? { members["xmin_xid_value"]?.integer }

    /// The number with its wraparounds, of 64 bits.
    package var rawValue: Int64? { members["xmin_raw_value"]?.integer }

    package var version: Int64? { members["version"]?.integer }

    /// Nil when the members are of other types.
    init?(_ members: JSONObject) {
        guard
            ["num_wraparound", "xmin_xid_value", "xmin_raw_value", "version"].allSatisfy({
                members.isEmptyOrNumber($0)
            })
        else { return nil }
        self.members = members
    }
}

extension JSONObject {
    /// Whether a member is missing, null or an integer.
    fileprivate func isEmptyOrNumber(_ name: String) -> Bool {
        guard let value = self[name], value != .null else { return true }
        return value.integer != nil
    }

    /// Whether a member is missing, null or text.
    fileprivate func isEmptyOrText(_ name: String) -> Bool {
        guard let value = self[name], value != .null else { return true }
        return value.string != nil
    }

    /// The position a member holds; nil when it is missing or null.
    fileprivate func position(_ name: String) -> AirbytePosition? {
        guard let value = self[name], value != .null else { return nil }
        return AirbytePosition(value)
    }
}
