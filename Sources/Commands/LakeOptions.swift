import ArgumentParser
import Daemon
import FoundationEssentials
import Iceberg
import ObjectStorage
import Streams

/// `--lake`, for every command that reads or writes one.
struct LakeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The lake's folder (default: ./lake).", valueName: "folder"))
    var lake: String?

    @Option(
        help: ArgumentHelp("The settings file (default: tributary.yaml).", valueName: "file")
    )
    var config: String?

    /// All settings: the lake, and others that flags give.
    func settings(_ others: [String: String] = [:]) throws -> Settings {
        var flags = others
        flags[Setting.lake.name] = lake
        return try Settings(
            flags: flags,
            environment: ProcessInfo.processInfo.environment,
            file: config
        )
    }

    /// The lake's folder as the settings name it.
    static func folder(_ settings: Settings) throws -> String {
        do {
            return try FolderAddress.path(settings.text(.lake) ?? "./lake")
        } catch let error as StorageError {
            throw StorageError(error.code, "\(settings.origin(of: .lake)): \(error.message)")
        }
    }

    /// The lake's folder.
    func folder() throws -> String { try Self.folder(settings()) }

    /// Opens the lake, which has to be there unless the command makes one.
    func open(_ access: LocalStore.Access, makesLake: Bool = false) async throws -> Lake {
        let folder = try folder()
        guard makesLake || FileManager.default.fileExists(atPath: folder) else {
            throw StorageError(.notFound, "there is no lake at \(folder); name it with --lake")
        }
        return try await Lake(folder: folder, access)
    }
}

/// A table's name as an argument: `namespace.table`.
struct TableArgument: ExpressibleByArgument {
    var identifier: TableIdentifier

    init?(argument: String) {
        // As streams are written: a part in double quotes may hold dots.
        if argument.hasPrefix("\"") {
            guard let name = StreamName(parsing: argument), let namespace = name.namespace,
                let identifier = try? TableIdentifier(namespace: namespace, name: name.name)
            else { return nil }  // As below.
            self.identifier = identifier
            return
        }
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
