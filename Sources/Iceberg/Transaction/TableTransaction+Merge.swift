extension TableTransaction {
    /// Puts new rows into the table in the place of those with the same keys, in one snapshot.
    ///
    /// When another writer changes the table's files first, the commit gives up with `conflict`:
    /// the plan does not know of those. Plan again then, after `KeyMerge.discard`.
    package mutating func merge(_ plan: MergePlan) {
        precondition(files == nil, "a transaction changes a table's files once")
        files = .merge(plan)
    }
}

extension SnapshotPlanner {
    /// Plans a snapshot of the plan's new files and of all that it does not take out.
    ///
    /// A manifest that names a file that leaves is replaced. The new ones are one of each kind: the file as
    /// deleted, others as existing, each with the numbers it had. The other manifests are carried
    /// over. New delete files stand in the one of deletes.
    func merge(_ plan: MergePlan, upon metadata: TableMetadata) async throws -> Plan {
        guard metadata.currentSnapshotID == plan.baseSnapshotID else {
            throw IcebergError(
                .conflict,
                "the table was changed by another writer after the rows to replace were looked "
                    + "for; merge again"
            )
        }
        var manifests: [ManifestFile] = []
        if let manifest = try await addedManifest(plan.added, upon: metadata) {
            manifests.append(manifest)
        }
        var written: [ManifestFile.Content: [ManifestEntry]] = [
            .deletes: plan.addedDeletes.map {
                ManifestEntry(status: .added, snapshotID: snapshotID, file: $0)
            }
        ]
        var before = TableTotals()
        if let parent = metadata.currentSnapshot {
            let old = try await reader.manifests(of: parent)
            before = try await totals(of: parent, old)
            for manifest in old where manifest.mayHaveLiveFiles {
                if let paths = plan.removals[manifest.path] {
                    written[manifest.content, default: []] +=
                        try await entries(of: manifest, without: paths)
                } else {
                    manifests.append(manifest)
                }
            }
        }
        for content in [ManifestFile.Content.data, .deletes] {
            guard let entries = written[content], !entries.isEmpty else { continue }
            manifests.append(try await write(entries, content: content, upon: metadata))
        }
        let removed = written.values.joined().filter { !$0.isLive }.map(\.file)
        let added = TableTotals(plan.added + plan.addedDeletes)
        let gone = TableTotals(removed)
        return Plan(
            manifests: manifests,
            summary: summary(of: plan, added: added, gone: gone),
            totals: (before + added).subtracting(gone)
        )
    }

    private func summary(
        of plan: MergePlan,
        added: TableTotals,
        gone: TableTotals
    ) -> [String: String] {
        var summary = ["operation": plan.isAppend ? "append" : "overwrite"]
        if added.fileCount + added.deleteFileCount > 0 {
            summary.merge(added.addedSummary) { $1 }
        }
        if added.deleteFileCount > 0 {
            summary["added-delete-files"] = String(added.deleteFileCount)
            summary["added-position-delete-files"] = String(added.deleteFileCount)
            summary["added-position-deletes"] = String(added.positionDeleteCount)
        }
        summary.merge(gone.removedSummary) { $1 }
        if gone.deleteFileCount > 0 {
            summary["removed-position-delete-files"] = String(gone.deleteFileCount)
        }
        return summary
    }

    private func totals(
        of snapshot: Snapshot,
        _ manifests: [ManifestFile]
    ) async throws -> TableTotals {
        if let totals = TableTotals(summary: snapshot) { return totals }
        var totals = TableTotals()
        for manifest in manifests {
            let live = try await reader.entries(of: manifest).filter(\.isLive)
            totals = totals + TableTotals(live.map(\.file))
        }
        return totals
    }

    /// The files of a manifest, those of `paths` as deleted.
    private func entries(
        of manifest: ManifestFile,
        without paths: Set<String>
    ) async throws -> [ManifestEntry] {
        // What older snapshots deleted is no matter of this one.
        try await reader.entries(of: manifest).filter(\.isLive).map { entry in
            var entry = entry
            if paths.contains(entry.file.path) {
                entry.status = .deleted
                entry.snapshotID = snapshotID
            } else {
                entry.status = .existing
            }
            return entry
        }
    }
}

extension ManifestFile {
    /// False for a manifest of nothing but deleted files, which only the snapshot that made it
    /// needs; one that leaves all counts out may have any.
    var mayHaveLiveFiles: Bool {
        addedFileCount > 0 || existingFileCount > 0 || deletedFileCount == 0
    }
}

extension TableTotals {
    /// What is left when files went; counts that others wrote may be too small, and stop at none.
    fileprivate func subtracting(_ gone: TableTotals) -> TableTotals {
        func rest(_ count: Int64, _ gone: Int64) -> Int64 {
            let (rest, isOver) = count.subtractingReportingOverflow(gone)
            return isOver ? 0 : max(0, rest)
        }
        var left = self
        left.fileCount = rest(fileCount, gone.fileCount)
        left.rowCount = rest(rowCount, gone.rowCount)
        left.byteCount = rest(byteCount, gone.byteCount)
        left.deleteFileCount = rest(deleteFileCount, gone.deleteFileCount)
        left.positionDeleteCount = rest(positionDeleteCount, gone.positionDeleteCount)
        return left
    }
}
