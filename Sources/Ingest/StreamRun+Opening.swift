import Columnar
import Iceberg
import Streams

/// A run whose ledger is this attempt's, with what it starts from.
struct OpenedRun: Sendable {
    var ledger: RunLedger
    var files: DataFiles
    var streamState: StreamState
    /// What earlier attempts read and stays.
    var keptPieces: [CommittedPart.Piece]
    var keptRowCount: Int64
    /// What became of an unfinished run that was found, in words.
    var resumption: String?
}

extension StreamRun {
    /// Resumes the unfinished run, or begins one.
    func open(
        _ reader: any StreamReader,
        request: ReadRequest,
        evolution: SchemaEvolution,
        base: Table?,
        permission: RowsPermission,
        unfinished: RunState?,
        newestNumber: Int
    ) async throws -> OpenedRun {
        let record = RunRecord(
            runID: clocks.makeUUID(),
            stream: reader.plan.stream.description,
            source: origin(of: reader.plan, mark: reader.mark).source,
            request: try Fingerprint.of(request),
            fingerprint: Fingerprint.of(reader.plan, evolution: evolution, base: base),
            mark: reader.mark,
            owner: run.owner,
            restart: permission.record(
                of: run.options.occurrence,
                upon: base?.metadata.currentSnapshotID
            )
        )
        var words: String?
        var found = unfinished
        for _ in 0..<Limits.takeOverAttempts {
            guard let state = found else { break }
            if let reason = difference(state.record, record) {
                try permission.requireOwn(of: table, reason)
                try await abandon(state, reason: reason)
                words = "run \(state.number) was given up: \(reason)"
                break
            }
            do {
                return try await takeOver(state, reader, record, evolution, request)
            } catch let error as IngestError where error.code == .superseded {
                // Its owner wrote on meanwhile: what it wrote counts too.
                found = try await registry.state(of: table, run: state.number)
                if found?.end != nil {
                    throw IngestError(.busy, "the run of \(table) ended at this moment; try again")
                }
                // What another attempt read may be newer than this one's snapshot of the source,
                // which then proves nothing of it.
                if found?.attemptCount != state.attemptCount {
                    throw IngestError(
                        .busy,
                        "another attempt took the run of \(table) over at this moment; try again"
                    )
                }
            }
        }
        if found != nil, words == nil {
            throw IngestError(.busy, "\(table) is being loaded by another process; try again later")
        }
        let ledger = try await registry.begin(table, record, after: newestNumber)
        return try opened(ledger, record.runID, evolution, parts: [:], words: words)
    }

    /// Why an unfinished run is not resumed; nil when it is.
    private func difference(_ old: RunRecord, _ new: RunRecord) -> String? {
        if old.source != new.source || old.stream != new.stream {
            return "it was of \(old.stream) at another source"
        }
        if old.request != new.request { return "other rows or columns are asked for" }
        if old.fingerprint != new.fingerprint { return "the stream or the table has changed" }
        return nil
    }

    /// Keeps of the run what the source vouches for, and makes its ledger this attempt's.
    private func takeOver(
        _ state: RunState,
        _ reader: any StreamReader,
        _ record: RunRecord,
        _ evolution: SchemaEvolution,
        _ request: ReadRequest
    ) async throws -> OpenedRun {
        let (numbers, goneCount) = try await present(state)
        let parts = numbers.compactMap { state.checkpoints[$0]?.part }
        var verdict = Resumption.nothing(nil)
        if !parts.isEmpty {
            progress.update { $0.phase = .verifying }
            verdict = try await reader.resume(CommittedRead(parts: parts, mark: state.mark))
            if !verdict.isProven, request.incremental != nil {
                // Two states of one row would both be merged.
                verdict = .nothing("what was read cannot be proven unchanged")
            }
        }
        let kept = verdict.kept.map { numbers[$0] }
        let ledger = try await registry.takeOver(
            table,
            state,
            ResumedRecord(
                mark: reader.mark,
                kept: kept,
                isProven: verdict.isProven,
                reason: verdict.reason,
                owner: run.owner
            )
        )
        var words =
            "resumed run \(state.number), \(kept.count) of \(state.checkpoints.count) checkpoints"
        let reasons = [
            verdict.reason,
            goneCount == 0 ? nil : "files of \(goneCount) are gone, and are read again",
        ].compactMap { $0 }
        if !reasons.isEmpty { words += ": \(reasons.joined(separator: "; "))" }
        return try opened(
            ledger,
            state.record.runID,
            evolution,
            parts: state.checkpoints.filter { kept.contains($0.key) },
            words: words
        )
    }

    /// The checkpoints whose files are all there, in order, and how many are not.
    ///
    /// What was read of a slice behind a piece that is gone goes with it: positions tell where reading
    /// stood, not what was read.
    private func present(_ state: RunState) async throws -> (numbers: [Int], goneCount: Int) {
        let checkpoints = state.checkpoints.sorted { $0.key < $1.key }
        let files = checkpoints.flatMap(\.value.files)
        let missing = Set(
            try await StagedFiles(store: run.store, files: files, table: table).missing()
        )
        guard !missing.isEmpty else { return (checkpoints.map(\.key), 0) }
        var numbers: [Int] = []
        var broken: Set<SliceKey> = []
        for (number, record) in checkpoints {
            let slices = record.part.pieces.map(\.slice.key)
            if record.files.contains(where: { missing.contains($0.path) })
                || slices.contains(where: broken.contains)
            {
                broken.formUnion(slices)
            } else {
                numbers.append(number)
            }
        }
        return (numbers, checkpoints.count - numbers.count)
    }

    private func opened(
        _ ledger: RunLedger,
        _ runID: String,
        _ evolution: SchemaEvolution,
        parts: [Int: CheckpointRecord],
        words: String?
    ) throws -> OpenedRun {
        var state = StreamState(generation: runID, fingerprint: "")
        let pieces = parts.sorted { $0.key < $1.key }.flatMap(\.value.part.pieces)
        for piece in pieces { state.slices[piece.slice.key] = SliceState(after: piece.step) }
        return OpenedRun(
            ledger: ledger,
            files: DataFiles(
                store: run.store,
                folder: try run.catalog.folder(of: table),
                prefix: ledger.filePrefix(runID: runID),
                table: evolution.table
            ),
            streamState: state,
            keptPieces: pieces,
            keptRowCount: parts.values.reduce(0) { $0 + $1.part.rowCount },
            resumption: words
        )
    }
}

/// What a run is of, as digests to be compared.
enum Fingerprint {
    /// What was asked for, as a digest: a condition or a cursor may hold values of rows.
    ///
    /// The cursor an incremental read starts from belongs to it: where the table was put back, rows
    /// read from the later one are not all that is missing.
    static func of(_ request: ReadRequest) throws -> String {
        var parts = [request.stream.description]
        parts.append(request.columns.map { "columns \($0)" } ?? "all columns")
        parts.append("where \(request.filter ?? "true")")
        parts.append("policy \(request.defaultPolicy?.rawValue ?? "-")")
        for (column, policy) in request.policies.sorted(by: { $0.key < $1.key }) {
            parts.append("\(column)=\(policy.rawValue)")
        }
        if let incremental = request.incremental {
            parts.append("incremental by \(incremental.cursor) key \(incremental.key)")
            let lookback = incremental.lookback.map { "\($0)" } ?? "-"
            parts.append("\(incremental.conflict.rawValue) lookback \(lookback)")
            parts.append("since \(try incremental.since.map(TableCursor.text) ?? "-")")
        }
        return TextDigest.of(parts)
    }

    /// What the rows look like at the source and in the files, as a digest.
    static func of(_ plan: ReadPlan, evolution: SchemaEvolution, base: Table?) -> String {
        var parts = plan.columns.map { column in
            "\(column.name) \(column.sourceType) \(column.type) \(column.isRequired) "
                + "\(column.policy.rawValue) \(column.identity ?? "") \(column.definition ?? "")"
        }
        parts.append(plan.fingerprint)
        parts.append(plan.definition)
        parts.append(plan.identity ?? "")
        parts.append(plan.rule ?? "")
        parts.append(base?.metadata.tableUUID ?? "")
        func describe(_ fields: [Field]) {
            for field in fields {
                parts.append("\(field.id) \(field.name) \(field.type) \(field.isRequired)")
                describe(field.type.children)
            }
        }
        describe(evolution.table.fields)
        return TextDigest.of(parts)
    }
}
