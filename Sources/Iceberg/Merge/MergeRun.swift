import Basics

internal import Columnar
internal import ObjectStorage

/// One planning of a merge: what was found and written so far.
final class MergeRun {
    private let merge: KeyMerge
    private let store: any ObjectStore
    private let files: [DataFile]
    private let seed: UInt64
    /// The partitions that together hold all new keys; known when the first group is through.
    private var partitions: [(partition: KeyPartition, ranges: [KeyRange])] = []
    private let settlement: MergeSettlement

    init(_ merge: KeyMerge, adding files: [DataFile]) {
        self.merge = merge
        self.files = files
        store = merge.catalog.store
        // Nobody can then make keys whose hashes are known to meet.
        seed = merge.catalog.clocks.chance()
        settlement = MergeSettlement(merge)
    }

    func plan() async throws -> MergePlan {
        let base = try await MergeBase(merge.table)
        try checkAreNew(base)
        for (index, group) in base.groups(ofRows: merge.bounds.groupRowCount).enumerated() {
            if index == 0 {
                try await matchFirst(group)
            } else {
                try await match(group)
            }
            try await settlement.settle(group, shared: base.shared)
        }
        return MergePlan(
            baseSnapshotID: merge.table?.metadata.currentSnapshotID,
            added: files,
            addedDeletes: settlement.addedDeletes,
            writtenKeys: settlement.writtenKeys,
            deletedRowCount: settlement.deletedRowCount,
            removedFileCount: settlement.removedFileCount,
            removedDeleteFileCount: settlement.removedDeleteFileCount,
            removals: settlement.removals
        )
    }

    /// Refuses files that the table has: their rows would be deleted for their own sake.
    private func checkAreNew(_ base: MergeBase) throws {
        // One file may be written in several ways.
        let keys = Set(files.compactMap { store.locations.key(at: $0.path) })
        let known = base.targets.first { target in
            store.locations.key(at: target.file.path).map(keys.contains) ?? false
        }
        if let known {
            throw IcebergError(
                .unsupported,
                "\(known.file.path) is part of \(merge.identifier) already: an earlier commit "
                    + "brought it; merge only files that no snapshot names"
            )
        }
    }

    /// Removes the delete files of a planning that failed.
    func removeWritten() async {
        for key in settlement.writtenKeys {
            // The failure that led here is the one to report; a file that stays is unused space.
            try? await store.delete(key)
        }
    }

    // MARK: Keys

    /// Marks the rows of a group, and finds out into how many partitions the new keys fall.
    private func matchFirst(_ group: [MergeTarget]) async throws {
        var pending = [KeyPartition.all]
        let expected = expectedByteCount
        while (expected >> pending[0].depth) > merge.bounds.keyByteCount,
            pending[0].depth < KeyPartition.firstDepthMax
        {
            pending = pending.flatMap(\.halves)
        }
        pending.reverse()
        while let partition = pending.popLast() {
            guard let (keys, ranges) = try await load(partition) else {
                guard partition.depth < Limits.mergeSplitDepth else {
                    throw IcebergError(
                        .unsupported,
                        "the keys of the new rows of \(merge.identifier) are too alike to be "
                            + "told apart in memory; choose other key columns"
                    )
                }
                pending += partition.halves.reversed()
                continue
            }
            partitions.append((partition, ranges))
            try await scan(group, for: keys, ranges)
        }
    }

    /// Marks the rows of a further group.
    private func match(_ group: [MergeTarget]) async throws {
        for (partition, ranges) in partitions {
            guard group.contains(where: { $0.meets(ranges, of: merge.columns) }) else { continue }
            guard let (keys, _) = try await load(partition) else {
                throw IcebergError(.corrupt, "the new files of \(merge.identifier) changed")
            }
            try await scan(group, for: keys, ranges)
        }
    }

    /// Bytes that the new keys take in memory at least, with their index.
    private var expectedByteCount: Int {
        let width = merge.columns.reduce(0) { $0 + $1.fixedByteCount }
        let rows = files.reduce(Int64(0)) { $0.addingReportingOverflow($1.rowCount).partialValue }
        // Slots are a third to two thirds full.
        return Int(clamping: rows).multipliedReportingOverflow(by: width + 24).partialValue
    }

    /// Reads the new keys of a partition; nil when they do not fit.
    private func load(_ partition: KeyPartition) async throws -> (KeySet, [KeyRange])? {
        let keys = KeySet(byteLimit: merge.bounds.keyByteCount)
        var ranges = merge.columns.map { _ in KeyRange.empty }
        var nulls = merge.columns.map { _ in Int64(0) }
        var isFull = false
        for record in files where !isFull {
            let file = try await StoredParquet(record, in: store)
            let (columns, missing) = try places(in: file, record.path)
            guard missing.isEmpty else {
                // A footer may say anything.
                for index in missing { nulls[index] &+= max(1, file.file.rowCount) }
                continue
            }
            let rows = KeyRows(columns: merge.columns, seed: seed)
            try await file.forEachBatch(columns: columns) { batch, _ in
                guard !isFull else { return }
                rows.load(batch)
                isFull = try !add(rows, of: partition, to: keys, &ranges)
            }
            for (index, count) in rows.nullCounts.enumerated() { nulls[index] += count }
        }
        if isFull { return nil }
        try checkNulls(nulls)
        keys.seal()
        return (keys, ranges)
    }

    /// Adds the keys of a batch; false when they do not fit.
    private func add(
        _ rows: KeyRows,
        of partition: KeyPartition,
        to keys: KeySet,
        _ ranges: inout [KeyRange]
    ) throws -> Bool {
        let hash = rows.hash
        let isPresent = rows.isPresent
        for row in 0..<rows.rowCount where isPresent[row] != 0 && partition.holds(hash[row]) {
            let key = rows.key(ofRow: row)
            switch keys.insert(key, hash: hash[row]) {
            case .inserted: extend(&ranges, by: key, rows.ends)
            case .full: return false
            case .duplicate:
                throw IcebergError(
                    .unusableKey,
                    "two new rows of \(merge.identifier) have the same key, \(keyText) = "
                        + "\(rows.text(ofRow: row)): it is not unique at the source; choose key "
                        + "columns that tell all rows apart, or append instead of merging"
                )
            }
        }
        return true
    }

    private func extend(
        _ ranges: inout [KeyRange],
        by key: UnsafeRawBufferPointer,
        _ ends: [Int]
    ) {
        var start = 0
        for (index, column) in merge.columns.enumerated() {
            ranges[index].formUnion(
                UnsafeRawBufferPointer(rebasing: key[start..<ends[index]]),
                kind: column.kind
            )
            start = ends[index]
        }
    }

    private var keyText: String { merge.columns.map(\.name).joined(separator: ", ") }

    private func checkNulls(_ counts: [Int64]) throws {
        guard let index = counts.firstIndex(where: { $0 != 0 }) else { return }
        throw IcebergError(
            .unusableKey,
            "the key column \(merge.columns[index].name) of \(merge.identifier) is null in "
                + "\(counts[index]) new rows, which cannot be merged; choose key columns without "
                + "nulls, leave these rows out, or append instead of merging"
        )
    }

    /// The places of the key columns in a file, and which columns it lacks.
    private func places(
        in file: StoredParquet,
        _ path: String
    ) throws -> (columns: [Int], missing: [Int]) {
        var columns: [Int] = []
        var missing: [Int] = []
        for (index, column) in merge.columns.enumerated() {
            guard let place = try file.column(fieldID: column.fieldID) else {
                missing.append(index)
                continue
            }
            let type = file.file.schema.fields[place].type
            guard column.holds(type) else {
                throw IcebergError(
                    .unsupported,
                    "the key column \(column.name) is \(type) in \(path) and \(column.type) in "
                        + "\(merge.identifier), which cannot be compared; load the table again "
                        + "with a full refresh"
                )
            }
            columns.append(place)
        }
        return (columns, missing)
    }

    // MARK: Scanning

    /// Marks the rows of files that have one of the keys.
    private func scan(
        _ group: [MergeTarget],
        for keys: KeySet,
        _ ranges: [KeyRange]
    ) async throws {
        guard keys.count > 0 else { return }
        for target in group where target.meets(ranges, of: merge.columns) {
            let file = try await StoredParquet(target.file, in: store)
            guard file.file.rowCount == target.file.rowCount else {
                throw IcebergError(
                    .corrupt,
                    "\(target.file.path) has \(file.file.rowCount) rows, and its manifest says "
                        + "\(target.file.rowCount)"
                )
            }
            let (columns, missing) = try places(in: file, target.file.path)
            // A row without a part of its key has no key.
            guard missing.isEmpty else { continue }
            let rows = KeyRows(columns: merge.columns, seed: seed)
            try await file.forEachBatch(columns: columns) { batch, firstRow in
                rows.load(batch)
                keys.forEachMatch(in: rows) { target.match(firstRow + Int64($0)) }
            }
        }
    }
}
