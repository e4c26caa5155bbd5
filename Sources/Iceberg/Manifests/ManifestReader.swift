internal import ObjectStorage

/// Reads the manifests of a table out of its store.
struct ManifestReader {
    let store: any ObjectStore

    /// The manifests of a snapshot.
    func manifests(of snapshot: Snapshot) async throws -> [ManifestFile] {
        guard let location = snapshot.manifestList else {
            throw IcebergError(
                .unsupported,
                "snapshot \(snapshot.id) has no manifest list; rewrite the table as format version 2"
            )
        }
        let bytes = try await read(location)
        return try locating(location) { try ManifestList.parse(bytes) }
    }

    /// What a snapshot's manifest list says in its head.
    func listMetadata(of snapshot: Snapshot) async throws -> [String: [UInt8]] {
        guard let location = snapshot.manifestList else { return [:] }
        let bytes = try await read(location)
        return try locating(location) { try AvroFile(parsing: bytes).metadata }
    }

    /// The entries of a manifest.
    func entries(of manifest: ManifestFile) async throws -> [ManifestEntry] {
        let bytes = try await read(manifest.path)
        return try locating(manifest.path) { try Manifest.parse(bytes, in: manifest) }
    }

    private func read(_ location: String) async throws -> [UInt8] {
        guard let key = store.locations.key(at: location) else {
            throw IcebergError(
                .unsupported,
                "\(location) lies outside of the lake \(store.locations.base); "
                    + "if the lake was moved, move it back"
            )
        }
        do {
            return try await store.read(key).bytes
        } catch {
            throw IcebergError.wrapping(error)
        }
    }

    private func locating<Value>(_ location: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as IcebergError {
            throw error.at("cannot read \(location)")
        }
    }
}
