import JSON

internal import ObjectStorage

/// Summaries of older snapshots are kept in their manifest lists alone.
///
/// Every document names all snapshots of its table, so a summary of 1 kB costs as many kB as there are
/// documents. What a snapshot says of itself stands in the head of its manifest list too; in the
/// document the newest ones have it whole, older ones of this program only say what was done.
enum SummaryShortening {
    /// The name under which a manifest list has the summary of its snapshot.
    static let listKey = "tributary.summary"

    /// The file name of a list that has it, without `.avro`; other programs end theirs with a UUID.
    static func listName(_ snapshotID: Int64, try number: Int) -> String {
        "snap-\(snapshotID)-\(number)"
    }

    /// Whether the list of a snapshot has its summary.
    static func isInList(_ snapshot: Snapshot) -> Bool {
        guard let name = snapshot.manifestList?.utf8.split(separator: UInt8(ascii: "/")).last,
            let text = String(name), text.hasSuffix(".avro")
        else { return false }
        let parts = text.dropLast(5).split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0] == "snap" && parts[1] == String(snapshot.id)
            && Int(parts[2]) != nil
    }
}

extension Snapshot {
    /// Whether the document has nothing but the operation of its summary, which stands in its list.
    var isShort: Bool { summary.count <= 1 && SummaryShortening.isInList(self) }
}

extension TableMetadata {
    /// Shortens the summaries of older snapshots; those that a reference names stay whole.
    mutating func shortenSummaries() {
        let named = Set(
            references.members.compactMap { $0.value.object?["snapshot-id"]?.integer }
                + [currentSnapshotID].compactMap { $0 }
        )
        var whole = 0
        for index in snapshots.indices.reversed() {
            let snapshot = snapshots[index]
            guard SummaryShortening.isInList(snapshot), !snapshot.isShort else { continue }
            whole += 1
            guard whole > Limits.wholeSummaryCount, !named.contains(snapshot.id) else { continue }
            snapshots[index].summary = ["operation": snapshot.operation]
        }
    }

    /// Gives a snapshot its summary back.
    mutating func restore(_ summary: [String: String], of snapshotID: Int64) {
        guard let index = snapshots.firstIndex(where: { $0.id == snapshotID }) else { return }
        snapshots[index].summary = summary
    }
}

extension ManifestReader {
    /// The whole summary of a snapshot.
    func summary(of snapshot: Snapshot) async throws -> [String: String] {
        guard snapshot.isShort,
            let text = try await listMetadata(of: snapshot)[
                SummaryShortening.listKey
            ]
        else { return snapshot.summary }
        return try JSONValue(document: text).object?.strings() ?? snapshot.summary
    }
}
