package import JSON

/// Ranges of a cursor that were read.
package struct AirbyteSlices: Hashable, Sendable {
    /// What the ends of ranges are.
    package enum Kind: String, Sendable {
        /// Times, as text or as seconds.
        case dateRange = "date-range"
        case integer
    }

    /// A range that was read as a whole, up to and with its end.
    package struct Slice: Hashable, Sendable {
        package var start: JSONValue
        package var end: JSONValue
        /// The highest value seen in it; nil where no row was.
        package var mostRecentCursorValue: JSONValue?
        /// Members without a name here.
        package var others: JSONObject

        /// Makes a range.
        package init(
            start: JSONValue,
            end: JSONValue,
            mostRecentCursorValue: JSONValue? = nil,
            others: JSONObject = [:]
        ) {
            self.start = start
            self.end = end
            self.mostRecentCursorValue = mostRecentCursorValue
            self.others = others
        }
    }

    package var kind: Kind
    package var slices: [Slice]
    /// The state before ranges were kept, as the connector still writes it.
    package var legacy: JSONValue?
    /// Members without a name here.
    package var others: JSONObject

    /// Makes ranges that were read.
    package init(
        kind: Kind = .dateRange,
        slices: [Slice],
        legacy: JSONValue? = nil,
        others: JSONObject = [:]
    ) {
        self.kind = kind
        self.slices = slices
        self.legacy = legacy
        self.others = others
    }

    /// Nil when the members are not those of ranges.
    init?(_ members: JSONObject) {
        var others = members
        guard let kind = others.remove("state_type")?.string.flatMap(Kind.init),
            let entries = others.remove("slices")?.array
        else { return nil }
        var slices: [Slice] = []
        for entry in entries {
            guard let slice = Self.slice(entry) else { return nil }
            slices.append(slice)
        }
        let legacy = others.remove("legacy")
        self.init(kind: kind, slices: slices, legacy: legacy, others: others)
    }

    private static func slice(_ json: JSONValue) -> Slice? {
        guard var others = json.object, let start = others.remove("start"),
            let end = others.remove("end")
        else { return nil }
        let recent = others.remove("most_recent_cursor_value")
        return Slice(start: start, end: end, mostRecentCursorValue: recent, others: others)
    }

    var json: JSONValue {
        var members = others
        members["state_type"] = .string(kind.rawValue)
        members["slices"] = .array(
            slices.map { slice in
                var members = slice.others
                members["start"] = slice.start
                members["end"] = slice.end
                members["most_recent_cursor_value"] = slice.mostRecentCursorValue
                return .object(members)
            }
        )
        members["legacy"] = legacy
        return .object(members)
    }
}
