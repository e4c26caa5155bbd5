internal import ObjectStorage

/// Small manifests are packed while committing, as Iceberg's properties `commit.manifest…` ask.
///
/// A commit adds one or two manifests, and every reader opens all of them. When so many small ones
/// stand together, those of one kind are written as one, from the oldest on, up to a size. The files
/// in them stay what they are, each with the numbers of the commit that added it.
struct ManifestMerging {
    private let isEnabled: Bool
    private let leastCount: Int
    private let targetByteCount: Int64

    /// Takes what the table wants.
    init(_ metadata: TableMetadata) {
        let properties = metadata.properties
        func number(_ name: String) -> Int64? {
            properties["commit.manifest." + name].flatMap { Int64($0) }.flatMap {
                $0 > 0 ? $0 : nil
            }
        }
        isEnabled = properties["commit.manifest-merge.enabled"] != "false"
        leastCount =
            number("min-count-to-merge").map { Int(clamping: $0) } ?? Limits.manifestMergeCount
        targetByteCount = number("target-size-bytes") ?? Limits.manifestByteCount
    }

    /// What becomes of a snapshot's manifests: those of each group are written as one.
    ///
    /// Nothing is packed before enough of them could be: a large manifest is not written again for
    /// each small one that comes.
    func groups(_ manifests: [ManifestFile]) -> [[ManifestFile]] {
        guard isEnabled else { return manifests.map { [$0] } }
        struct Kind: Hashable {
            var content: ManifestFile.Content
            var specID: Int
        }
        var packs: [[ManifestFile]] = []
        // Files of one spec and content may stand together, and encrypted manifests not at all.
        let oldestFirst = manifests.sorted { $0.sequenceNumber < $1.sequenceNumber }
        var open: [Kind: (place: Int, byteCount: Int64)] = [:]
        for manifest in oldestFirst {
            let kind = Kind(content: manifest.content, specID: manifest.specID)
            let byteCount = max(0, manifest.byteCount)
            if manifest.keyMetadata == nil, let pack = open[kind],
                pack.byteCount + byteCount <= targetByteCount
            {
                packs[pack.place].append(manifest)
                open[kind] = (pack.place, pack.byteCount + byteCount)
                continue
            }
            packs.append([manifest])
            if manifest.keyMetadata == nil { open[kind] = (packs.count - 1, byteCount) }
        }
        let small = packs.reduce(0) { $0 + ($1.count > 1 ? $1.count : 0) }
        return small >= leastCount ? packs : manifests.map { [$0] }
    }
}

extension SnapshotPlanner {
    /// The plan with its small manifests packed, where there are enough of them.
    func packed(_ plan: Plan, upon metadata: TableMetadata) async throws -> Plan {
        var plan = plan
        var manifests: [ManifestFile] = []
        for group in ManifestMerging(metadata).groups(plan.manifests) {
            guard group.count > 1 else {
                manifests += group
                continue
            }
            var entries: [ManifestEntry] = []
            for manifest in group {
                entries += try await reader.entries(of: manifest).compactMap(carriedOver)
                dropped(manifest)
            }
            guard !entries.isEmpty else { continue }
            manifests.append(
                try await write(entries, content: group[0].content, upon: metadata)
            )
        }
        // Readers of changes look at the newest first.
        plan.manifests = manifests.sorted { $0.sequenceNumber > $1.sequenceNumber }
        return plan
    }

    /// An entry as this snapshot's manifests have it; nil for what an older one deleted.
    private func carriedOver(_ entry: ManifestEntry) -> ManifestEntry? {
        var entry = entry
        let isOwn = entry.snapshotID == snapshotID
        switch entry.status {
        case .deleted: return isOwn ? entry : nil
        case .added where isOwn:
            entry.sequenceNumber = nil
            entry.fileSequenceNumber = nil
        case .added, .existing: entry.status = .existing
        }
        return entry
    }
}
