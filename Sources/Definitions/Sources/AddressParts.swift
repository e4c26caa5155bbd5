/// The parts of an address, for display and for what is allowed.
///
/// It is stricter than the connectors' parsers: what is allowed must not mean one thing here and another
/// there. What does not fit is shown to nobody and let through for administrators alone.
package struct AddressParts: Hashable, Sendable {
    package let scheme: String
    package let user: String?
    /// What stands in the password's place; a reference, where it may be kept.
    package let password: String?
    /// Hosts in lowercase, without ports and without a dot at their ends.
    package let hosts: [String]
    private let place: String
    private let parameters: [(name: String, value: String)]

    /// Parameters that say nothing of where and who, and name no file.
    private static let harmless: Set<String> = [
        "sslmode", "ssl-mode", "connect_timeout", "connect-timeout", "application_name",
        "target_session_attrs", "charset",
    ]

    /// Takes an address apart; nil for one that does not fit.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard let colon = text.firstRange(of: "://") else { return nil }
        scheme = String(text[..<colon.lowerBound])
        guard ["postgres", "postgresql", "mysql", "mariadb"].contains(scheme) else { return nil }
        var rest = text[colon.upperBound...]
        var parameters: [(name: String, value: String)] = []
        if let mark = rest.firstIndex(of: "?") {
            for pair in rest[rest.index(after: mark)...].split(separator: "&") {
                let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
                guard parts.count == 2, Self.harmless.contains(String(parts[0])),
                    parts[1].utf8.allSatisfy(Self.isPlain)
                else { return nil }
                parameters.append((String(parts[0]), String(parts[1])))
            }
            rest = rest[..<mark]
        }
        self.parameters = parameters
        let ends = rest.split(separator: "@", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { return nil }
        if ends.count == 2 {
            let login = ends[0].split(
                separator: ":",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let password = login.count > 1 ? String(login[1]) : nil
            guard login[0].utf8.allSatisfy({ Self.isPlain($0) || $0 == UInt8(ascii: "%") }),
                password.map({ SecretReference(parsing: $0)?.fitsAddress ?? false }) ?? true
            else { return nil }
            user = String(login[0])
            self.password = password
        } else {
            (user, password) = (nil, nil)
        }
        place = ends.last.map(String.init) ?? ""
        let parts = place.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2,
            parts.dropFirst().allSatisfy({
                $0.utf8.allSatisfy { Self.isPlain($0) || $0 == UInt8(ascii: "%") }
            }), let hosts = Self.hosts(parts[0])
        else { return nil }
        self.hosts = hosts
    }

    /// Takes an address apart whose password stands in it.
    package init?(resolved text: String) {
        guard let start = text.firstRange(of: "://"), let at = text.lastIndex(of: "@"),
            at > start.upperBound,
            let colon = text[start.upperBound..<at].firstIndex(of: ":")
        else {
            self.init(text)
            return
        }
        // Only what cannot end the login early is a password here.
        let password = text[text.index(after: colon)..<at]
        guard
            password.utf8.allSatisfy({
                Self.isPlain($0) || $0 == UInt8(ascii: "%") || "!$'()*+,;:".utf8.contains($0)
            })
        else { return nil }
        self.init(text[..<colon] + text[at...])
    }

    package static func == (left: AddressParts, right: AddressParts) -> Bool {
        left.text == right.text
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// The whole address, which holds no secret.
    private var text: String {
        let login = user.map { $0 + (password.map { ":" + $0 } ?? "") + "@" } ?? ""
        let query = parameters.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        return "\(scheme)://\(login)\(place)" + (query.isEmpty ? "" : "?\(query)")
    }

    /// The address as it may be shown: made of the parts that are known, and a secret by its name.
    package var shown: String { text }

    /// Hosts and ports as they are written; what runs of the same source share.
    package var authority: String { String(place.prefix { $0 != "/" }) }

    /// Bytes that mean themselves wherever they stand.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }

    /// The hosts of `host:port,[::1]:port`; nil where one is missing or none.
    private static func hosts(_ text: Substring) -> [String]? {
        var hosts: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            var host: Substring
            var port: Substring
            if part.hasPrefix("[") {
                guard let end = part.firstIndex(of: "]") else { return nil }
                host = part[part.index(after: part.startIndex)..<end]
                port = part[part.index(after: end)...]
                guard
                    host.utf8.allSatisfy({
                        Self.isPlain($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "%")
                    })
                else { return nil }
            } else {
                host = part.prefix { $0 != ":" }
                port = part.dropFirst(host.count)
                guard host.utf8.allSatisfy(Self.isPlain) else { return nil }
            }
            guard port.isEmpty || (port.first == ":" && UInt16(port.dropFirst()) != nil) else {
                return nil
            }
            while host.last == "." { host.removeLast() }
            guard !host.isEmpty else { return nil }
            hosts.append(host.lowercased())
        }
        return hosts
    }

    /// Whether one of these hosts is not on a list of names, `*.example.com` among them.
    package func hostOutside(_ list: [String]) -> String? {
        hosts.first { host in
            !list.contains { pattern in
                let pattern = pattern.lowercased()
                return pattern == host
                    || (pattern.hasPrefix("*.") && host.hasSuffix(pattern.dropFirst()))
            }
        }
    }
}

extension SecretReference {
    /// Whether it may stand in an address: a name, and nothing that an address would read otherwise.
    fileprivate var fitsAddress: Bool {
        switch self {
        case .sealed, .environment: true
        case .file, .command: false
        }
    }
}
