extension Address: CustomStringConvertible, CustomReflectable {
    /// The address with `…` for each secret that is written out.
    ///
    /// It is not shown as it is (`mayBeShown`): what was meant as a password may stand elsewhere in others.
    package var text: String {
        guard hasAuthority else { return "\(scheme):\(path?.raw ?? "")" }
        let login = user.map { $0.raw + (password.map { ":\($0.text)" } ?? "") + "@" } ?? ""
        let query = parameters.map { "?" + $0.map(\.text).joined(separator: "&") } ?? ""
        return "\(scheme)://\(login)\(place)\(query)"
    }

    /// Hosts and path as they are written.
    package var place: String {
        hosts.map(\.text).joined(separator: ",")
            + (path.map { (hasAuthority ? "/" : "") + $0.raw } ?? "")
    }

    /// Path and parameters as they are written, for what knows no parameters.
    package var pathAndQuery: String {
        let query = parameters.map { "?" + $0.map(\.written).joined(separator: "&") } ?? ""
        return (path.map { (hasAuthority ? "/" : "") + $0.raw } ?? "") + query
    }

    /// Whether each part can be nothing else: no byte stands in it that has another meaning elsewhere, and hosts
    /// are named.
    ///
    /// The password is looked at by itself.
    package var isPlain: Bool {
        hasAuthority && (user?.isPlain ?? true) && (path?.isPlain ?? true)
            && !hosts.isEmpty && hosts.allSatisfy(\.isPlain)
            && (parameters ?? []).allSatisfy(\.isPlain)
    }

    /// Whether all of it may be shown: a secret stands in it by its name alone.
    package var mayBeShown: Bool { isPlain && (password?.isPlain ?? true) }

    /// Whether what stands behind the login may still belong to it: an `@` has to be written by its digits there.
    package var isCutDoubtfully: Bool { place.utf8.contains(UInt8(ascii: "@")) }

    /// Whether a byte of the login, or of what is written out as its password, is one of these.
    package func loginHolds(any signs: String) -> Bool {
        let isInPassword = password?.written?.reveal {
            $0.utf8.contains { signs.utf8.contains($0) }
        }
        return user?.raw.utf8.contains { signs.utf8.contains($0) } == true || isInPassword == true
    }

    /// Whether a byte behind the login, secrets left out, is one of these.
    package func restHolds(any signs: String) -> Bool {
        (place + (parameters ?? []).map(\.text).joined()).utf8.contains { signs.utf8.contains($0) }
    }

    /// The scheme, and nothing of what stands behind it.
    package var outline: String { hasAuthority ? "\(scheme)://…" : "…" }

    /// The references in it, by the name of the parameter; `password` for what stands in the login.
    package var references: [String: SecretReference] { secrets { $0.reference } }

    /// What is written out in it, decoded, by the same names.
    package var writtenSecrets: [String: Secret] {
        secrets { $0.written?.reveal { Secret(EncodedText(raw: $0).lenient) } }
    }

    private func secrets<Value>(_ value: (AddressSecret) -> Value?) -> [String: Value] {
        var found: [String: Value] = [:]
        if let password { found["password"] = value(password) }
        for parameter in parameters ?? [] {
            if case .secret(let secret) = parameter.value {
                found[parameter.name.lenient] = value(secret)
            }
        }
        return found
    }

    package var description: String { mayBeShown ? text : outline }
    package var customMirror: Mirror { Mirror(reflecting: description) }
}

extension Address.Host {
    fileprivate var text: String {
        (isBracketed ? "[\(name.raw)]" : name.raw) + (port.map { ":\($0.raw)" } ?? "")
    }

    /// Whether it is a name, or an address in brackets, with a number behind its colon.
    fileprivate var isPlain: Bool {
        let isName = name.raw.utf8.allSatisfy { byte in
            EncodedText.meansItself(byte) || (isBracketed && ":%".utf8.contains(byte))
        }
        let isNamed = name.raw.utf8.contains { $0 != UInt8(ascii: ".") }
        return isName && isNamed && port.map { UInt16($0.raw) != nil } ?? true
    }
}

extension Address.Parameter {
    fileprivate var text: String {
        switch value {
        case .missing: name.raw
        case .text(let text): "\(name.raw)=\(text.raw)"
        case .secret(let secret): "\(name.raw)=\(secret.text)"
        }
    }

    /// As it is written, a secret that is written out among it.
    fileprivate var written: String {
        guard case .secret(.written(let secret)) = value else { return text }
        return "\(name.raw)=\(secret.reveal { $0 })"
    }

    fileprivate var isPlain: Bool {
        guard case .text(let text) = value else { return false }
        return name.raw.utf8.allSatisfy { EncodedText.meansItself($0) }
            && text.raw.utf8.allSatisfy { EncodedText.meansItself($0) }
    }
}

extension AddressSecret {
    fileprivate var text: String { reference?.description ?? "…" }

    /// Whether it is a name, which an address could not read otherwise.
    fileprivate var isPlain: Bool {
        switch self {
        case .reference(.sealed), .reference(.environment): true
        case .reference(.file), .reference(.command), .written: false
        }
    }
}
