package import Basics
import Crypto
import FoundationEssentials
package import JSON

/// A sealed secret as it lies in the lake: AES-GCM under the operator's key, bound to its name.
package struct SecretDocument: DefinitionDocument, Hashable {
    package static let folder = "_secrets"
    package static let noun = "secret"
    private static let formatVersion = 1

    package var id: DefinitionID
    /// Nonce, ciphertext and tag, in Base64.
    private var sealed: String
    /// Tells keys apart without telling anything of them.
    package var keyID: String
    /// Hosts it may be sent to as a password, `*.example.com` among them; empty for all.
    package var hosts: [String]
    /// Milliseconds since 1970 in UTC.
    package var createdAt: Int64
    package var createdBy: String

    /// Reads the fields of a document.
    package init(_ fields: inout DocumentFields) throws(DefinitionError) {
        try DocumentFormat.check(&fields, newest: Self.formatVersion)
        id = try DefinitionID(try fields.requiredText("id"))
        sealed = try fields.requiredText("sealed")
        keyID = try fields.requiredText("key_id")
        hosts = try fields.texts("hosts") ?? []
        createdAt = try fields.instant("created_at") ?? 0
        createdBy = try fields.text("created_by") ?? ""
    }

    /// Seals a secret.
    ///
    /// - Throws: `DefinitionError` `secret` for one that is too long.
    package init(
        _ id: DefinitionID,
        sealing secret: Secret,
        with key: SealingKey,
        hosts: [String] = [],
        at time: Int64,
        by author: String
    ) throws(DefinitionError) {
        self.id = id
        keyID = key.id
        self.hosts = hosts
        createdAt = time
        createdBy = author
        sealed = try secret.reveal { value throws(DefinitionError) in
            guard value.utf8.count <= Limits.secretByteCount else {
                throw DefinitionError(
                    .secret,
                    "a secret has at most \(Limits.secretByteCount) bytes"
                )
            }
            let name = Self.name(id, hosts)
            return try key.seal(Data(value.utf8), for: name).base64EncodedString()
        }
    }

    /// Opens the secret.
    ///
    /// - Throws: `DefinitionError` `secret` where the key is another one or the document was changed.
    package func open(with key: SealingKey) throws(DefinitionError) -> Secret {
        guard key.id == keyID else {
            throw DefinitionError(
                .secret,
                "the secret \(id) was sealed with another key (\(keyID), this one is \(key.id)); use that "
                    + "key, or put the secret again"
            )
        }
        guard let bytes = Data(base64Encoded: sealed) else {
            throw DefinitionError(.secret, "the secret \(id) is damaged: put it again")
        }
        let name = Self.name(id, hosts)
        return Secret(String(decoding: try key.open(bytes, for: name), as: UTF8.self))
    }

    /// What a seal is bound to: the secret's name and its hosts.
    private static func name(_ id: DefinitionID, _ hosts: [String]) -> String {
        ([id.rawValue] + hosts).joined(separator: "\0")
    }

    package var fields: JSONObject {
        [
            "format_version": .integer(Self.formatVersion),
            "id": .string(id.rawValue),
            "sealed": .string(sealed),
            "key_id": .string(keyID),
            "hosts": .array(hosts.map(JSONValue.string)),
            "created_at": .string(Instant(createdAt).description),
            "created_by": .string(createdBy),
        ]
    }
}

/// The key secrets are sealed with: 256 bits.
package struct SealingKey: Sendable {
    private let key: SymmetricKey
    /// The first bytes of a hash of the key.
    package let id: String

    /// Makes a new key of the machine's randomness.
    package init() { self.init(SymmetricKey(size: .bits256)) }

    /// Reads a key of 32 bytes, in Base64 or in 64 hexadecimal digits, with blanks around it.
    ///
    /// - Throws: `DefinitionError` `secret` for anything else; it does not say what.
    package init(parsing text: Secret) throws(DefinitionError) {
        let bytes: Data? = text.reveal { text in
            let digits = text.filter { !$0.isWhitespace }
            if digits.utf8.count == 64 { return Self.hexadecimal(digits) }
            return Data(base64Encoded: digits)
        }
        guard let bytes, bytes.count == 32 else {
            throw DefinitionError(
                .secret,
                "the key is 32 bytes in Base64 or hexadecimal, as from `openssl rand -base64 32`"
            )
        }
        self.init(SymmetricKey(data: bytes))
    }

    private init(_ key: SymmetricKey) {
        self.key = key
        let hash = key.withUnsafeBytes { SHA256.hash(data: Data("tributary key\0".utf8) + $0) }
        id = hash.prefix(4).map { String(256 + Int($0), radix: 16).dropFirst() }.joined()
    }

    /// The key as it is kept in a file.
    package var text: Secret {
        Secret(key.withUnsafeBytes { Data($0).base64EncodedString() })
    }

    func seal(_ bytes: Data, for name: String) throws(DefinitionError) -> Data {
        // A nonce of its own is drawn for every sealing; 96 bits (NIST SP 800-38D, section 8.2.2).
        guard
            let box = try? AES.GCM.seal(bytes, using: key, authenticating: Data(name.utf8)),
            let combined = box.combined
        else { throw DefinitionError(.secret, "the secret cannot be sealed") }
        return combined
    }

    func open(_ bytes: Data, for name: String) throws(DefinitionError) -> Data {
        do {
            return try AES.GCM.open(
                AES.GCM.SealedBox(combined: bytes),
                using: key,
                authenticating: Data(name.utf8)
            )
        } catch {
            let id = name.prefix { $0 != "\0" }
            throw DefinitionError(.secret, "the secret \(id) is damaged: put it again")
        }
    }

    private static func hexadecimal(_ digits: String) -> Data? {
        var bytes = Data()
        var rest = digits[...]
        while let first = rest.popFirst(), let second = rest.popFirst() {
            guard let byte = UInt8("\(first)\(second)", radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
