import Synchronization

/// The row count of one state of a table, once it is known.
final class CountedRows: Sendable {
    /// The count, itself nil where nobody can tell; nil until it is asked for.
    private let found = Mutex<Int64??>(nil)

    /// The count if it is known, else what `count` finds.
    func value(_ count: () async throws -> Int64?) async throws -> Int64? {
        if let known = found.withLock({ $0 }) { return known }
        let new = try await count()
        found.withLock { $0 = .some(new) }
        return new
    }
}

extension Table {
    /// Rows that readers of the current state find; nil where some were deleted by value, which nobody counts.
    ///
    /// Summaries count deletes, but a rewrite may leave deletes behind whose rows went with their files
    /// (Iceberg specification, "Scan Planning": a delete counts for the files it names, no newer than itself).
    /// So where there are deletes, they are matched with the files that are there.
    ///
    /// - Throws: `IcebergError` as `files` does.
    package func countRows() async throws -> Int64? {
        guard let snapshot = metadata.currentSnapshot else { return 0 }
        guard snapshot.count("total-equality-deletes") ?? 0 == 0 else { return nil }
        if let records = snapshot.count("total-records"),
            snapshot.count("total-position-deletes") == 0
        {
            return records
        }
        do {
            return try await counted.value { try await matchedRowCount(of: snapshot) }
        } catch {
            throw IcebergError.wrapping(error)
        }
    }

    private func matchedRowCount(of snapshot: Snapshot) async throws -> Int64? {
        let reader = ManifestReader(store: store)
        // Paths are compared by their bytes.
        var rows: [[UInt8]: (count: Int64, sequenceNumber: Int64)] = [:]
        var deletes: [ManifestEntry] = []
        for manifest in try await reader.manifests(of: snapshot) {
            for entry in try await reader.entries(of: manifest) where entry.isLive {
                switch entry.file.content {
                case .rows:
                    rows[Array(entry.file.path.utf8)] = (
                        entry.file.rowCount, entry.sequenceNumber ?? 0
                    )
                case .positionDeletes: deletes.append(entry)
                case .equalityDeletes: return nil
                }
            }
        }
        var count = rows.values.reduce(0) { $0 + $1.count }
        for entry in deletes {
            let sequenceNumber = entry.sequenceNumber ?? .max
            func counts(_ path: [UInt8]) -> Bool {
                rows[path].map { $0.sequenceNumber <= sequenceNumber } ?? false
            }
            if let path = PositionDeletes.onlyPath(of: entry.file) {
                if counts(Array(path.utf8)) { count -= entry.file.rowCount }
                continue
            }
            var isThere = false
            try await PositionDeletes.forEach(in: entry.file, of: store) { path, isNew, _ in
                if isNew { isThere = counts(Array(path)) }
                if isThere { count -= 1 }
            }
        }
        return count
    }
}
