package import Columnar

/// A configured place to read from.
///
/// A source holds no open connection: each call opens, uses and closes its own.
package protocol Source: Sendable {
    /// The source as it may be shown: kind and place, never a secret.
    var location: SourceLocation { get }

    /// Connects and reports version and rights.
    ///
    /// - Throws: `SourceError`, saying what is wrong and what to do.
    func check() async throws -> SourceCheck

    /// The streams that can be read, system ones left out, ordered by name.
    func discover() async throws -> [StreamDescriptor]

    /// How a stream would be read. Reads no rows, though it may ask for aggregates.
    func plan(_ request: ReadRequest) async throws -> ReadPlan

    /// Opens one consistent snapshot and lends a reader of it for the time of `body`.
    ///
    /// Everything the reader answers is as of that snapshot. When `body` returns or throws, or
    /// the task is cancelled, the read is stopped at the source too.
    func read<Result: Sendable>(
        _ request: ReadRequest,
        _ body: (any StreamReader) async throws -> Result
    ) async throws -> Result
}

/// Rows of one stream in one snapshot.
///
/// A run asks in this order: `resume` when an earlier attempt left something, `slices`, the lanes,
/// `sourceRowCount`, `streamRowCount` and `cursor` when all lanes ended.
package protocol StreamReader: Sendable {
    /// The plan the rows follow; its schema is that of the batches.
    var plan: ReadPlan { get }

    /// The snapshot everything is read in.
    var mark: SourceMark { get }

    /// Judges what an earlier attempt at this read left.
    func resume(_ read: CommittedRead) async throws -> Resumption

    /// The slices that together with `committed`, which were read before, hold every row once.
    ///
    /// A slice of `committed` that was not read to its end is among them, under the same key.
    func slices(besides committed: [CommittedPart.Piece]) async throws -> [Slice]

    /// Readers that work side by side, each used by one task.
    var lanes: [any LaneReader] { get }

    /// How many rows the source itself counts in this snapshot; to be asked when all lanes ended.
    func sourceRowCount() async throws -> RowCountAnswer

    /// How many rows the stream has in this snapshot, those that an incremental read passes over
    /// included; to be asked when all lanes ended.
    ///
    /// Where a count would cost as much as the read saves, and `isNeeded` is false, the answer is that.
    func streamRowCount(isNeeded: Bool) async throws -> RowCountAnswer

    /// Where the next incremental read goes on; nil for a read that has no cursor.
    func cursor() async throws -> CursorState?
}

/// One of the readers of a stream: one connection that reads slice after slice.
package protocol LaneReader: Sendable {
    /// Begins with a slice, or resumes it behind `position`.
    func begin(_ slice: Slice, at position: Position?) async throws

    /// Fills an empty batch of the plan's schema, up to the limits of `Columnar.Limits`.
    ///
    /// A batch holds rows of the slice that was begun only.
    func fill(_ batch: Batch) async throws -> PageEnd?

    /// What this lane has read so far, over all its slices.
    func progress() async -> ReadProgress

    /// Gives back what the lane holds at the source: it will not be asked again.
    func finish() async
}

/// A page of a slice that ends with the rows just read; between two of them a read cannot go on.
package struct PageEnd: Hashable, Sendable {
    package var step: Step

    /// Makes the end of a page.
    package init(_ step: Step) { self.step = step }
}

/// What a lane, or a whole read, has done so far.
package struct ReadProgress: Hashable, Sendable, Codable {
    package var rowCount: Int64
    /// Bytes that came from the source.
    package var byteCount: Int64
    /// Values that were changed on the way, by column.
    package var conversions: [Conversion]

    /// Makes a progress report.
    package init(rowCount: Int64 = 0, byteCount: Int64 = 0, conversions: [Conversion] = []) {
        self.rowCount = rowCount
        self.byteCount = byteCount
        self.conversions = conversions
    }

    /// Adds what another lane of the same read has done.
    package mutating func add(_ other: ReadProgress) {
        rowCount += other.rowCount
        byteCount += other.byteCount
        count(other.conversions, sign: 1)
    }

    /// What was done since `earlier`, a state of the same lane.
    package func since(_ earlier: ReadProgress) -> ReadProgress {
        var difference = self
        difference.rowCount -= earlier.rowCount
        difference.byteCount -= earlier.byteCount
        difference.count(earlier.conversions, sign: -1)
        difference.conversions.removeAll { $0.count == 0 }
        return difference
    }

    private mutating func count(_ others: [Conversion], sign: Int64) {
        for conversion in others {
            let place = conversions.firstIndex {
                $0.column == conversion.column && $0.reason == conversion.reason
                    && $0.outcome == conversion.outcome
            }
            guard let place else {
                // What is taken away was there before.
                if sign > 0 { conversions.append(conversion) }
                continue
            }
            conversions[place] = Conversion(
                column: conversion.column,
                reason: conversion.reason,
                outcome: conversion.outcome,
                count: conversions[place].count + sign * conversion.count
            )
        }
    }
}

/// The source's own count of the rows of a read.
package enum RowCountAnswer: Hashable, Sendable {
    case exactly(Int64)
    /// The source cannot count what it sent; with the reason.
    case notComparable(String)
}

/// A source as it may be shown.
package struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    /// The name of the source's kind.
    package let kind: String
    /// Host, port and database or a path; never a password.
    package let place: String
    /// What its databases share: host and port, or a path; what runs of the same source have in common.
    package let server: String
    /// Where a stream lies that is named without a namespace; nil where it has to be named with one.
    package let defaultNamespace: String?

    /// Makes a location of parts that hold no secret.
    package init(
        kind: String,
        place: String,
        server: String? = nil,
        defaultNamespace: String?
    ) {
        self.kind = kind
        self.place = place
        self.server = server ?? place
        self.defaultNamespace = defaultNamespace
    }

    /// Kind and place as tables keep them, to be compared with.
    package var origin: String { "\(kind)://\(place)" }

    package var description: String { place }

    /// A name as it stands in a place: it may hold what ends a name there.
    package static func shownName(_ name: String) -> String {
        name.replacing("%", with: "%25").replacing("/", with: "%2F")
    }
}

/// What a source answered when it was checked.
package struct SourceCheck: Sendable {
    package var version: String
    /// One line each: the user, its rights, the encoding, read-only state.
    package var facts: [String]
    /// What will get in the way, one sentence each.
    package var warnings: [String]
    package var streamCount: Int

    /// Makes a check report.
    package init(version: String, facts: [String], warnings: [String], streamCount: Int) {
        self.version = version
        self.facts = facts
        self.warnings = warnings
        self.streamCount = streamCount
    }
}

/// One stream as `discover` shows it.
package struct StreamDescriptor: Sendable {
    package var name: StreamName
    /// The stream's sort, as in `table` or `partitioned table`.
    package var kind: String
    package var columns: [DescribedColumn]
    package var primaryKey: [String]
    package var estimatedRowCount: Int64?
    package var estimatedByteCount: Int64?
    /// How it can be read, in words.
    package var access: String
    package var resume: ResumeGuarantee

    /// Makes a descriptor.
    package init(
        name: StreamName,
        kind: String,
        columns: [DescribedColumn],
        primaryKey: [String],
        estimatedRowCount: Int64?,
        estimatedByteCount: Int64?,
        access: String,
        resume: ResumeGuarantee
    ) {
        self.name = name
        self.kind = kind
        self.columns = columns
        self.primaryKey = primaryKey
        self.estimatedRowCount = estimatedRowCount
        self.estimatedByteCount = estimatedByteCount
        self.access = access
        self.resume = resume
    }
}

/// One column as `discover` shows it.
package struct DescribedColumn: Hashable, Sendable {
    package var name: String
    package var sourceType: String
    package var isNullable: Bool

    /// Makes a described column.
    package init(name: String, sourceType: String, isNullable: Bool) {
        self.name = name
        self.sourceType = sourceType
        self.isNullable = isNullable
    }
}
