package import Basics
package import JSON

/// What has to be known of a source, as a document says it: values without a secret in them.
package protocol SourceSettings: Hashable, Sendable {
    /// Settings in which nothing is said.
    init()
    /// What can be said, in the order of documents.
    static var fields: [SettingField<Self>] { get }
    /// Requires of fields what one alone does not tell.
    ///
    /// - Throws: `SourceError` `configuration`, which names the field.
    func validate() throws(SourceError)
}

extension SourceSettings {
    /// Reads settings.
    ///
    /// - Throws: `SourceError` `configuration` for a field that there is not, that is missing, or that has a value it
    ///   cannot have; the error names it.
    package init(_ document: JSONObject) throws(SourceError) {
        self.init()
        for name in document.names where !Self.fields.contains(where: { $0.name == name }) {
            throw SourceError(
                .configuration,
                field: name,
                "there is no such field; there are "
                    + Self.fields.map(\.name).joined(separator: ", ")
            )
        }
        for field in Self.fields {
            guard let value = document[field.name] else {
                if field.isRequired {
                    throw SourceError(.configuration, field: field.name, "it is missing")
                }
                continue
            }
            try field.read(value, &self)
        }
        try validate()
    }

    /// Nothing more is required.
    package func validate() throws(SourceError) {}

    /// The settings as a document says them.
    package var document: JSONObject {
        var document = JSONObject()
        for field in Self.fields { document[field.name] = field.write(self) }
        return document
    }

    /// The references in them, by the names of their fields.
    package var secrets: [String: SecretReference] {
        var found: [String: SecretReference] = [:]
        for field in Self.fields { found[field.name] = field.secret(self) }
        return found
    }
}

/// What a value of a setting looks like.
package enum SettingForm: Hashable, Sendable {
    case text
    case number(ClosedRange<Int>)
    /// A port, or several with commas between them.
    case ports
    case choice([String])
    /// A reference to a secret.
    case secret
    /// Texts by their names.
    case texts
}

/// One field of a kind's settings: read, written and described by the same line.
package struct SettingField<Settings>: Sendable {
    package let name: String
    package let form: SettingForm
    package let isRequired: Bool
    /// What it is, for the published schema.
    package let summary: String
    let read: @Sendable (JSONValue, inout Settings) throws(SourceError) -> Void
    let write: @Sendable (Settings) -> JSONValue?
    let secret: @Sendable (Settings) -> SecretReference?

    private init<Value>(
        _ name: String,
        _ path: any WritableKeyPath<Settings, Value?> & Sendable,
        _ form: SettingForm,
        isRequired: Bool = false,
        _ summary: String,
        read: @escaping @Sendable (JSONValue) -> Value?,
        write: @escaping @Sendable (Value) -> JSONValue?,
        secret: @escaping @Sendable (Value) -> SecretReference? = { _ in nil }
    ) {
        self.name = name
        self.form = form
        self.isRequired = isRequired
        self.summary = summary
        self.read = { (value, settings: inout Settings) throws(SourceError) in
            guard let found = read(value) else {
                throw SourceError(.configuration, field: name, "it is \(form.words)")
            }
            settings[keyPath: path] = found
        }
        self.write = { $0[keyPath: path].flatMap(write) }
        self.secret = { $0[keyPath: path].flatMap(secret) }
    }

    /// A field of text, which is not empty.
    package static func text(
        _ name: String,
        _ path: any WritableKeyPath<Settings, String?> & Sendable,
        isRequired: Bool = false,
        _ summary: String
    ) -> SettingField {
        SettingField(
            name,
            path,
            .text,
            isRequired: isRequired,
            summary,
            // A name of digits may come as a number.
            read: { value in
                let text = value.string ?? value.integer.map(String.init)
                return text.flatMap { $0.isEmpty || $0.utf8.contains(0) ? nil : $0 }
            },
            write: { .string($0) }
        )
    }

    /// A field of a whole number.
    package static func number(
        _ name: String,
        _ path: any WritableKeyPath<Settings, Int?> & Sendable,
        in range: ClosedRange<Int>,
        _ summary: String
    ) -> SettingField {
        SettingField(
            name,
            path,
            .number(range),
            summary,
            read: { value in
                value.integer.flatMap { Int(exactly: $0) }.flatMap { range.contains($0) ? $0 : nil }
            },
            write: { .integer($0) }
        )
    }

    /// A field of a port: a number, or a text of several with commas between them.
    package static func ports(
        _ name: String,
        _ path: any WritableKeyPath<Settings, String?> & Sendable,
        _ summary: String
    ) -> SettingField {
        SettingField(
            name,
            path,
            .ports,
            summary,
            read: { value in
                let text = value.integer.map(String.init) ?? value.string ?? ""
                let ports = text.split(separator: ",", omittingEmptySubsequences: false)
                let isRight = ports.allSatisfy { port in
                    port.utf8.allSatisfy { 0x30...0x39 ~= $0 }
                        && UInt16(port).map { $0 > 0 } ?? false
                }
                return isRight ? text : nil
            },
            write: { text in Int(text).map(JSONValue.integer) ?? .string(text) }
        )
    }

    /// A field of one of several words.
    package static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ name: String,
        _ path: any WritableKeyPath<Settings, Choice?> & Sendable,
        _ summary: String
    ) -> SettingField where Choice.RawValue == String {
        SettingField(
            name,
            path,
            .choice(Choice.allCases.map(\.rawValue)),
            summary,
            read: { $0.string.flatMap { Choice(rawValue: $0) } },
            write: { .string($0.rawValue) }
        )
    }

    /// A field that refers to a secret; one that is written out is refused.
    package static func secret(
        _ name: String,
        _ path: any WritableKeyPath<Settings, SecretReference?> & Sendable,
        _ summary: String
    ) -> SettingField {
        SettingField(
            name,
            path,
            .secret,
            summary,
            read: { $0.string.flatMap { SecretReference(parsing: $0) } },
            write: { .string($0.description) },
            secret: { $0 }
        )
    }

    /// A field of texts by their names, none of which is called as a secret is.
    package static func texts(
        _ name: String,
        _ path: any WritableKeyPath<Settings, [String: String]?> & Sendable,
        _ summary: String
    ) -> SettingField {
        SettingField(
            name,
            path,
            .texts,
            summary,
            read: { value in
                guard let object = value.object else { return nil }
                var texts: [String: String] = [:]
                for member in object {
                    guard let text = member.value.string ?? member.value.integer.map(String.init),
                        !text.utf8.contains(0),
                        !AddressSecret.isNamed(member.name),
                        !AddressSecret.seemsToStand(in: text)
                    else { return nil }
                    texts[member.name] = text
                }
                return texts
            },
            write: { $0.isEmpty ? nil : .object(JSONObject(strings: $0)) }
        )
    }
}

extension SettingForm {
    /// The form in words.
    var words: String {
        switch self {
        case .text: "a text that is not empty"
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .ports: "a port from 1 to 65535, or a text of several with commas between them"
        case .choice(let words): "one of " + words.joined(separator: ", ")
        case .secret:
            "a reference to a secret: secret:NAME, env:NAME, file:/path or exec:command; keep it with "
                + "`tributary secret put`"
        case .texts: "an object of texts, none of them a secret"
        }
    }
}
