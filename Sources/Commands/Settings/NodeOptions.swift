import ArgumentParser
import Columnar
import Daemon
import FoundationEssentials
import ObjectStorage

/// The settings of a node, for every command that opens one.
struct NodeOptions: ParsableArguments {
    @OptionGroup var lake: LakeOptions

    @Option(
        help: ArgumentHelp(
            "The folder of the node's own files (default: in the lake).",
            valueName: "folder"
        )
    )
    var stateFolder: String?

    @Option(
        help: ArgumentHelp(
            "The metastore's file (default: in the state folder).",
            valueName: "file"
        )
    )
    var metastore: String?

    @Option(
        help: ArgumentHelp(
            "The key secrets are sealed with: env:NAME, file:/path or exec:command.",
            valueName: "reference"
        )
    )
    var key: String?

    private var flags: [String: String] {
        var flags: [String: String] = [:]
        flags[Setting.stateFolder.name] = stateFolder
        flags[Setting.metastore.name] = metastore
        flags[Setting.key.name] = key
        return flags
    }

    /// All settings, these and others.
    func settings(_ others: [String: String] = [:]) throws -> Settings {
        try lake.settings(flags.merging(others) { own, _ in own })
    }

    /// How a node works.
    func node(_ settings: Settings) throws -> NodeSettings {
        var node = NodeSettings(
            lake: try LakeOptions.folder(settings),
            environment: ProcessInfo.processInfo.environment,
            release: Release.version
        )
        node.state = try settings.text(.stateFolder).map(FolderAddress.path)
        node.metastore = try settings.text(.metastore).map(FolderAddress.path)
        node.key = settings.text(.key)
        if let runs = try settings.number(.runs, 1...10_000) { node.runs = runs }
        if let runs = try settings.number(.runsPerSource, 1...10_000) { node.runsPerSource = runs }
        if let days = try settings.number(.historyDays, 1...36_500) { node.historyDays = days }
        if let text = settings.text(.sourceHosts), text != "all" {
            let hosts = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
            guard !hosts.isEmpty else {
                throw SettingsError(
                    "\(settings.origin(of: .sourceHosts)): it names hosts, or is all"
                )
            }
            node.sourceHosts = hosts
        }
        return node
    }
}
