package import Basics
package import Iceberg
package import ObjectStorage
import Streams

/// Removes what ended runs left in the lake: files that no snapshot names, and old ledgers.
package struct RunCleaner: Sendable {
    let store: any ObjectStore
    let catalog: FilesystemCatalog
    let registry: RunRegistry

    /// Makes a cleaner.
    package init(store: any ObjectStore, catalog: FilesystemCatalog, registry: RunRegistry) {
        self.store = store
        self.catalog = catalog
        self.registry = registry
    }

    /// What cleaning behind a run did.
    package struct Outcome: Hashable, Sendable {
        package var fileCount = 0
        package var byteCount: Int64 = 0
        /// Why files have to stay for now; nil when none do.
        package var obstacle: String?
    }

    /// Removes the files of an ended run that its snapshot does not name.
    ///
    /// A run that was given up on the way to its commit may still be about to publish, if its
    /// process was only stopped. Its files stay until the table has a newer version: then that
    /// commit cannot land any more.
    @discardableResult
    package func clean(_ table: TableName, run number: Int) async throws -> Outcome {
        guard let state = try await registry.state(of: table, run: number) else { return Outcome() }
        if state.end == nil {
            // Only the newest run is resumed; one that began beside another may have nobody left.
            let newest = try await registry.numbers(of: table).last ?? number
            guard newest > number, !state.owner.isAlive else {
                return Outcome(obstacle: "the run has not ended")
            }
            try await registry.abandon(table, state, reason: "newer runs were begun")
        }
        let present = try await catalog.loadIfPresent(table)
        let folder = try catalog.folder(of: table).appending("data")
        let left = try await store.list(folder).objects.filter {
            $0.key.name.hasPrefix(state.record.runID + "-")
        }
        if left.isEmpty { return Outcome() }
        let snapshot = present?.metadata.snapshot(ofRun: state.record.runID)
        if snapshot == nil, let version = state.publishedUpon, (present?.version ?? 0) <= version {
            return Outcome(
                obstacle: "it was given up while it published; its files go when the table has its "
                    + "next version"
            )
        }
        // Its snapshot may have been expired, and its files be in later ones.
        let snapshots = snapshot.map { [$0] } ?? present?.metadata.snapshots ?? []
        var named: Set<ObjectKey> = []
        for snapshot in snapshots {
            for file in try await present?.files(snapshotID: snapshot.id) ?? [] {
                if let key = store.locations.key(at: file.path) { named.insert(key) }
            }
        }
        var outcome = Outcome()
        for object in left where !named.contains(object.key) {
            try await store.delete(object.key)
            outcome.fileCount += 1
            outcome.byteCount += Int64(object.byteCount)
        }
        return outcome
    }

    /// Removes the ledgers of runs that are older than those to be kept.
    package func prune(_ table: TableName) async throws {
        for number in try await registry.numbers(of: table).dropLast(Limits.runsKept) {
            guard let state = try await registry.state(of: table, run: number) else {
                try await registry.remove(table, run: number)
                continue
            }
            if state.end == nil {
                // Only the newest run is resumed; one that began beside another comes to this.
                try await registry.abandon(table, state, reason: "newer runs were begun")
            }
            // A ledger is what knows of files that have to wait.
            guard try await clean(table, run: number).obstacle == nil else { continue }
            try await registry.remove(table, run: number)
        }
    }
}
