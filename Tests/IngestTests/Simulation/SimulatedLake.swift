import Basics
import Iceberg
import Ingest
import ObjectStorage

/// A lake as one process sees it.
struct SimulatedLake: Sendable {
    let store: SimulatedStore
    let clocks: Clocks
    let catalog: FilesystemCatalog
    let registry: RunRegistry
    let cleaner: RunCleaner

    init(
        disk: SimulatedDisk,
        warehouse: ObjectKey,
        attempt: SimulatedAttempt,
        clocks: Clocks
    ) {
        store = SimulatedStore(disk: disk, attempt: attempt)
        self.clocks = clocks
        catalog = FilesystemCatalog(store: store, warehouse: warehouse, clocks: clocks)
        registry = RunRegistry(store: store, clocks: clocks)
        cleaner = RunCleaner(store: store, catalog: catalog, registry: registry)
    }
}
