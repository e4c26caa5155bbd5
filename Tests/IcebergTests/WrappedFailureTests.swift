import Basics
import Iceberg
import ObjectStorage
import TestSupport
import Testing

/// What a store's failure becomes on its way up.
@Suite struct WrappedFailureTests {
    /// A store that fails.
    private struct FailingStore: ObjectStore {
        let failure: StorageError

        var locations: ObjectLocations { ObjectLocations(base: "file:///nowhere") }

        func read(
            _ key: ObjectKey,
            range: Range<Int>?,
            limit: Int
        ) async throws -> StoredObject {
            throw failure
        }

        func put(
            _ bytes: [UInt8],
            to key: ObjectKey,
            condition: PutCondition
        ) async throws -> ObjectTag {
            throw failure
        }

        func write<Result>(
            to key: ObjectKey,
            body: (any ObjectWriter) async throws -> Result
        ) async throws -> Result {
            throw failure
        }

        func list(_ folder: ObjectKey?) async throws -> ObjectListing { throw failure }

        func delete(_ key: ObjectKey) async throws { throw failure }
    }

    @Test(arguments: [
        (StorageError.Code.denied, FailureClass.configuration), (.unreachable, .lake),
        (.device, .lake), (.full, .transient),
    ])
    func `a table's failure is of the class of its cause`(
        code: StorageError.Code,
        failure: FailureClass
    ) async throws {
        try await withLake { lake in
            let store = FailingStore(failure: StorageError(code, "it does not work"))
            let catalog = try lake.other(seed: 2, store: store).catalog
            let error = try await #require(throws: IcebergError.self) {
                _ = try await catalog.load(.orders)
            }
            #expect(error.code == .storage)
            #expect(error.cause?.message == "it does not work")
            #expect(FailureClass(of: error) == failure)
        }
    }
}
