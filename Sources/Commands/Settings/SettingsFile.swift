import Basics
import Definitions
import FoundationEssentials
import JSON
import Yams

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A file of settings: one `name: value` in a line.
struct SettingsFile: Sendable {
    let path: String
    /// Texts by the names of the settings.
    let values: [String: String]

    /// Reads a file; nil where there is none.
    ///
    /// - Throws: `SettingsError` for one that cannot be read, and for what is no setting.
    init?(_ path: String) throws {
        self.path = path
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            guard access(path, F_OK) != 0, errno == ENOENT || errno == ENOTDIR else {
                throw SettingsError(
                    "\(path): the settings cannot be read; see who may read the file"
                )
            }
            return nil
        }
        values = try Self.read(text, path)
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
            guard found[name] == nil else { throw SettingsError("\(path): \(name) is set twice") }
            found[name] = try Self.text(value, "\(path): \(name)")
        }
        return found
    }

    private static func text(_ node: Node, _ place: String) throws -> String {
        if let items = node.sequence {
            return try items.map { item in
                guard item.scalar != nil else { throw SettingsError("\(place) is a list of texts") }
                return try text(item, place)
            }.joined(separator: ",")
        }
        guard let scalar = node.scalar else { throw SettingsError("\(place) is one value") }
        guard scalar.style != .plain || !JSONValue.isNull(yaml: scalar.string) else {
            throw SettingsError("\(place) has no value; leave it out, or put a word in quotes")
        }
        return scalar.string
    }

    /// - Throws: `SettingsError` for what may stand only in a file that somebody chose.
    func requireHarmless() throws {
        let places =
            "a file that --config or TRIBUTARY_CONFIG names, or in the configuration folders of the user or "
            + "the system (tributary/tributary.yaml)"
        for setting in [Setting.key, Setting.token] {
            switch values[setting.name].flatMap(SecretReference.init(parsing:)) {
            case .command?, .file?:
                throw SettingsError(
                    "\(path): \(setting.name) names a command or a file, which the settings of the current "
                        + "folder may not; put it in \(places)"
                )
            case .sealed?, .environment?, nil: break
            }
        }
        guard let url = values[Setting.server.name], !Self.isOfThisMachine(url) else { return }
        throw SettingsError(
            "\(path): server names another machine, which the settings of the current folder may not; put it "
                + "in \(places)"
        )
    }

    private static func isOfThisMachine(_ url: String) -> Bool {
        guard let start = url.firstRange(of: "://") else { return false }
        let authority = url[start.upperBound...].prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else { return false }
        if authority.hasPrefix("[") { return authority.hasPrefix("[::1]") }
        let host = authority.prefix { $0 != ":" }
        return host == "localhost" || host == "127.0.0.1"
    }
}
