import Basics
import FoundationEssentials
import Iceberg
import ObjectStorage
import Streams

/// The ledger of one run: numbered entries, each written once.
///
/// ```
/// _runs/<namespace>/<table>/<run>/<sequence>.json     entry 0 begins the run
/// _runs/<namespace>/<table>/<run>/packs/<end>.json    the entries before <end>, some at a time
/// ```
/// Put-if-absent of the next number is what decides between two attempts: one that was thought dead
/// and wakes up finds its number taken, and stops. No clock is involved.
package actor RunLedger {
    private let store: any ObjectStore
    private let folder: ObjectKey
    private let clocks: Clocks
    /// The attempt that writes here.
    private let attempt: Int
    package private(set) var state: RunState
    /// Entries since the last pack.
    private var unpacked: [LedgerEntry]
    private var isWriting = false
    /// Those that wait for their turn to write, the first one first.
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(
        store: any ObjectStore,
        folder: ObjectKey,
        clocks: Clocks,
        attempt: Int,
        state: RunState,
        unpacked: [LedgerEntry]
    ) {
        self.store = store
        self.folder = folder
        self.clocks = clocks
        self.attempt = attempt
        self.state = state
        self.unpacked = unpacked
    }

    /// Writes the next entry.
    ///
    /// - Throws: `IngestError` `superseded` when another attempt wrote one first: this one must stop
    ///   and may not publish.
    package func append(_ event: LedgerEntry.Event) async throws {
        // While one entry is on its way, an actor lets the next caller in: lanes that come at once
        // would take one number, and each take the other for another attempt.
        await takeTurn()
        defer { passTurn() }
        let entry = LedgerEntry(attempt: attempt, at: clocks.now(), event: event)
        try await LedgerFiles(store: store, clocks: clocks)
            .put(entry, number: state.entryCount, in: folder)
        state.apply(entry)
        unpacked.append(entry)
        guard state.entryCount.isMultiple(of: Limits.ledgerPackCount) else { return }
        // Packs save requests to whoever reads the ledger; without one it reads the entries.
        try? await LedgerFiles(store: store, clocks: clocks)
            .putPack(unpacked, end: state.entryCount, in: folder)
        unpacked = []
    }

    private func takeTurn() async {
        guard isWriting else {
            isWriting = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func passTurn() {
        if waiting.isEmpty { isWriting = false } else { waiting.removeFirst().resume() }
    }

    /// The prefix of the data files of this attempt.
    package nonisolated func filePrefix(runID: String) -> String { "\(runID)-\(attempt)" }
}

/// Entries of ledgers as objects.
struct LedgerFiles {
    let store: any ObjectStore
    let clocks: Clocks

    /// Puts an entry under a number nobody has taken.
    ///
    /// - Throws: `IngestError` `superseded`; `StorageError` when it is not there after some tries.
    func put(_ entry: LedgerEntry, number: Int, in folder: ObjectKey) async throws {
        let bytes = try Self.bytes(of: entry)
        let key = try folder.appending("\(number).json")
        for attempt in 1...Limits.ledgerAttempts {
            do {
                _ = try await store.put(bytes, to: key, condition: .ifAbsent)
                return
            } catch let error as StorageError {
                // An answer may get lost: what lies there says whether it was ours.
                if let found = try await found(key) {
                    if found == bytes { return }
                    throw IngestError(
                        .superseded,
                        "another attempt at this run took it over; this one stops, nothing of it "
                            + "is published"
                    )
                }
                guard error.failureClass == .lake, attempt < Limits.ledgerAttempts else {
                    throw error
                }
                if let wait = error.wait { try await clocks.sleep(wait) }
            }
            try await clocks.sleep(clocks.backOff(attempt))
        }
    }

    private func found(_ key: ObjectKey) async throws -> [UInt8]? {
        do {
            return try await store.read(key).bytes
        } catch let error as StorageError where error.code == .notFound {
            return nil
        }
    }

    func putPack(_ entries: [LedgerEntry], end: Int, in folder: ObjectKey) async throws {
        let bytes = try Self.bytes(of: entries)
        _ = try await store.put(bytes, to: folder.appending("packs/\(end).json"), condition: .none)
    }

    /// All entries of a run in their order, and those of them that are in no pack.
    func entries(in folder: ObjectKey) async throws -> (all: [LedgerEntry], unpacked: [LedgerEntry])
    {
        let numbers = Self.numbers(try await store.list(folder).objects.map(\.key))
        // Its removal was cut off, or an attempt slept until it was removed and then wrote an entry.
        guard numbers.first == 0 else { return ([], []) }
        let count = numbers.count
        let packs = Self.numbers(
            try await store.list(folder.appending("packs")).objects.map(\.key)
        )
        var all: [LedgerEntry] = []
        for end in packs {
            let pack = try await read([LedgerEntry].self, folder.appending("packs/\(end).json"))
            if pack.count == end - all.count { all += pack }
        }
        let packed = all.count
        while all.count < count {
            all.append(try await read(LedgerEntry.self, folder.appending("\(all.count).json")))
        }
        return (all, Array(all[min(packed, all.count)...]))
    }

    /// The numbers that files of a folder are named by, in order.
    static func numbers(_ keys: [ObjectKey]) -> [Int] {
        keys.compactMap { key in
            key.name.hasSuffix(".json") ? Int(key.name.dropLast(5)) : nil
        }.sorted()
    }

    private func read<Value: Decodable>(_ type: Value.Type, _ key: ObjectKey) async throws -> Value
    {
        let object = try await store.read(key)
        do {
            return try JSONDecoder().decode(type, from: Data(object.bytes))
        } catch {
            throw IngestError(
                .unreadableLedger,
                "\(store.locations.location(of: key)) is no ledger entry of this program; start the "
                    + "run again with \(Remedy.restart)"
            )
        }
    }

    private static func bytes(of value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }
}
