import Columnar
import ObjectStorage
import Synchronization

/// The data files of one read: durable, and named by no table yet.
final class DataFiles: Sendable {
    /// A finished file.
    struct File: Sendable {
        var key: ObjectKey
        var summary: FileSummary
    }

    private let store: any ObjectStore
    private let folder: ObjectKey
    private let runID: String
    private let written = Mutex<[File]>([])

    /// Makes the files of a run in the table folder `folder`.
    init(store: any ObjectStore, folder: ObjectKey, runID: String) {
        self.store = store
        self.folder = folder
        self.runID = runID
    }

    /// The files, in the order in which they were finished.
    var all: [File] { written.withLock { $0 } }
    /// Rows in the files.
    var rowCount: Int64 { all.reduce(0) { $0 + $1.summary.rowCount } }
    /// Bytes of the files.
    var byteCount: Int64 { all.reduce(0) { $0 + $1.summary.byteCount } }

    /// Writes file `number` of a lane; it counts when `body` has returned.
    func write(
        lane: Int,
        number: Int,
        body: (any ObjectWriter) async throws -> FileSummary
    ) async throws {
        let key = try folder.appending("data/\(runID)-\(lane)-\(number).parquet")
        let summary = try await store.write(to: key, body: body)
        written.withLock { $0.append(File(key: key, summary: summary)) }
    }

    /// Removes the files: what a failed run leaves behind.
    func remove() async {
        for file in all {
            // The failure that led here is the one to report; a file that stays is unused space.
            try? await store.delete(file.key)
        }
    }
}
