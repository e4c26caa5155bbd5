import ArgumentParser
import Basics
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

extension TableName: ExpressibleByArgument {
    package init?(argument: String) {
        // Argument parsing says that the value is no table name.
        try? self.init(parsing: argument)
    }
}
