import Basics
import Iceberg
import Streams

/// What may become of rows that the table holds, as somebody asked for it.
struct RowsPermission: Sendable {
    var adopts: Bool
    var restarts: Bool
    /// Whether it was given to the unfinished run that is resumed, and to no other.
    var isInherited: Bool

    /// Joins what is asked for now with what the unfinished run was begun for, as long as the table is
    /// still the one that was to be replaced.
    init(_ options: RunOptions, resuming restart: RestartRecord?, upon snapshotID: Int64?) {
        adopts = options.adopts
        isInherited =
            !options.restarts && !options.adopts
            && restart.map { $0.snapshotID == snapshotID } ?? false
        restarts = options.restarts || isInherited
    }

    /// What the ledger of a run with this permission says.
    func record(of occurrence: OccurrenceMark?, upon snapshotID: Int64?) -> RestartRecord? {
        restarts ? RestartRecord(occurrence: occurrence?.id, snapshotID: snapshotID) : nil
    }

    /// Refuses to use the permission of a run for another one.
    ///
    /// - Throws: `IngestError` `refused`.
    func requireOwn(of table: TableName, _ reason: String) throws {
        guard isInherited else { return }
        throw IngestError(
            .refused,
            "\(table): the run that was to replace its rows cannot be resumed: \(reason); give \(Remedy.restart) "
                + "again to begin another one"
        )
    }
}

/// Where a read begins, and what becomes of the rows that the table holds.
///
/// Rows are replaced by a full read of the table's own stream only. What else would take rows away,
/// or mix those of two streams, has to be asked for: `adopts` keeps them, `restarts` replaces them.
struct Landing: Sendable {
    /// What a read of everything does with the rows that are there.
    enum Change: Hashable, Sendable {
        case replace
        case append
        case merge
    }

    var change: Change
    /// The cursor to read from; nil to read everything.
    var since: CursorState?
    /// Why everything is read though there is a cursor; nil where it is not so, or not told yet.
    var reason: String?
    /// Whether others have written to the table since the last run, and what they changed stays.
    var hasUnseenChanges = false
    /// What has changed of policies under which rows were appended.
    private var formerPolicy: String?

    /// What is said of it, one sentence each.
    var risks: [String] {
        var risks = reason.map { ["everything was read, because \($0)"] } ?? []
        if let formerPolicy {
            risks.append("\(formerPolicy): rows that were appended before stay as they were")
        }
        if hasUnseenChanges {
            risks.append(
                "others have written to the table since the last run: what they changed stays, but for rows "
                    + "that are new at the source; \(Remedy.adopt) merges all rows into it again"
            )
        }
        return risks
    }

    /// Decides for a request.
    ///
    /// - Throws: `IngestError` `refused`, saying how many rows would go and what to do.
    init(
        _ request: ReadRequest,
        upon standing: TableStanding,
        _ permission: RowsPermission,
        table: TableName,
        source: SourceLocation
    ) throws {
        let refusal = Refusal(table: table, standing: standing, request: request)
        guard let incremental = request.incremental else {
            let isOwn = standing.origin != nil || standing.filling == .empty
            guard isOwn || permission.restarts else { throw refusal.of("others filled it") }
            self.init(.replace)
            return
        }
        let keeping: Change = incremental.conflict == .merge ? .merge : .append
        if permission.restarts {
            self.init(.replace)
            return
        }
        switch standing.filling {
        case .empty: self.init(.replace, since: incremental.since)
        case .runs(nil, let hasForeignRows):
            // Loaded whole until now: the rows are the stream's, unless somebody says otherwise.
            if permission.adopts, keeping == .merge {
                self.init(.merge)
            } else if hasForeignRows {
                throw refusal.of("others have written to it since it was loaded")
            } else {
                self.init(.replace)
            }
        case .runs(let cursor?, let hasForeignRows):
            self.init(keeping, since: cursor)
            if hasForeignRows, permission.adopts, keeping == .merge {
                since = nil
                reason = "others have written to the table since the last run"
            }
            try judge(cursor, request, permission, standing, refusal, source)
            hasUnseenChanges = hasForeignRows && since != nil
        case .others, .unknown:
            // Who hands a state in says that the rows before it are there.
            guard permission.adopts || incremental.since != nil else {
                throw refusal.of(
                    standing.filling == .others
                        ? "others filled it" : "the snapshots that tell where it stands are gone"
                )
            }
            self.init(keeping, since: incremental.since)
        }
    }

    private init(_ change: Change, since: CursorState? = nil) {
        self.change = change
        self.since = since
    }

    /// Judges whether the table's cursor is one of this read.
    private mutating func judge(
        _ cursor: CursorState,
        _ request: ReadRequest,
        _ permission: RowsPermission,
        _ standing: TableStanding,
        _ refusal: Refusal,
        _ source: SourceLocation
    ) throws {
        // By another address there may be another source: all of it is merged.
        if permission.adopts, change == .merge, standing.origin?.source != source.origin {
            since = nil
            reason = "the table is taken over from \(standing.origin?.source ?? "another source")"
        }
        guard let mismatch = TableCursor.mismatch(cursor, request, source: source) else {
            if let change = TableCursor.changeOfPolicy(cursor, request) { note(change) }
            return
        }
        guard permission.adopts, change == .merge else {
            throw refusal.of("it was loaded \(mismatch)")
        }
        since = nil
        reason = "the table was loaded \(mismatch)"
    }

    /// Has a merge read everything because values may be others; what was appended stays.
    private mutating func note(_ changeOfPolicy: String) {
        if change == .merge {
            since = nil
            reason = changeOfPolicy
        } else {
            formerPolicy = changeOfPolicy
        }
    }

    /// Refuses to mix the rows of two streams.
    ///
    /// - Throws: `IngestError` `refused`.
    static func checkOrigin(
        _ origin: TableOrigin,
        upon standing: TableStanding,
        _ permission: RowsPermission,
        table: TableName,
        request: ReadRequest
    ) throws {
        guard standing.filling != .empty, let before = standing.origin,
            !before.isSame(as: origin), !permission.restarts
        else { return }
        // Appended, the rows that both streams have would be there twice.
        if permission.adopts, request.incremental?.conflict == .merge { return }
        throw Refusal(table: table, standing: standing, request: request).of(
            "it is of \(before.stream) at \(before.source), not of \(origin.stream) at \(origin.source)"
        )
    }
}

/// Says why the rows of a table are not touched.
private struct Refusal {
    let table: TableName
    let standing: TableStanding
    let request: ReadRequest

    func of(_ reason: String) -> IngestError {
        let keeps =
            switch request.incremental?.conflict {
            case .merge: "\(Remedy.adopt) merges into them; "
            // Rows of ours would be there twice.
            case .append where !isOurs: "\(Remedy.adopt) appends to them; "
            case .append, nil: ""
            }
        return IngestError(
            .refused,
            "\(table) holds \(standing.rowWords), and \(reason); nothing was changed. Choose another "
                + "table with \(Remedy.dataset); or say what becomes of its rows: \(keeps)\(Remedy.restart) replaces all of "
                + "them"
        )
    }

    private var isOurs: Bool {
        if case .runs = standing.filling { true } else { false }
    }
}
