/// Something that can be set: by a flag, else by a variable, else in the settings file, else as it is.
///
/// The table of docs/operations.md is made of these, and a test compares the two.
struct Setting: Sendable {
    /// The flag without its dashes, and the field in the file.
    let name: String
    let text: String
    /// What holds where nothing is set, in words.
    let usual: String

    /// The variable of the environment.
    var variable: String {
        "TRIBUTARY_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    static let all: [Setting] = [
        lake, host, port, stateFolder, metastore, runs, runsPerSource, historyDays, sourceHosts,
        key, server,
        token, logLevel,
    ]

    static let lake = Setting(
        name: "lake",
        text: "The lake's folder: a path, or file:///path.",
        usual: "./lake"
    )
    static let host = Setting(
        name: "host",
        text: "The address the server listens at.",
        usual: "127.0.0.1"
    )
    static let port = Setting(
        name: "port",
        text: "The port the server listens at; 0 for a free one.",
        usual: "8475"
    )
    static let stateFolder = Setting(
        name: "state-folder",
        text: "The folder of the node's own files: its metastore, the first token, its locks.",
        usual: "_metastore in the lake"
    )
    static let metastore = Setting(
        name: "metastore",
        text: "The metastore's file.",
        usual: "metastore.sqlite in the state folder"
    )
    static let runs = Setting(name: "runs", text: "Runs at a time, in all.", usual: "4")
    static let runsPerSource = Setting(
        name: "runs-per-source",
        text: "Runs at a time of one source.",
        usual: "2"
    )
    static let historyDays = Setting(
        name: "history-days",
        text: "Days for which the history of runs is kept.",
        usual: "90"
    )
    static let sourceHosts = Setting(
        name: "source-hosts",
        text: "Hosts that sources may be on, separated by commas; *.example.com for all below it.",
        usual: "all"
    )
    static let key = Setting(
        name: "key",
        text: "The key secrets are sealed with: env:NAME, file:/path or exec:command.",
        usual: "tributary/key in the user's configuration folder"
    )
    static let server = Setting(
        name: "server",
        text: "For commands: the address of a server to ask, as in http://127.0.0.1:8475.",
        usual: "the lake's own, where one runs"
    )
    static let token = Setting(
        name: "token",
        text: "For commands: the token to ask with: env:NAME, file:/path or exec:command.",
        usual: "the file of the lake's first token"
    )
    static let logLevel = Setting(
        name: "log-level",
        text: "What the server logs: trace, debug, info, notice, warning, error or critical.",
        usual: "info"
    )

    /// The table of all settings, as it stands in docs/operations.md.
    static var table: String {
        let rows = all.map { "| `--\($0.name)` | `\($0.variable)` | \($0.text) | \($0.usual) |" }
        return (["| flag | variable | what | default |", "|---|---|---|---|"] + rows)
            .joined(separator: "\n")
    }
}
