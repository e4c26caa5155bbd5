package import Basics
import Iceberg
package import ObjectStorage
import Streams

/// The runs of the tables of a lake.
package struct RunRegistry: Sendable {
    let store: any ObjectStore
    let clocks: Clocks

    private static let root = "_runs"

    /// Opens the registry of a lake's store.
    package init(store: any ObjectStore, clocks: Clocks) {
        self.store = store
        self.clocks = clocks
    }

    private var files: LedgerFiles { LedgerFiles(store: store, clocks: clocks) }

    private func folder(of table: TableName) throws -> ObjectKey {
        try ObjectKey(
            Self.root + "/" + PathName.encode(table.namespace) + "/" + PathName.encode(table.name)
        )
    }

    private func folder(of table: TableName, run number: Int) throws -> ObjectKey {
        try folder(of: table).appending(String(number))
    }

    // MARK: Looking

    /// The tables that have runs, by name.
    package func tables() async throws -> [TableName] {
        var found: [TableName] = []
        for space in try await store.list(try ObjectKey(Self.root)).folders {
            for folder in try await store.list(space).folders {
                guard let namespace = PathName.decode(space.name),
                    let name = PathName.decode(folder.name)
                else { continue }
                found.append(try TableName(namespace: namespace, name: name))
            }
        }
        return found.sorted()
    }

    /// The numbers of a table's runs, rising.
    package func numbers(of table: TableName) async throws -> [Int] {
        try await store.list(folder(of: table)).folders.compactMap { Int($0.name) }.sorted()
    }

    /// What a run's ledger says; nil when nothing of it is left.
    ///
    /// - Throws: `IngestError` `unreadableLedger`.
    package func state(of table: TableName, run number: Int) async throws -> RunState? {
        try await load(table, run: number)?.state
    }

    private func load(
        _ table: TableName,
        run number: Int
    ) async throws -> (state: RunState, unpacked: [LedgerEntry])? {
        let folder = try folder(of: table, run: number)
        let (entries, unpacked) = try await files.entries(in: folder)
        if entries.isEmpty { return nil }
        guard let first = entries.first, var state = RunState(number: number, first: first),
            entries.allSatisfy({ $0.version == LedgerEntry.currentVersion })
        else {
            throw IngestError(
                .unreadableLedger,
                "\(store.locations.location(of: folder)) is no ledger of this program's version; "
                    + "start the run again with \(Remedy.restart)"
            )
        }
        for entry in entries.dropFirst() { state.apply(entry) }
        return (state, unpacked)
    }

    /// The newest run of a table; nil when it has none.
    package func newest(of table: TableName) async throws -> RunState? {
        guard let number = try await numbers(of: table).last else { return nil }
        return try await state(of: table, run: number)
    }

    // MARK: Writing

    /// Begins a run under the number after `newest`, the newest run that was looked at and had
    /// ended; 0 when there was none.
    ///
    /// - Throws: `IngestError` `busy` when somebody else began one since.
    package func begin(
        _ table: TableName,
        _ record: RunRecord,
        after newest: Int
    ) async throws -> RunLedger {
        let number = newest + 1
        let entry = LedgerEntry(attempt: 0, at: clocks.now(), event: .begun(record))
        let folder = try folder(of: table, run: number)
        do {
            try await files.put(entry, number: 0, in: folder)
        } catch let error as IngestError where error.code == .superseded {
            throw IngestError(.busy, "another run of \(table) was begun at this moment; try again")
        }
        guard let state = RunState(number: number, first: entry) else {
            throw IngestError(.unreadableLedger, "\(folder): a run without a beginning")
        }
        return ledger(in: folder, attempt: 0, state: state, unpacked: [entry])
    }

    /// Takes a run over: whoever worked at it can write no further entry.
    ///
    /// - Throws: `IngestError` `superseded` when the run went on since `state` was read.
    package func takeOver(
        _ table: TableName,
        _ state: RunState,
        _ record: ResumedRecord
    ) async throws -> RunLedger {
        try await write(table, state, .resumed(record))
    }

    /// Ends a run whose commit is in the table, but not in its ledger.
    package func close(
        _ table: TableName,
        _ state: RunState,
        snapshotID: Int64
    ) async throws {
        let record = PublishedRecord(snapshotID: snapshotID, rowCount: state.rowCount)
        _ = try await write(table, state, .published(record))
    }

    /// Ends a run that nobody shall resume.
    ///
    /// - Throws: `IngestError` `superseded` when the run went on since `state` was read.
    package func abandon(
        _ table: TableName,
        _ state: RunState,
        reason: String
    ) async throws {
        _ = try await write(table, state, .abandoned(AbandonedRecord(reason: reason)))
    }

    private func write(
        _ table: TableName,
        _ state: RunState,
        _ event: LedgerEntry.Event
    ) async throws -> RunLedger {
        let folder = try folder(of: table, run: state.number)
        guard var (present, unpacked) = try await load(table, run: state.number), present == state
        else {
            throw IngestError(.superseded, "the run of \(table) went on meanwhile; try again")
        }
        let entry = LedgerEntry(attempt: state.entryCount, at: clocks.now(), event: event)
        try await files.put(entry, number: state.entryCount, in: folder)
        present.apply(entry)
        unpacked.append(entry)
        return ledger(in: folder, attempt: state.entryCount, state: present, unpacked: unpacked)
    }

    private func ledger(
        in folder: ObjectKey,
        attempt: Int,
        state: RunState,
        unpacked: [LedgerEntry]
    ) -> RunLedger {
        RunLedger(
            store: store,
            folder: folder,
            clocks: clocks,
            attempt: attempt,
            state: state,
            unpacked: unpacked
        )
    }

    /// Removes the ledger of a run that has ended.
    package func remove(_ table: TableName, run number: Int) async throws {
        let folder = try folder(of: table, run: number)
        // Without its first entry a ledger counts as gone, wherever this is cut off.
        for entry in LedgerFiles.numbers(try await store.list(folder).objects.map(\.key)) {
            try await store.delete(folder.appending("\(entry).json"))
        }
        for rest in try await store.listAll(folder) { try await store.delete(rest.key) }
    }
}
