/// What a source says of the snapshot a read is made in: enough to judge, later and in another
/// snapshot, whether rows that were read are still the same.
package struct SourceMark: Hashable, Sendable, Codable {
    /// Facts by name, in the source's own terms.
    package var facts: [String: String]

    /// Makes a mark.
    package init(_ facts: [String: String] = [:]) { self.facts = facts }
}

/// Rows that an earlier attempt at a run made durable, and what it knew of them.
package struct CommittedPart: Hashable, Sendable, Codable {
    /// How far which slices were read in this part.
    package struct Piece: Hashable, Sendable, Codable {
        package var slice: Slice
        /// What follows the rows of this part in the slice.
        package var step: Step

        /// Makes a piece.
        package init(slice: Slice, step: Step) {
            self.slice = slice
            self.step = step
        }
    }

    package var pieces: [Piece]
    package var rowCount: Int64

    /// Makes a part.
    package init(pieces: [Piece], rowCount: Int64) {
        self.pieces = pieces
        self.rowCount = rowCount
    }
}

/// What an earlier attempt left, for the source to judge.
package struct CommittedRead: Sendable {
    package var parts: [CommittedPart]
    /// The snapshot all of them are known to be of.
    package var mark: SourceMark

    /// Makes what was left.
    package init(parts: [CommittedPart], mark: SourceMark) {
        self.parts = parts
        self.mark = mark
    }
}

/// What of an earlier attempt can stay.
package struct Resumption: Sendable {
    /// Places in the list of parts.
    package var kept: [Int]
    /// Whether the parts that stay are proven to be what the new snapshot holds.
    package var isProven: Bool
    /// Why not everything stays, or is not proven; one sentence without its stop.
    package var reason: String?

    /// Makes a verdict.
    package init(kept: [Int], isProven: Bool, reason: String? = nil) {
        self.kept = kept
        self.isProven = isProven
        self.reason = reason
    }

    /// Nothing stays.
    package static func nothing(_ reason: String?) -> Resumption {
        Resumption(kept: [], isProven: true, reason: reason)
    }
}
