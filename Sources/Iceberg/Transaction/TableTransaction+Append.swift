extension TableTransaction {
    /// Adds files to the table.
    package mutating func append(_ files: [DataFile]) {
        precondition(self.files == nil, "a transaction changes a table's files once")
        self.files = .append(files)
    }
}

extension SnapshotPlanner {
    /// Plans a snapshot of everything that was there and `files`.
    func append(_ files: [DataFile], upon metadata: TableMetadata) async throws -> Plan {
        let parent = metadata.currentSnapshot
        var manifests: [ManifestFile] = []
        var totals = TableTotals()
        if let parent {
            let all = try await reader.manifests(of: parent)
            manifests = all.filter(\.mayHaveLiveFiles)
            totals = try await totalsOrCounted(of: parent, all)
        }
        let added = TableTotals(files)
        var summary = ["operation": "append"]
        if let manifest = try await addedManifest(files, upon: metadata) {
            manifests.insert(manifest, at: 0)
        }
        if !files.isEmpty { summary.merge(added.addedSummary) { $1 } }
        return Plan(manifests: manifests, summary: summary, totals: totals + added)
    }

    private func totalsOrCounted(
        of snapshot: Snapshot,
        _ manifests: [ManifestFile]
    ) async throws -> TableTotals {
        if let totals = TableTotals(summary: snapshot) { return totals }
        var files: [DataFile] = []
        for manifest in manifests {
            files += try await reader.entries(of: manifest).filter(\.isLive).map(\.file)
        }
        return TableTotals(files)
    }
}
