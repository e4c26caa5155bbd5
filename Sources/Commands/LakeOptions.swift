import ArgumentParser
import FoundationEssentials
import Iceberg
import Ingest
import ObjectStorage

/// `--lake`, for every command that reads or writes one.
struct LakeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The lake's folder.", valueName: "folder"))
    var lake = "./lake"

    /// Opens the lake.
    func open(_ access: LocalStore.Access) throws -> Lake {
        let store = try LocalStore(root: lake, access: access)
        return Lake(
            store: store,
            catalog: FilesystemCatalog(
                store: store,
                warehouse: try ObjectKey("warehouse"),
                environment: .system
            )
        )
    }
}

/// An open lake: where the bytes are and what tables there are.
struct Lake: Sendable {
    var store: LocalStore
    var catalog: FilesystemCatalog

    /// The runs of its tables.
    var registry: RunRegistry { RunRegistry(store: store, environment: .system) }

    /// What removes what runs left.
    var cleaner: RunCleaner {
        RunCleaner(store: store, catalog: catalog, registry: registry)
    }
}

extension CommitEnvironment {
    /// The machine's clock and chance.
    static let system = CommitEnvironment(
        now: { Int64(Date().timeIntervalSince1970 * 1000) },
        random: {
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        },
        sleep: { try await ContinuousClock().sleep(for: $0) }
    )
}

/// A table's name as an argument: `namespace.table`.
struct TableArgument: ExpressibleByArgument {
    var identifier: TableIdentifier

    init?(argument: String) {
        guard let dot = argument.firstIndex(of: ".") else { return nil }
        // A namespace has no dot; the table's name may.
        guard
            let identifier = try? TableIdentifier(
                namespace: String(argument[..<dot]),
                name: String(argument[argument.index(after: dot)...])
            )
        else { return nil }  // Argument parsing says that the value is no table name.
        self.identifier = identifier
    }
}
