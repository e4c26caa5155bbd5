import Basics
import Iceberg
import ObjectStorage

/// Files that a commit is to name, looked at before it does: others may have removed some.
struct StagedFiles: Sendable {
    let store: any ObjectStore
    let files: [DataFile]
    let table: TableName

    /// Requires that all files are there, as long as they were written.
    ///
    /// - Throws: `IngestError` `filesGone`, `StorageError`.
    func requireAll() async throws {
        guard let first = try await missing().first else { return }
        throw IngestError(
            .filesGone,
            "\(first) was removed or cut short after it was written; nothing was published. Run it again: "
                + "what is gone is read again. A program that removes orphan files has to leave those of "
                + "unfinished runs alone"
        )
    }

    /// The locations of files that are gone or of another length.
    func missing() async throws -> [String] {
        var missing: [String] = []
        for start in stride(from: 0, to: files.count, by: Limits.filesLookedAt) {
            let some = files[start..<min(start + Limits.filesLookedAt, files.count)]
            missing += try await withThrowingTaskGroup(of: String?.self) { group in
                for file in some {
                    group.addTask { try await isThere(file) ? nil : file.path }
                }
                return try await group.reduce(into: []) { found, path in
                    if let path { found.append(path) }
                }
            }
        }
        return missing.sorted()
    }

    private func isThere(_ file: DataFile) async throws -> Bool {
        guard let key = store.locations.key(at: file.path) else { return false }
        guard let info = try await store.info(key) else { return false }
        return Int64(info.byteCount) == file.byteCount
    }
}
