import Foundation
import Iceberg
import ObjectStorage
import Synchronization
import TestSupport

/// A table's document as other programs may leave it.
struct ForeignMetadata {
    fileprivate(set) var document: [String: Any]

    subscript(name: String) -> Any? {
        get { document[name] }
        set { document[name] = newValue }
    }

    /// Takes out all properties and facts whose names begin like this.
    mutating func forget(_ prefix: String) {
        document["properties"] = Self.without(prefix, document["properties"])
        snapshots = snapshots.map { snapshot in
            var snapshot = snapshot
            snapshot["summary"] = Self.without(prefix, snapshot["summary"])
            return snapshot
        }
    }

    private static func without(_ prefix: String, _ values: Any?) -> [String: Any] {
        (values as? [String: Any] ?? [:]).filter { !$0.key.hasPrefix(prefix) }
    }

    private var snapshots: [[String: Any]] {
        get { document["snapshots"] as? [[String: Any]] ?? [] }
        set { document["snapshots"] = newValue }
    }

    /// The current snapshot's id.
    var currentID: Int64? { document["current-snapshot-id"] as? Int64 }

    /// Notes the document's own name, for the one that follows it.
    fileprivate mutating func logItself(as name: String) {
        let entry: [String: Any] = [
            "metadata-file": "\(document["location"] ?? "")/metadata/\(name)",
            "timestamp-ms": document["last-updated-ms"] ?? 0,
        ]
        document["metadata-log"] = (document["metadata-log"] as? [Any] ?? []) + [entry]
    }

    /// Expires all snapshots but the current one.
    ///
    /// pyiceberg forgets the parent of a snapshot with the parent.
    mutating func keepNewestSnapshot(forgettingParent: Bool = false) {
        let current = currentID
        snapshots = snapshots.filter { $0["snapshot-id"] as? Int64 == current }
        if forgettingParent { snapshots[0]["parent-snapshot-id"] = nil }
        document["snapshot-log"] = [Any]()
    }
}

extension SmallLake {
    /// Publishes a snapshot of another program.
    func commitAsOthers() async throws {
        var transaction = try await lake().catalog.beginTransaction(table)
        transaction.append([])
        transaction.addSummary(["engine-name": "another"])
        _ = try await transaction.commit()
    }

    /// Puts the table back to a snapshot, as its owner may.
    func rollBack(to snapshotID: Int64) async throws {
        var transaction = try await lake().catalog.beginTransaction(table)
        try transaction.rollBack(to: snapshotID)
        _ = try await transaction.commit()
    }

    /// Writes the table's next document as another program would.
    func rewriteMetadata(_ change: (inout ForeignMetadata) throws -> Void) throws {
        try disk.rewriteMetadata(change)
    }

    /// Removes a row at the source, for good.
    func removeRow() {
        var chance = SplitMix64(seed: 1)
        database.withLock { $0.removeOne(&chance) }
    }
}

extension SimulatedDisk {
    /// Writes the table's next document as another program would.
    func rewriteMetadata(_ change: (inout ForeignMetadata) throws -> Void) throws {
        let folder = "warehouse/main/rows/metadata"
        let versions = keys.compactMap { key -> Int? in
            guard key.rawValue.hasPrefix(folder), key.name.hasPrefix("v"),
                key.name.hasSuffix(".metadata.json")
            else { return nil }
            return Int(key.name.dropFirst().dropLast(".metadata.json".count))
        }
        guard let version = versions.max(),
            let bytes = self.bytes(try ObjectKey("\(folder)/v\(version).metadata.json")),
            let document = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        else { throw TestSupportError("there is no table to rewrite") }
        var metadata = ForeignMetadata(document: document)
        metadata.logItself(as: "v\(version).metadata.json")
        try change(&metadata)
        let next = try JSONSerialization.data(withJSONObject: metadata.document)
        for (name, content) in [
            ("v\(version + 1).metadata.json", Array(next)),
            ("version-hint.text", Array(String(version + 1).utf8)),
        ] {
            _ = try put(
                content,
                to: try ObjectKey("\(folder)/\(name)"),
                condition: .none,
                writer: 0
            )
        }
    }
}
