/// Where a source is, in one line: `scheme://user:password@host:port/path?name=value`, or `scheme:path`.
///
/// It is taken apart here and nowhere else: what is shown, who may ask for it and where a connection leads are
/// decided upon the same parts. They are kept as they are written, since a percent sign is not the same to all
/// kinds of sources. A secret that is written out in an address is kept as one.
package struct Address: Sendable {
    /// A host of a list, and its port.
    package struct Host: Hashable, Sendable {
        /// Without the brackets of an IPv6 address.
        package let name: EncodedText
        /// Whether it stands in brackets.
        package let isBracketed: Bool
        /// nil where no colon stands behind the host.
        package let port: EncodedText?
    }

    /// Something behind the question mark.
    package struct Parameter: Sendable {
        /// What stands behind the equals sign.
        package enum Value: Sendable {
            /// There is no equals sign.
            case missing
            case text(EncodedText)
            case secret(AddressSecret)
        }

        package let name: EncodedText
        package let value: Value
    }

    /// Which words in a password's place refer to a secret.
    package enum References: Sendable {
        /// All that `SecretReference` reads.
        case all
        /// `env:` alone: any other word is a password.
        case variables
    }

    /// In the case it is written in.
    package let scheme: String
    /// Whether two slashes stand behind the scheme, and so the place of a host.
    package let hasAuthority: Bool
    /// nil where no `@` ends a login.
    package let user: EncodedText?
    /// What stands behind the login's colon; nil where there is none.
    package let password: AddressSecret?
    /// Empty where nothing stands in their place.
    package let hosts: [Host]
    /// Without the slash before it; nil where there is none.
    ///
    /// Where there is no authority, it is all that stands behind the scheme.
    package let path: EncodedText?
    /// nil where there is no question mark.
    package let parameters: [Parameter]?

    /// Takes an address apart.
    ///
    /// A login ends at the last `@` before the first slash; a reference to a file or a command, which may hold
    /// both, at the last one of all.
    ///
    /// - Returns: nil for a text that has no scheme, or a bracket without its other one.
    package init?(parsing text: String, references: References = .all) {
        var rest = text[...]
        scheme = String(rest.takeBytes { $0 != UInt8(ascii: ":") })
        guard Self.isScheme(scheme), rest.dropByte(":") else { return nil }
        let body = rest
        hasAuthority = rest.dropByte("/") && rest.dropByte("/")
        guard hasAuthority else {
            (user, password, hosts, parameters) = (nil, nil, [], nil)
            path = EncodedText(raw: body)
            return
        }
        (user, password) = Self.takeLogin(&rest, references)
        guard let hosts = Self.takeHosts(&rest) else { return nil }
        self.hosts = hosts
        path =
            rest.dropByte("/")
            ? EncodedText(raw: rest.takeBytes { $0 != UInt8(ascii: "?") }) : nil
        parameters = rest.dropByte("?") ? Self.parameters(rest, references) : nil
    }

    private static func isScheme(_ text: String) -> Bool {
        let isLetter = text.utf8.first.map { $0 | 0x20 }.map {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
        }
        return isLetter == true
            && text.utf8.allSatisfy { EncodedText.meansItself($0) || $0 == UInt8(ascii: "+") }
    }

    private static func takeLogin(
        _ rest: inout Substring,
        _ references: References
    ) -> (EncodedText?, AddressSecret?) {
        if references == .all, let at = rest.utf8.lastIndex(of: UInt8(ascii: "@")) {
            var login = rest[..<at]
            let user = login.takeBytes { !":/?#@".utf8.contains($0) }
            if login.dropByte(":"), let reference = SecretReference(parsing: String(login)) {
                rest = rest[rest.utf8.index(after: at)...]
                return (EncodedText(raw: user), .reference(reference))
            }
        }
        let authority = rest.utf8.prefix { $0 != UInt8(ascii: "/") }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return (nil, nil) }
        var login = rest[..<at]
        rest = rest[rest.utf8.index(after: at)...]
        let user = login.takeBytes { $0 != UInt8(ascii: ":") }
        guard login.dropByte(":") else { return (EncodedText(raw: user), nil) }
        return (EncodedText(raw: user), AddressSecret(String(login), references))
    }

    /// The hosts of `host:port,[::1]:port`; nil for a bracket without its other one.
    private static func takeHosts(_ rest: inout Substring) -> [Host]? {
        var hosts: [Host] = []
        repeat {
            let isBracketed = rest.dropByte("[")
            let name: Substring
            if isBracketed {
                name = rest.takeBytes { $0 != UInt8(ascii: "]") }
                guard !name.isEmpty, rest.dropByte("]"),
                    rest.utf8.first.map({ ":/?,".utf8.contains($0) }) ?? true
                else { return nil }
            } else {
                name = rest.takeBytes { !":/?,".utf8.contains($0) }
            }
            let port =
                rest.dropByte(":") ? rest.takeBytes { !"/?,".utf8.contains($0) } : nil
            hosts.append(
                Host(
                    name: EncodedText(raw: name),
                    isBracketed: isBracketed,
                    port: port.map { EncodedText(raw: $0) }
                )
            )
        } while rest.dropByte(",")
        let isNone = hosts.count == 1 && hosts[0].name.raw.isEmpty && hosts[0].port == nil
        return isNone ? [] : hosts
    }

    private static func parameters(
        _ text: Substring,
        _ references: References
    ) -> [Parameter] {
        guard !text.isEmpty else { return [] }
        return text.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
            .map { bytes in
                var rest = Substring(bytes)
                let name = EncodedText(raw: rest.takeBytes { $0 != UInt8(ascii: "=") })
                guard rest.dropByte("=") else { return Parameter(name: name, value: .missing) }
                guard AddressSecret.isNamed(name.lenient) else {
                    return Parameter(name: name, value: .text(EncodedText(raw: rest)))
                }
                return Parameter(
                    name: name,
                    value: .secret(AddressSecret(String(rest), references))
                )
            }
    }
}

/// A secret in its place in an address.
package enum AddressSecret: Sendable {
    case reference(SecretReference)
    /// One that is written out, as it is written.
    case written(Secret)

    init(_ raw: String, _ references: Address.References) {
        // One whose colon is written by its digits is a password.
        switch references {
        case .all:
            self = SecretReference(parsing: raw).map { .reference($0) } ?? .written(Secret(raw))
        case .variables:
            self =
                raw.utf8.starts(with: "env:".utf8)
                ? .reference(.environment(EncodedText(raw: raw.dropFirst(4)).lenient))
                : .written(Secret(raw))
        }
    }

    /// Whether a parameter of that name holds a secret.
    package static func isNamed(_ name: String) -> Bool {
        ["password", "passwd", "token", "secret"].contains { name.lowercased().contains($0) }
    }

    /// Whether a value seems to hold parameters of its own, a secret among them.
    package static func seemsToStand(in value: String) -> Bool {
        ["password", "passwd", "token", "secret="].contains { value.lowercased().contains($0) }
    }

    /// The reference, if it is one.
    package var reference: SecretReference? {
        if case .reference(let reference) = self { reference } else { nil }
    }

    /// The secret as it is written, if it is written out.
    package var written: Secret? {
        if case .written(let secret) = self { secret } else { nil }
    }
}

extension Substring {
    /// Takes bytes off the front; no sign of an address is part of a longer character.
    fileprivate mutating func takeBytes(while isTaken: (UInt8) -> Bool) -> Substring {
        let taken = self[..<(utf8.firstIndex { !isTaken($0) } ?? endIndex)]
        self = self[taken.endIndex...]
        return taken
    }

    /// Takes one byte off the front, if it is the first.
    fileprivate mutating func dropByte(_ sign: Unicode.Scalar) -> Bool {
        guard let first = utf8.first, first == UInt8(ascii: sign) else { return false }
        self = self[utf8.index(after: startIndex)...]
        return true
    }
}
