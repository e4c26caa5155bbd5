import Iceberg
import Ingest
import ObjectStorage

/// A lake as one process sees it.
struct SimulatedLake: Sendable {
    let store: SimulatedStore
    let environment: CommitEnvironment
    let catalog: FilesystemCatalog
    let registry: RunRegistry
    let cleaner: RunCleaner

    init(
        disk: SimulatedDisk,
        warehouse: ObjectKey,
        attempt: SimulatedAttempt,
        environment: CommitEnvironment
    ) {
        store = SimulatedStore(disk: disk, attempt: attempt)
        self.environment = environment
        catalog = FilesystemCatalog(store: store, warehouse: warehouse, environment: environment)
        registry = RunRegistry(store: store, environment: environment)
        cleaner = RunCleaner(store: store, catalog: catalog, registry: registry)
    }
}
