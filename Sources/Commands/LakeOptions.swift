import ArgumentParser
import Daemon
import Iceberg
import ObjectStorage

/// `--lake`, for every command that reads or writes one.
struct LakeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The lake's folder.", valueName: "folder"))
    var lake = "./lake"

    /// Opens the lake.
    func open(_ access: LocalStore.Access) throws -> Lake {
        try Lake(folder: lake, access)
    }
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
