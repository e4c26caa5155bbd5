import Basics
package import Iceberg
package import Ingest
package import ObjectStorage

/// An open lake: where the bytes are and what tables there are.
package struct Lake: Sendable {
    package let store: LocalStore
    package let catalog: FilesystemCatalog

    /// Opens the lake in a folder.
    ///
    /// - Throws: `StorageError` where the folder cannot be used.
    package init(folder: String, _ access: LocalStore.Access) async throws {
        store = try await LocalStore.open(root: folder, access: access)
        catalog = FilesystemCatalog(
            store: store,
            warehouse: try ObjectKey("warehouse"),
            clocks: .machine
        )
    }

    /// - Throws: `StorageError` `unreachable` where the store cannot be looked at.
    package func requireAnswer() async throws { _ = try await store.list(nil) }

    /// The runs of its tables.
    package var registry: RunRegistry { RunRegistry(store: store, clocks: .machine) }

    /// What removes what runs left.
    package var cleaner: RunCleaner {
        RunCleaner(store: store, catalog: catalog, registry: registry)
    }
}
