/// The files of a table that a merge looks at.
struct MergeBase {
    var targets: [MergeTarget] = []
    /// Delete files that name rows of several files, or do not say of which.
    var shared: [MergeDelete] = []

    /// Reads what a table holds.
    ///
    /// - Throws: `IcebergError` `unsupported` for what cannot be merged into.
    init(_ table: Table?) async throws {
        guard let table, let snapshot = table.metadata.currentSnapshot else { return }
        let reader = ManifestReader(store: table.store)
        var deletes: [MergeDelete] = []
        for manifest in try await reader.manifests(of: snapshot) {
            for entry in try await reader.entries(of: manifest) where entry.isLive {
                switch entry.file.content {
                case .rows:
                    try Self.check(entry.file)
                    targets.append(MergeTarget(entry, in: manifest))
                case .positionDeletes:
                    deletes.append(
                        MergeDelete(
                            file: entry.file,
                            sequenceNumber: entry.sequenceNumber ?? 0,
                            manifestPath: manifest.path
                        )
                    )
                case .equalityDeletes:
                    throw IcebergError(
                        .unsupported,
                        "\(table.identifier) has equality deletes (\(entry.file.path)), which "
                            + "cannot be merged into; compact the table with the program that "
                            + "wrote them, or load it again with a full refresh"
                    )
                }
            }
        }
        assign(deletes)
    }

    private static func check(_ file: DataFile) throws {
        guard file.rowCount <= Limits.mergeFileRowCount else {
            throw IcebergError(
                .unsupported,
                "\(file.path) has \(file.rowCount) rows, and rows of files of at most "
                    + "\(Limits.mergeFileRowCount) can be replaced; load the table again"
            )
        }
    }

    private mutating func assign(_ deletes: [MergeDelete]) {
        let places = Dictionary(
            targets.enumerated().map { ($1.file.path, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        for delete in deletes {
            guard let path = PositionDeletes.onlyPath(of: delete.file) else {
                shared.append(delete)
                continue
            }
            // Deletes reach files as old as they are or older; those that reach none are inert.
            guard let place = places[path], delete.sequenceNumber >= targets[place].sequenceNumber
            else { continue }
            targets[place].deletes.append(delete)
        }
    }

    /// The files in groups of at most so many rows; at least one group, and one file in each.
    func groups(ofRows limit: Int64) -> [[MergeTarget]] {
        var groups: [[MergeTarget]] = [[]]
        var rows: Int64 = 0
        for target in targets {
            if rows + target.file.rowCount > limit, !groups[groups.count - 1].isEmpty {
                groups.append([])
                rows = 0
            }
            groups[groups.count - 1].append(target)
            rows += target.file.rowCount
        }
        return groups
    }
}
