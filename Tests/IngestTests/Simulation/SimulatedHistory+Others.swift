import Iceberg
import Ingest
import ObjectStorage
import Synchronization

/// What other programs do to the table and its folder.
extension SimulatedHistory {
    static let foreignName = "another"

    /// Another program publishes a snapshot of the same rows.
    func commitAsOthers() async throws {
        let number = state.withLock { state in
            state.otherCount += 1
            return 500 + state.otherCount
        }
        let other = lake(SimulatedAttempt(number: number))
        var transaction = try await other.catalog.beginTransaction(table)
        guard transaction.base != nil else { return }
        log("others publish a snapshot")
        transaction.append([])
        transaction.addSummary(["engine-name": Self.foreignName])
        _ = try await transaction.commit()
    }

    /// Another program expires all snapshots but the current one.
    func expireAsOthers() throws {
        guard disk.keys.contains(where: { $0.name.hasSuffix(".metadata.json") }) else { return }
        log("others expire snapshots")
        try disk.rewriteMetadata { metadata in
            guard let current = metadata.currentID else { return }
            metadata.keepNewestSnapshot()
            state.withLock { $0.known = $0.known.filter { $0.key == current } }
        }
    }

    /// Another program takes a file of an unfinished run for an orphan.
    func removeFile() async {
        do {
            let lake = lake()
            guard let run = try await lake.registry.newest(of: table), run.end == nil,
                run.publishedUpon == nil
            else { return }
            let files = run.checkpoints.sorted { $0.key < $1.key }.flatMap(\.value.files)
            guard !files.isEmpty else { return }
            let path = files[roll(files.count)].path
            guard let key = disk.locations.key(at: path) else { return }
            log("others remove \(key)")
            disk.delete(key)
        } catch {
            fail("the ledger cannot be read: \(error)")
        }
    }
}
