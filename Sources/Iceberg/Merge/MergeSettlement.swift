internal import ObjectStorage

/// Turns marked rows into delete files, and says which files leave the table.
final class MergeSettlement {
    private let merge: KeyMerge
    private let store: any ObjectStore

    private(set) var addedDeletes: [DataFile] = []
    private(set) var writtenKeys: [ObjectKey] = []
    private(set) var removals: [String: Set<String>] = [:]
    private(set) var deletedRowCount: Int64 = 0
    private(set) var removedFileCount = 0
    private(set) var removedDeleteFileCount = 0

    init(_ merge: KeyMerge) {
        self.merge = merge
        store = merge.catalog.store
    }

    /// Turns the marks of a group into delete files and removals.
    func settle(_ group: [MergeTarget], shared: [MergeDelete]) async throws {
        let touched = group.filter { $0.matched != nil }
        guard !touched.isEmpty else { return }
        try await readShared(shared, for: touched)
        for target in touched {
            try await settle(target)
            target.forget()
        }
    }

    private func readShared(_ shared: [MergeDelete], for targets: [MergeTarget]) async throws {
        guard !shared.isEmpty else { return }
        let byPath = Dictionary(
            targets.map { ($0.file.path, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        for delete in shared {
            var target: MergeTarget?
            try await PositionDeletes.forEach(in: delete.file, of: store) { path, isNew, position in
                if isNew {
                    target = byPath[String(decoding: path, as: UTF8.self)]
                    if let found = target, delete.sequenceNumber < found.sequenceNumber {
                        target = nil
                    }
                }
                target?.share(position)
            }
        }
    }

    private func settle(_ target: MergeTarget) async throws {
        guard let deleted = target.matched else { return }
        let own = PositionBitmap(rowCount: target.file.rowCount)
        for delete in target.deletes {
            let expected = Array(target.file.path.utf8)
            try await PositionDeletes.forEach(in: delete.file, of: store) { path, isNew, position in
                if isNew, !path.elementsEqual(expected) {
                    throw IcebergError(
                        .corrupt,
                        "\(delete.file.path) names rows of other files than its manifest says"
                    )
                }
                own.insert(position)
            }
        }
        deleted.subtract(own)
        if let shared = target.shared { deleted.subtract(shared) }
        let count = deleted.count
        // All of its rows with these keys were deleted before.
        guard count > 0 else { return }
        deletedRowCount += count
        let isEmptied =
            own.count + count + (try sharedOnly(target, beside: own, deleted))
            == target.file.rowCount
        // A delete file that is taken in has its manifest written again, with all that it names.
        if isEmptied || target.deletes.count >= Limits.deleteFilesPerFile {
            for delete in target.deletes {
                removals[delete.manifestPath, default: []].insert(delete.file.path)
                removedDeleteFileCount += 1
            }
            deleted.formUnion(own)
        }
        if isEmptied {
            removals[target.manifestPath, default: []].insert(target.file.path)
            removedFileCount += 1
        } else {
            try await write(deleted, of: target)
        }
    }

    /// Rows that only delete files for several files name.
    private func sharedOnly(
        _ target: MergeTarget,
        beside own: PositionBitmap,
        _ deleted: PositionBitmap
    ) throws -> Int64 {
        guard let shared = target.shared else { return 0 }
        shared.subtract(own)
        shared.subtract(deleted)
        return shared.count
    }

    private func write(_ positions: PositionBitmap, of target: MergeTarget) async throws {
        let key = try merge.catalog.folder(of: merge.identifier)
            .appending("data/\(merge.newFilePrefix)-deletes-\(addedDeletes.count).parquet")
        let file = try await PositionDeletes.write(
            positions,
            of: target.file.path,
            to: key,
            in: store
        )
        writtenKeys.append(key)
        addedDeletes.append(file)
    }
}
