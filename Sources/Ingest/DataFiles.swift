import Columnar
import Iceberg
import ObjectStorage
import Synchronization

/// The data files of one attempt.
final class DataFiles: Sendable {
    private let store: any ObjectStore
    private let folder: ObjectKey
    private let prefix: String
    private let table: Schema
    /// Files that are durable, and that no checkpoint names yet.
    private let unnamed = Mutex<[ObjectKey]>([])

    /// Makes the files of an attempt in the table folder `folder`; their names begin with `prefix`.
    init(store: any ObjectStore, folder: ObjectKey, prefix: String, table: Schema) {
        self.store = store
        self.folder = folder
        self.prefix = prefix
        self.table = table
    }

    /// Writes file `number` of a lane; when `body` has returned, it is durable.
    func write(
        lane: Int,
        number: Int,
        body: (any ObjectWriter) async throws -> FileSummary
    ) async throws -> DataFile {
        let key = try folder.appending("data/\(prefix)-\(lane)-\(number).parquet")
        let summary = try await store.write(to: key, body: body)
        unnamed.withLock { $0.append(key) }
        return DataFile(
            path: store.locations.location(of: key),
            summary: FileSchema.promoted(summary, to: table)
        )
    }

    /// Notes that a checkpoint names these files.
    func name(_ files: [DataFile]) {
        let keys = Set(files.compactMap { store.locations.key(at: $0.path) })
        unnamed.withLock { $0.removeAll { keys.contains($0) } }
    }

    /// Removes the files no checkpoint names: what a failed attempt leaves behind.
    func removeUnnamed() async {
        for key in unnamed.withLock({ $0 }) {
            // The failure that led here is the one to report; a file that stays is unused space,
            // which the next attempt removes.
            try? await store.delete(key)
        }
    }
}
