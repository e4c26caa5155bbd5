import Iceberg
import Ingest
import ObjectStorage
import Streams
import Synchronization
import TestSupport
import Testing

/// Runs that publish beside another program's commits.
@Suite struct BusyTableTests {
    /// A store in which another program commits just before each of the first documents.
    private struct BusyStore: ObjectStore {
        let inner: any ObjectStore
        let rival: @Sendable () async throws -> Void
        let left: Counter

        final class Counter: Sendable {
            let count: Mutex<Int>

            init(_ count: Int) {
                self.count = Mutex(count)
            }

            func take() -> Bool {
                count.withLock { count in
                    count -= 1
                    return count >= 0
                }
            }
        }

        var locations: ObjectLocations { inner.locations }

        func put(
            _ bytes: [UInt8],
            to key: ObjectKey,
            condition: PutCondition
        ) async throws -> ObjectTag {
            if key.name.hasSuffix(".metadata.json"), left.take() { try await rival() }
            return try await inner.put(bytes, to: key, condition: condition)
        }

        func read(
            _ key: ObjectKey,
            range: Range<Int>?,
            limit: Int
        ) async throws -> StoredObject {
            try await inner.read(key, range: range, limit: limit)
        }

        func write<Result>(
            to key: ObjectKey,
            body: (any ObjectWriter) async throws -> Result
        ) async throws -> Result {
            try await inner.write(to: key, body: body)
        }

        func list(_ folder: ObjectKey?) async throws -> ObjectListing {
            try await inner.list(folder)
        }

        func delete(_ key: ObjectKey) async throws {
            try await inner.delete(key)
        }
    }

    @Test(arguments: [ConflictRule.merge, .append], [0, 1, 3, 12])
    func `a run lands beside a program that commits all the time`(
        conflict: ConflictRule,
        losses: Int
    ) async throws {
        let manner = SmallLake.Manner(conflict: conflict)
        let lake = try SmallLake()
        let quiet = try SmallLake()
        for lake in [lake, quiet] {
            #expect(try await lake.run(manner).failure == nil)
            lake.change(6, seed: 9)
        }
        #expect(try await quiet.run(manner).commitAttemptCount == 1)
        let result = try await lake.run(
            manner,
            through: { store in
                BusyStore(
                    inner: store,
                    rival: {
                        // Another snapshot, with all rows of before.
                        var transaction = try await lake.lake().catalog.beginTransaction(lake.table)
                        transaction.append([])
                        _ = try await transaction.commit()
                    },
                    left: BusyStore.Counter(losses)
                )
            }
        )
        #expect(result.failure == nil, "\(String(describing: result.failure))")
        #expect(result.commitAttemptCount == losses + 1)
        #expect(try await lake.rows() == quiet.rows())
        // Delete files of plans that were lost are gone: the table names all there are.
        let named = try await lake.lake().catalog.load(lake.table).files().map(\.path)
        let unnamed = lake.dataFiles.filter { name in
            name.contains("-deletes-") && !named.contains { $0.hasSuffix("/" + name) }
        }
        #expect(unnamed.isEmpty, "\(unnamed)")
    }
}
