/// Where a secret is to be had.
package enum SecretReference: Hashable, Sendable, CustomStringConvertible {
    /// One that is sealed in the lake.
    case sealed(DefinitionID)
    /// A variable of the server's environment.
    case environment(String)
    /// The contents of a file on the server's machine, without a line's end behind them.
    case file(String)
    /// What a command on the server's machine prints, without a line's end behind it.
    case command(String)

    /// Reads `secret:name`, `env:NAME`, `file:/path` or `exec:command`; nil for anything else.
    package init?(parsing text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else { return nil }
        let rest = String(parts[1])
        switch parts[0] {
        case "secret":
            guard let id = DefinitionID(rawValue: rest) else { return nil }
            self = .sealed(id)
        case "env" where rest.utf8.allSatisfy(Self.isNameByte): self = .environment(rest)
        case "file" where rest.hasPrefix("/"): self = .file(rest)
        case "exec": self = .command(rest)
        default: return nil
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Whether it reaches into the server's machine, which only an administrator may ask for.
    package var needsAdministrator: Bool {
        switch self {
        case .sealed: false
        case .environment, .file, .command: true
        }
    }

    /// The reference for display: of a command no more than its name, since what follows may be a secret.
    package var shown: String {
        guard case .command(let line) = self else { return description }
        let name = line.drop { $0 == " " }.prefix { $0 != " " }
        let isName = name.utf8.allSatisfy { Self.isNameByte($0) || "/.-+".utf8.contains($0) }
        return isName ? "exec:\(name) …" : "exec:…"
    }

    package var description: String {
        switch self {
        case .sealed(let id): "secret:\(id)"
        case .environment(let name): "env:\(name)"
        case .file(let path): "file:\(path)"
        case .command(let line): "exec:\(line)"
        }
    }
}
