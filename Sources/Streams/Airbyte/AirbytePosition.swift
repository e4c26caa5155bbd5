package import JSON

/// Where a connector of Airbyte stands in one stream: its `stream_state`, by shape.
///
/// Airbyte's states are maps whose meaning is in their members. A shape is told only where writing
/// it gives back exactly what was read; everything else is `opaque`, which is no error, since
/// connectors keep what they like. The end is a case of its own: no map is the end because it is
/// empty or has no next page.
package indirect enum AirbytePosition: Hashable, Sendable {
    /// Nothing was read yet as far as the state says: it is missing (nil), null or `{}`.
    ///
    /// Some connectors write `{}` when they are done. Taking it for the end would lose rows where
    /// it is not, so the stream is read again.
    case noPosition(JSONValue?)
    /// A full refresh is complete.
    case fullRefreshComplete
    /// A stream without a cursor was read.
    case noCursor
    /// Rows up to a value of a field were read.
    ///
    /// Maps of one member are of this shape whatever they mean, as `{"<account>": {"date": …}}`:
    /// compare the path with the field the stream is read by.
    case cursor(path: [String], value: JSONValue)
    /// A number of a page, and the name it goes by.
    case page(key: String, number: Int64)
    /// What the paginator resumes with; any JSON value.
    case nextPageToken(JSONValue)
    /// A position for each partition, as the parents of a substream.
    case perPartition(AirbytePartitions)
    /// Ranges that were read, of times or integers.
    case slices(AirbyteSlices)
    /// A table by a cursor column.
    case cursorBased(AirbyteCursorBased)
    /// A table's first load, in the order of a column.
    case orderedColumn(AirbyteOrderedColumn)
    /// A Postgres table's first load, in the order of its pages.
    case ctid(AirbyteCtid)
    /// A Postgres table by the transactions that wrote its rows.
    case xmin(AirbyteXmin)
    /// Anything else.
    case opaque(JSONValue)

    /// Whether nothing is left to read.
    ///
    /// Partitions that are all complete are not the end: more of them may have been to come.
    package var isComplete: Bool { self == .fullRefreshComplete }
}

// MARK: Reading

extension AirbytePosition {
    static let completeKey = "__ab_full_refresh_sync_complete"
    static let noCursorKey = "__ab_no_cursor_state_message"
    private static let pageTokenKey = "next_page_token"
    private static let pageKeys: Set<String> = ["page", "page_number", "pageNumber"]

    /// Tells the shape of a `stream_state`; nil stands for a missing one.
    package init(_ json: JSONValue?) {
        guard let json, json != .null, json != .object([:]) else {
            self = .noPosition(json)
            return
        }
        guard let members = json.object, let position = Self.known(members),
            position.json == json
        else {
            self = .opaque(json)
            return
        }
        self = position
    }

    private static func known(_ members: JSONObject) -> AirbytePosition? {
        if members["state_type"] != nil || members["cursor_field"] != nil {
            return typed(members)
        }
        if let partitions = AirbytePartitions(members) { return .perPartition(partitions) }
        guard members.count == 1, let (key, value) = members.first else { return nil }
        switch key {
        case completeKey: return value == .boolean(true) ? .fullRefreshComplete : nil
        case noCursorKey: return value == .boolean(true) ? .noCursor : nil
        case pageTokenKey: return .nextPageToken(value)
        default:
            if pageKeys.contains(key), case .integer(let number) = value {
                return .page(key: key, number: number)
            }
            return cursor(key, value)
        }
    }

    private static func typed(_ members: JSONObject) -> AirbytePosition? {
        switch members["state_type"]?.string {
        case "date-range", "integer": AirbyteSlices(members).map { .slices($0) }
        // Before the type was written, a list of cursor fields told the shape.
        case "cursor_based", nil: AirbyteCursorBased(members).map { .cursorBased($0) }
        case "ordered_column", "primary_key":
            AirbyteOrderedColumn(members).map { .orderedColumn($0) }
        case "ctid", "ctid_based": AirbyteCtid(members).map { .ctid($0) }
        case "xmin", "xmin_based": AirbyteXmin(members).map { .xmin($0) }
        default: nil
        }
    }

    /// A chain of objects of one member that ends in text or a number.
    private static func cursor(_ key: String, _ value: JSONValue) -> AirbytePosition? {
        var path = [key]
        var value = value
        while case .object(let members) = value, members.count == 1, let member = members.first {
            path.append(member.name)
            value = member.value
        }
        guard !path.contains(where: { $0.hasPrefix("__ab_") }) else { return nil }
        switch value {
        case .string, .integer, .number: return .cursor(path: path, value: value)
        default: return nil
        }
    }
}

// MARK: Writing

extension AirbytePosition {
    /// The `stream_state`; nil where it is missing.
    package var json: JSONValue? {
        switch self {
        case .noPosition(let json): json
        case .fullRefreshComplete: .object([Self.completeKey: .boolean(true)])
        case .noCursor: .object([Self.noCursorKey: .boolean(true)])
        case .cursor(let path, let value):
            path.reversed().reduce(value) { .object([$1: $0]) }
        case .page(let key, let number): .object([key: .integer(number)])
        case .nextPageToken(let token): .object([Self.pageTokenKey: token])
        case .perPartition(let partitions): partitions.json
        case .slices(let slices): slices.json
        case .cursorBased(let state): .object(state.members)
        case .orderedColumn(let state): .object(state.members)
        case .ctid(let state): .object(state.members)
        case .xmin(let state): .object(state.members)
        case .opaque(let json): json
        }
    }
}
