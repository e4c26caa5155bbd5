import Basics
import Streams

/// What every read by a cursor has in common, whichever database it is of.
enum CursorRule {
    /// The columns that tell rows apart: as asked for, else the primary key.
    ///
    /// - Throws: `SourceError`, `notFound` where the cursor or a key is not among the columns `read`,
    ///   `configuration` where the request cannot be served without a key.
    static func key(
        of request: IncrementalRequest,
        stream: StreamName,
        read: [String],
        primaryKey: [String]
    ) throws(SourceError) -> [String] {
        let key = request.key.isEmpty ? primaryKey : request.key
        for name in [request.cursor] + key where !read.contains(name) {
            throw SourceError(
                .notFound,
                "\(stream) is not read with a column \(name); name another with \(Remedy.cursor) or "
                    + "\(Remedy.primaryKey), or add it to \(Remedy.columns)"
            )
        }
        if key.isEmpty, request.conflict == .merge {
            throw SourceError(
                .configuration,
                "\(stream) has no primary key to merge by; name one with \(Remedy.primaryKey), or keep every "
                    + "version with \(Remedy.onConflict.to("append"))"
            )
        }
        return key
    }

    /// Refuses to append where a lookback would double rows.
    ///
    /// - Throws: `SourceError` `configuration`.
    static func refuseOverlap(_ request: IncrementalRequest) throws(SourceError) {
        guard request.lookback != nil, request.conflict == .append else { return }
        throw SourceError(
            .configuration,
            "a lookback is read twice, which appending would double; use \(Remedy.onConflict.to("merge"))"
        )
    }

    /// What a cursor's values are, for what is subtracted from them.
    enum Values {
        case time
        case number
        case other
    }

    /// Requires a lookback of the cursor's own sort.
    ///
    /// - Throws: `SourceError` `configuration`.
    static func requireLookback(
        _ request: IncrementalRequest,
        fits values: Values,
        type: String,
        stream: StreamName
    ) throws(SourceError) {
        let what: String
        switch (request.lookback, values) {
        case (nil, _), (.time, .time), (.units, .number): return
        case (.units, .time): what = "write it with its unit, as in 90s, 1h or 2d"
        case (.time, .number): what = "write it as a number without a unit"
        case (_, .other): what = "leave it out"
        }
        throw SourceError(
            .configuration,
            "\(stream): a lookback is a time for a cursor of times and a number for one of numbers; "
                + "\(request.cursor) is \(type): \(what)"
        )
    }

    /// Requires columns that tell the rows at the cursor's highest value apart.
    ///
    /// - Throws: `SourceError` `configuration`.
    static func requireKey(_ key: [String], stream: StreamName) throws(SourceError) {
        guard key.isEmpty else { return }
        throw SourceError(
            .configuration,
            "\(stream) has no key to tell the rows at the cursor's highest value by; name one with "
                + "\(Remedy.primaryKey)"
        )
    }

    /// The rule in words, behind why everything is read where it is.
    static func words(_ request: IncrementalRequest, everything why: String?) -> String {
        let words =
            "rows whose \(request.cursor) is at or above the highest value read"
            + (request.lookback.map { ", less \($0)" } ?? "")
            + (request.conflict == .append ? ", without those read before" : "")
        let nulls =
            request.conflict == .merge
            ? "; null ones every time" : "; null ones the first time only"
        return (why.map { "everything, \($0); then " } ?? "") + words + nulls
    }

    /// Why rows of before have to be read again when `columns` are new; nil when they do not.
    static func reason(_ request: IncrementalRequest, newColumns columns: [String]) -> String? {
        guard request.since != nil, request.conflict == .merge, !columns.isEmpty else { return nil }
        return "rows read before have values of \(columns.joined(separator: ", ")), which is new"
    }

    /// What rows that were appended before lack when `columns` are new; nil when they lack nothing.
    static func risk(_ request: IncrementalRequest, newColumns columns: [String]) -> String? {
        guard request.since != nil, request.conflict == .append, !columns.isEmpty else {
            return nil
        }
        return
            "\(columns.joined(separator: ", ")): null in the rows that were appended before, whatever "
            + "the source has there now; \(Remedy.restart) loads everything again"
    }

    /// What a read by a cursor does not see.
    static func lateRisk(_ request: IncrementalRequest) -> String {
        "a row that is committed late, with a lower \(request.cursor) than others that are there "
            + "already, is not seen"
            + (request.conflict == .merge ? " unless \(Remedy.lookback) reaches as far back" : "")
    }

    /// More rows share the cursor's highest value than are remembered.
    static func tooManyAtBoundary(_ request: IncrementalRequest, stream: StreamName) -> SourceError
    {
        SourceError(
            .unsupported,
            "\(stream): more than \(Limits.boundaryKeyCount) rows have the highest value of "
                + "\(request.cursor), too many to be remembered; use \(Remedy.onConflict.to("merge")) or a finer "
                + "cursor"
        )
    }
}
