/// A part of a stream that can be read by itself.
package struct Slice: Hashable, Sendable, Codable {
    /// Names the slice in its stream, in this run and in every attempt at it.
    package let key: SliceKey
    /// Which rows it holds.
    package let range: SliceRange

    /// Makes a slice.
    package init(key: SliceKey, range: SliceRange) {
        self.key = key
        self.range = range
    }

    /// The only slice of a stream that is not cut.
    package static let whole = Slice(key: SliceKey("all"), range: .whole)
}

/// The name of a slice.
package struct SliceKey: Hashable, Sendable, Codable, CustomStringConvertible {
    package let rawValue: String

    /// Makes a key of any text.
    package init(_ rawValue: String) { self.rawValue = rawValue }

    package init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    package var description: String { rawValue }
}

/// The rows of a slice, in the terms of its source.
package enum SliceRange: Hashable, Sendable, Codable {
    /// All rows of the stream.
    case whole
    /// Pages of a heap, from `first` up to `end` or to the last there is.
    ///
    /// `relation` is what stands behind FROM; `heap` names the relation and the very file its rows
    /// are in, which a rewrite of the table changes.
    case pages(relation: String, heap: String, first: Int64, end: Int64?)
    /// Rows of `relation` that meet a condition on its key, in the source's own SQL.
    case keys(relation: String, condition: String)
    /// A span of the cursor: from `start`, its own rows among them, up to `end`.
    case window(start: String?, end: String?)
    /// The records that belong to one parent record, by the parent's key.
    case parent(key: String)
}
