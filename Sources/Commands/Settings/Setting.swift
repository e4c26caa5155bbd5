import FoundationEssentials
import Yams

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
        lake, host, port, metastore, runs, runsPerSource, historyDays, sourceHosts, key, server,
        token, logLevel,
    ]

    static let lake = Setting(name: "lake", text: "The lake's folder.", usual: "./lake")
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
    static let metastore = Setting(
        name: "metastore",
        text: "The metastore's file.",
        usual: "_metastore/metastore.sqlite in the lake"
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

/// The settings of a call: flags before variables before the file.
struct Settings: Sendable {
    private let flags: [String: String]
    private let environment: [String: String]
    private let file: [String: String]
    private let path: String?

    /// The file that is read where none is named.
    static let usualFile = "tributary.yaml"

    /// Reads the settings file, which has to be there only where it was named.
    ///
    /// - Throws: `SettingsError` for a file that cannot be read, and for fields there are not.
    init(flags: [String: String], environment: [String: String], file path: String?) throws {
        self.flags = flags
        self.environment = environment
        let named = path ?? environment["TRIBUTARY_CONFIG"]
        // A file that nobody named need not be there.
        let text = try? String(contentsOfFile: named ?? Self.usualFile, encoding: .utf8)
        guard let text else {
            if let named { throw SettingsError("\(named): the settings cannot be read") }
            file = [:]
            self.path = nil
            return
        }
        self.path = named ?? Self.usualFile
        file = try Self.read(text, named ?? Self.usualFile)
    }

    private static func read(_ text: String, _ path: String) throws -> [String: String] {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw SettingsError("\(path): it is no YAML")
        }
        guard let mapping = node?.mapping else {
            guard node == nil || node?.null != nil else {
                throw SettingsError("\(path): it holds one `name: value` in a line")
            }
            return [:]
        }
        var found: [String: String] = [:]
        for (key, value) in mapping {
            let name = (key.string ?? "").map { $0 == "_" ? "-" : String($0) }.joined()
            guard Setting.all.contains(where: { $0.name == name }) else {
                throw SettingsError(
                    "\(path): there is no setting \(name); there are "
                        + Setting.all.map(\.name).joined(separator: ", ")
                )
            }
            if let list = value.sequence {
                found[name] = list.compactMap(\.string).joined(separator: ",")
            } else if let scalar = value.scalar {
                found[name] = scalar.string
            } else {
                throw SettingsError("\(path): \(name) is one value")
            }
        }
        return found
    }

    /// A setting's text; nil where nothing sets it.
    func text(_ setting: Setting) -> String? {
        flags[setting.name] ?? environment[setting.variable] ?? file[setting.name]
    }

    /// A setting that is a number.
    ///
    /// - Throws: `SettingsError` for anything else, saying where it comes from.
    func number(_ setting: Setting, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = text(setting) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw SettingsError(
                "\(origin(of: setting)): it is a number from \(range.lowerBound) to \(range.upperBound), "
                    + "not \(text)"
            )
        }
        return number
    }

    /// Where a setting's value comes from.
    func origin(of setting: Setting) -> String {
        if flags[setting.name] != nil { return "--\(setting.name)" }
        if environment[setting.variable] != nil { return setting.variable }
        return "\(setting.name) in \(path ?? Self.usualFile)"
    }
}

/// Why a setting cannot be used.
struct SettingsError: Error, CustomStringConvertible {
    let description: String

    init(_ message: String) { description = message }
}
