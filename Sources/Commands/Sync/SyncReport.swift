import Basics
import Daemon
import Ingest
import Streams

/// The result of a sync as it is printed (docs/cli.md).
struct SyncReport: Encodable {
    struct Source: Encodable {
        var kind: String
        var place: String
    }

    struct Stream: Encodable {
        var stream: String
        var table: String
        var location: String
        var status: String
        var runId: String
        var attempts: Int
        var resumedRows: Int64
        var resumption: String?
        var consistency: String
        var rule: String?
        var rows: Int64
        var replacedRows: Int64
        var commitAttempts: Int
        var bytesRead: Int64
        var bytesWritten: Int64
        var files: Int
        var seconds: Double
        var connections: Int
        var access: String
        var sourceSnapshotSeconds: Double
        var snapshotId: Int64?
        var schemaChanges: [String]
        var conversions: [Change]
        var risks: [String]
        var reconciliation: Reconciliation?
        var comparison: Comparison?
        var error: Failure?
    }

    struct Change: Encodable {
        var column: String
        var reason: String
        var outcome: String
        var count: Int64
    }

    struct Reconciliation: Encodable {
        var sourceRows: Int64?
        var committedRows: Int64
        var status: String
        var reason: String?
    }

    struct Comparison: Encodable {
        var sourceRows: Int64?
        var tableRows: Int64?
        var status: String
        var difference: Int64?
        var reason: String?
    }

    struct Failure: Encodable {
        var code: String
        var message: String
    }

    var source: Source
    var status: String
    var seconds: Double
    var streams: [Stream]

    init(_ result: RunResult, source: SourceLocation) {
        self.source = Source(kind: source.kind, place: source.place)
        status = result.streams.allSatisfy { $0.failure == nil } ? "succeeded" : "failed"
        seconds = result.elapsed.seconds
        streams = result.streams.map(Stream.init)
    }

    /// Prints the result for people.
    static func show(_ result: RunResult, isQuiet: Bool) {
        var table = TextTable(
            ["STREAM", "TABLE", "ROWS", "READ", "WRITTEN", "FILES", "TIME", "PROOF"],
            rightAligned: [2, 3, 4, 5, 6]
        )
        for stream in result.streams where stream.failure == nil {
            table.add([
                stream.stream.description, stream.table, Words.count(stream.rowCount),
                Words.bytes(stream.bytesRead), Words.bytes(stream.bytesWritten),
                String(stream.fileCount), Words.seconds(stream.elapsed), proofWords(stream.proof),
            ])
        }
        let landed = result.streams.filter { $0.failure == nil }
        if !landed.isEmpty { table.print() }
        if landed.count > 1, result.elapsed > .zero {
            let rowCount = landed.reduce(0) { $0 + $1.rowCount }
            let byteCount = landed.reduce(0) { $0 + $1.bytesWritten }
            Terminal.result(
                "\(Words.count(rowCount, "row")), \(Words.bytes(byteCount)) in "
                    + "\(Words.seconds(result.elapsed)): "
                    + "\(Words.count(Int64(Double(rowCount) / result.elapsed.seconds))) rows/s"
            )
        }
        for stream in landed where !isQuiet {
            Terminal.note(
                "read: \(stream.stream): \(stream.access); its snapshot was held for "
                    + Words.seconds(stream.snapshotAge)
            )
        }
        for stream in result.streams {
            if let words = stream.resumption { Terminal.note("resume: \(stream.stream): \(words)") }
            if !stream.isConsistent {
                Terminal.note(
                    "consistency: \(stream.stream): mixed: the rows are of more than one snapshot of "
                        + "the source"
                )
            }
            if let comparison = stream.comparison, comparison.difference != 0,
                !isQuiet || comparison.difference != nil
            {
                Terminal.note("compared: \(stream.stream): \(comparison.words)")
            }
            if let rule = stream.rule, !isQuiet {
                Terminal.note("new rows: \(stream.stream): \(rule)")
            }
            for change in stream.schemaChanges {
                Terminal.note("schema: \(stream.stream): \(change)")
            }
            for risk in stream.risks { Terminal.note("risk: \(stream.stream): \(risk)") }
            for conversion in stream.conversions {
                Terminal.note(
                    "changed: \(stream.stream): \(Words.count(conversion.count, "value")) of "
                        + "\(conversion.column) (\(conversion.reason.rawValue)) written "
                        + words(of: conversion.outcome)
                )
            }
        }
    }

    private static func words(of outcome: Conversion.Outcome) -> String {
        switch outcome {
        case .null: "as null"
        case .clamped: "as the nearest value there is"
        case .kept: "without what could not be kept"
        }
    }

    private static func proofWords(_ proof: StreamResult.Proof?) -> String {
        switch proof?.source {
        case .exactly: "counts equal"
        case .notComparable: "not comparable"
        case nil: "-"
        }
    }
}

extension SyncReport.Stream {
    init(_ result: StreamResult) {
        self.init(
            stream: result.stream.description,
            table: result.table,
            location: result.location,
            status: result.failure == nil ? "succeeded" : "failed",
            runId: result.runID,
            attempts: result.attemptCount,
            resumedRows: result.resumedRowCount,
            resumption: result.resumption,
            consistency: result.isConsistent ? "snapshot" : "mixed",
            rule: result.rule,
            rows: result.rowCount,
            replacedRows: result.replacedRowCount,
            commitAttempts: result.commitAttemptCount,
            bytesRead: result.bytesRead,
            bytesWritten: result.bytesWritten,
            files: result.fileCount,
            seconds: result.elapsed.seconds,
            connections: result.laneCount,
            access: result.access,
            sourceSnapshotSeconds: result.snapshotAge.seconds,
            snapshotId: result.snapshotID,
            schemaChanges: result.schemaChanges,
            conversions: result.conversions.map {
                SyncReport.Change(
                    column: $0.column,
                    reason: $0.reason.rawValue,
                    outcome: $0.outcome.rawValue,
                    count: $0.count
                )
            },
            risks: result.risks.map(Terminal.scrubbed),
            reconciliation: result.proof.map(SyncReport.Reconciliation.init),
            comparison: result.comparison.map(SyncReport.Comparison.init),
            error: result.failure.map(SyncReport.Failure.init)
        )
    }
}

extension SyncReport.Reconciliation {
    init(_ proof: StreamResult.Proof) {
        committedRows = proof.committedRowCount
        switch proof.source {
        case .exactly(let count):
            sourceRows = count
            status = proof.isEqual ? "equal" : "different"
        case .notComparable(let why):
            status = "not-comparable"
            reason = why
        }
    }
}

extension SyncReport.Comparison {
    init(_ comparison: StreamResult.Comparison) {
        if case .exactly(let count) = comparison.source { sourceRows = count }
        tableRows = comparison.tableRowCount
        difference = comparison.difference
        status = TableComparison(difference: comparison.difference).rawValue
        reason = comparison.difference == 0 ? nil : comparison.words
    }
}

extension SyncReport.Failure {
    init(_ error: any Error) {
        message = Terminal.scrubbed("\(error)")
        code =
            switch error {
            case let failure as any Failure where [.source, .run].contains(failure.domain):
                failure.code.rawValue
            default: ExitStatus(error) == .lake ? "lake" : "failure"
            }
    }
}
