extension TableTransaction {
    /// Puts files in the place of all that the table holds, in one snapshot; none empties it.
    package mutating func replace(_ files: [DataFile]) {
        precondition(self.files == nil, "a transaction changes a table's files once")
        self.files = .replace(files)
    }
}

extension SnapshotPlanner {
    /// Plans a snapshot of `files` alone.
    ///
    /// Every file that was live gets an entry that it is deleted, with the numbers it had, so
    /// that readers of changes see what went. The parent's manifests are not carried over.
    func replace(with files: [DataFile], upon metadata: TableMetadata) async throws -> Plan {
        var manifests: [ManifestFile] = []
        var removed: [ManifestFile.Content: [ManifestEntry]] = [:]
        if let parent = metadata.currentSnapshot {
            for manifest in try await reader.manifests(of: parent) {
                let live = try await reader.entries(of: manifest).filter(\.isLive)
                removed[manifest.content, default: []] += live.map { entry in
                    var entry = entry
                    entry.status = .deleted
                    entry.snapshotID = snapshotID
                    return entry
                }
            }
        }
        if let manifest = try await addedManifest(files, upon: metadata) {
            manifests.append(manifest)
        }
        for content in [ManifestFile.Content.data, .deletes] {
            guard let entries = removed[content], !entries.isEmpty else { continue }
            manifests.append(try await write(entries, content: content, upon: metadata))
        }
        let added = TableTotals(files)
        let gone = TableTotals((removed[.data] ?? []).map(\.file))
        let goneDeletes = TableTotals((removed[.deletes] ?? []).map(\.file))
        // What took nothing away is no overwrite: readers of changes skip those.
        let isFirst = removed.values.allSatisfy(\.isEmpty)
        var summary = ["operation": isFirst ? "append" : "overwrite"]
        if !files.isEmpty { summary.merge(added.addedSummary) { $1 } }
        summary.merge((gone + goneDeletes).removedSummary) { $1 }
        return Plan(manifests: manifests, summary: summary, totals: added)
    }
}
