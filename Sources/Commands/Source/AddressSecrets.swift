import Definitions
import Foundation

/// The secrets that a command logs in with: a server that is no friend could say them back in an error, and
/// nothing of that is to reach a terminal or a log.
struct AddressSecrets {
    private let environment: [String: String]
    private var found: Set<String> = []

    /// Finds the secrets of an address and of what the databases' libraries read beside it.
    init(of address: String, environment: [String: String]) {
        self.environment = environment
        addPassword(of: address)
        addParameters(of: address)
        for name in ["PGPASSWORD", "MYSQL_PWD"] { add(environment[name]) }
        let home = environment["HOME"] ?? ""
        addPasswordFile(environment["PGPASSFILE"] ?? "\(home)/.pgpass")
    }

    /// The secrets, each in the forms in which it could come back.
    var all: [Secret] {
        var forms = found
        for text in found { forms.insert(APIClient.escaped(text)) }
        // The longest first: a secret that holds another one goes as a whole.
        return forms.sorted { $0.utf8.count > $1.utf8.count }.map(Secret.init)
    }

    private mutating func add(_ text: String?) {
        guard let text, !text.isEmpty else { return }
        found.insert(text)
        if let plain = text.removingPercentEncoding { found.insert(plain) }
    }

    /// What stands between the first colon of the login and the last @, however an address is cut by others.
    private mutating func addPassword(of address: String) {
        guard let start = address.firstRange(of: "://"), let at = address.lastIndex(of: "@"),
            at > start.upperBound,
            let colon = address[start.upperBound..<at].firstIndex(of: ":")
        else { return }
        let password = String(address[address.index(after: colon)..<at])
        if case .environment(let name)? = SecretReference(parsing: password) {
            add(environment[name])
        } else {
            add(password)
        }
    }

    private mutating func addParameters(of address: String) {
        guard let mark = address.firstIndex(of: "?") else { return }
        for pair in address[address.index(after: mark)...].split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let value = String(parts[1]).removingPercentEncoding else {
                continue
            }
            switch parts[0] {
            case "password", "sslpassword": add(value)
            case "passfile": addPasswordFile(value)
            case "defaults-file": addOptionFile(value)
            default: break
            }
        }
    }

    /// The last fields of libpq's password file, in which a backslash stands before what is meant as it is.
    private mutating func addPasswordFile(_ path: String) {
        // No file, no password.
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return }
        for line in text.split(whereSeparator: \.isNewline) where line.first != "#" {
            var fields = [""]
            var isEscaped = false
            for character in line {
                if isEscaped {
                    fields[fields.count - 1].append(character)
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == ":", fields.count < 5 {
                    fields.append("")
                } else {
                    fields[fields.count - 1].append(character)
                }
            }
            if fields.count == 5 { add(fields[4]) }
        }
    }

    /// The passwords of an option file of MySQL's programs.
    private mutating func addOptionFile(_ path: String) {
        // As above.
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return }
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1).map(Self.trimmed)
            guard parts.count == 2, parts[0] == "password" else { continue }
            add(parts[1].filter { $0 != "\"" && $0 != "'" })
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
