package import Basics

/// One time at which a schedule is due, or at which somebody asked for it; what it leads to is a run.
package struct Occurrence: Hashable, Sendable, Identifiable {
    /// Made of the rest, so that two processes that see the same occurrence give it the same name.
    package var id: String
    package var scheduleID: String
    package var origin: OccurrenceOrigin
    /// The nominal time.
    package var scheduledFor: Instant
    /// When it may begin: never before the nominal time.
    package var dueAt: Instant
    /// When it was recorded.
    package var claimedAt: Instant
    /// How often the clock had been set back by then: the same nominal time may come again.
    package var era: Int
    /// When a backfill was asked for; nil for any other, whose times come once.
    package var askedAt: Instant?
    /// The table it loads.
    package var target: TableName
    /// The pool it takes a place of.
    package var pool: String
    /// What its first attempt does with rows that the table has; nil for what a schedule does by itself.
    package var rows: RowsRule?
    /// Attempts begun so far.
    package var attempt = 0
    /// When the first attempt began.
    package var startedAt: Instant?
    /// When the next attempt may begin; nil where that is at once.
    package var retryAt: Instant?

    /// Makes an occurrence that is not begun.
    package init(
        scheduleID: String,
        origin: OccurrenceOrigin,
        scheduledFor: Instant,
        dueAt: Instant,
        claimedAt: Instant,
        era: Int,
        askedAt: Instant? = nil,
        target: TableName,
        pool: String
    ) {
        self.scheduleID = scheduleID
        self.origin = origin
        self.scheduledFor = scheduledFor
        self.dueAt = dueAt
        self.claimedAt = claimedAt
        self.era = era
        self.askedAt = askedAt
        self.target = target
        self.pool = pool
        var parts = [scheduleID, Self.stamp(scheduledFor)]
        if origin != .schedule { parts.append(origin.rawValue) }
        if let askedAt { parts.append(String(askedAt.milliseconds, radix: 36)) }
        if era > 0 { parts.append("era\(era)") }
        id = parts.joined(separator: ".")
    }

    /// Whether somebody asked for it, so that a schedule that rests does not drop it.
    package var wasAskedFor: Bool { origin == .manual || origin == .backfill }

    /// `20261121T200600Z`, with milliseconds where there are any.
    private static func stamp(_ time: Instant) -> String {
        let seconds = time.seconds
        let rest = time.milliseconds - seconds * 1_000
        var text = ""
        // One pass: each occurrence has a name.
        for byte in CivilTime(seconds: seconds).description.unicodeScalars {
            switch byte {
            case "-", ":": break
            case " ": text.append("T")
            default: text.unicodeScalars.append(byte)
            }
        }
        guard rest > 0 else { return text + "Z" }
        return text + String(String(1_000 + rest).dropFirst()) + "Z"
    }
}

/// What somebody who asks for a run says about the rows that the table has.
package enum RowsRule: String, Hashable, Sendable, CaseIterable, Codable {
    /// They stay, whoever wrote them, and the run merges into them.
    case adopt
    /// The run reads the stream from its beginning and replaces them.
    case restart
}

/// Why an occurrence did not run, or was stopped.
package enum OccurrenceReason: String, Hashable, Sendable, CaseIterable, Codable {
    /// The schedule's last run had not ended.
    case overlap
    /// One was waiting already.
    case bufferFull = "buffer-full"
    /// Nobody was there to run it, and a newer one covers it.
    case late
    /// A newer occurrence took its place.
    case replaced
    /// Somebody cancelled it.
    case asked
    /// The schedule was disabled before it began.
    case disabled
    /// The schedule is gone.
    case deleted
    /// It took longer than it may.
    case timeout
}

/// What an attempt did.
package struct AttemptReport: Hashable, Sendable {
    package var end: AttemptEnd
    /// What failed, where, and what to do; never a secret.
    package var message: String?
    package var rowCount: Int64 = 0
    /// Rows of the table that others took the place of, or that were replaced as a whole.
    package var replacedRowCount: Int64 = 0
    /// The table beside the stream in words; nil where nothing was compared.
    package var comparison: String?
    /// Rows that the table has more than the stream; nil where they cannot be compared.
    package var difference: Int64?
    /// Bytes that came from the source.
    package var bytesRead: Int64 = 0
    /// Bytes of the files that were published.
    package var bytesWritten: Int64 = 0
    /// The table's snapshot; nil where nothing was new.
    package var snapshotID: Int64?
    /// One sentence each: what was changed, or could not be proven.
    package var warnings: [String] = []
    /// Whether it is known what the table has of it; only one that succeeded has something there.
    package var isSettled = true

    /// Makes a report of nothing but the end.
    package init(_ end: AttemptEnd, message: String? = nil) {
        self.end = end
        self.message = message
    }
}
