import Basics
import Streams

/// Changes that an incremental read does not see because no row is written.
extension CursorRule {
    /// Refuses an incremental read whose answer changes without a write to a row, unless that is accepted.
    ///
    /// `causes` are what the answer depends on besides the rows, one phrase each.
    ///
    /// - Returns: What the plan has to say.
    /// - Throws: `SourceError` `configuration`.
    static func unseenChanges(
        _ causes: [String],
        isAccepted: Bool,
        stream: StreamName
    ) throws(SourceError) -> [String] {
        guard !causes.isEmpty else { return [] }
        let words = causes.joined(separator: "; ")
        guard isAccepted else {
            throw SourceError(
                .configuration,
                "\(stream): rows may come and go here without a write to them, and an incremental read "
                    + "would neither see those that come nor take away those that go: \(words). Read it "
                    + "with \(Remedy.mode.to("full-refresh")), or take that with \(Remedy.acceptUnseenChanges)"
            )
        }
        return [
            "rows that come or go without a write to them are not seen: \(words)"
        ]
    }

    /// Refuses a condition that is no single expression: joined with one of ours it would mean something else.
    ///
    /// - Throws: `SourceError` `configuration`.
    static func requireExpression(
        _ filter: String?,
        _ dialect: SQLText.Dialect,
        stream: StreamName
    ) throws(SourceError) {
        guard let filter, !SQLText(filter, dialect).isBalanced else { return }
        throw SourceError(
            .configuration,
            "the condition \"\(filter)\" on \(stream) is no single expression: its parentheses do not match"
        )
    }

    /// What an incremental read under a condition leaves behind.
    static func conditionRisk(_ request: IncrementalRequest, filter: String?) -> String? {
        guard filter != nil, request.conflict == .merge else { return nil }
        return
            "a row that is written so that it no longer meets the condition stays in the table as it was"
    }

    /// Why rows that were read before may have other values now; nil when they have not.
    ///
    /// `digest` is what `ReadPlan.definitionDigest` says of the columns that the last run read.
    static func changeOfDefinition(_ request: IncrementalRequest, digest: String) -> String? {
        guard let terms = request.since?.terms, terms.definition != digest else { return nil }
        return
            "the definition of the stream or of a column has changed, and values may be others without "
            + "a write to their rows"
    }

    /// Why rows that were read before may be others now, as their definitions say, or another table where
    /// rows are merged; nil when they are not.
    static func changeOfRows(
        _ request: IncrementalRequest,
        digest: String,
        isAnother: Bool
    ) -> String? {
        if let reason = changeOfDefinition(request, digest: digest) { return reason }
        return isAnother && request.conflict == .merge ? anotherTable : nil
    }

    /// Refuses to append to rows that would have to be read again.
    static func refuseAppending(_ reason: String, stream: StreamName) -> SourceError {
        SourceError(
            .configuration,
            "\(stream): \(reason); what was appended before cannot be read again: load the table again "
                + "with \(Remedy.restart)"
        )
    }

    /// Whether the table may be another one than the last run read: made again, or renamed into its place.
    static func isAnother(_ request: IncrementalRequest, identity: String?) -> Bool {
        guard let former = request.since?.terms?.identity else { return false }
        return former != identity
    }

    /// Why all rows of such a table are merged.
    private static let anotherTable =
        "the table may have been made again, or all of its rows were copied"

    /// What is said where rows are appended on.
    ///
    /// `keys` are those of the rows at the highest value now: a copy of the table has those that the last
    /// run ended with.
    ///
    /// - Throws: `SourceError` `configuration` where it has not.
    static func appendingRisk(
        _ request: IncrementalRequest,
        keys: [[String?]],
        stream: StreamName
    ) throws(SourceError) -> String {
        let former = request.since?.boundaryKeys ?? []
        guard !former.isEmpty, Set(keys).isSuperset(of: former) else {
            throw refuseAppending(
                "\(anotherTable), and it lacks the rows that the last run ended with",
                stream: stream
            )
        }
        return "\(anotherTable) since the last run: only rows behind the last ones are appended"
    }
}
