package import Basics
package import JSON

/// A source of some kind with its settings, before its secrets are known.
package struct ConfiguredSource: Sendable {
    /// The name of its kind.
    package let kind: String
    /// What may be shown of it, by its settings alone.
    package let location: SourceLocation
    /// What it leads to, the places of its secrets left out.
    package let reach: Reach
    /// The references that have to be resolved, by the names of their fields.
    package let secrets: [String: SecretReference]
    /// Its address as it may be shown; nil where it has none.
    package let shownAddress: String?
    private let opening: @Sendable (Credentials, SourceUse) throws(SourceError) -> any Source
    private let ambient: @Sendable ([String: String]) -> [Secret]

    init<Kind: SourceKind>(_ kind: Kind, _ settings: Kind.Settings, of address: Address? = nil) {
        self.kind = kind.profile.name
        location = kind.location(of: settings)
        secrets = settings.secrets
        var reach = kind.reach(of: settings)
        if let address, !address.isPlain, !reach.isOfFilesAlone {
            // It may mean more than it seems to.
            reach.others.append("its address")
        }
        self.reach = reach
        shownAddress = address.map { address in
            if reach.isOfFilesAlone { return String(address.text.prefix { $0 != "?" }) }
            return reach.isOfHostsAlone && address.mayBeShown ? address.text : address.outline
        }
        opening = { (credentials, use) throws(SourceError) in
            try kind.open(settings, credentials, use)
        }
        ambient = { kind.ambientSecrets(settings, environment: $0) }
    }

    /// Whether it takes an administrator to ask for it.
    package var needsAdministrator: Bool {
        reach.needsAdministrator || secrets.values.contains(where: \.needsAdministrator)
    }

    /// The source, which has no connection yet.
    ///
    /// - Throws: `SourceError` `configuration`.
    package func open(
        _ credentials: Credentials,
        _ use: SourceUse
    ) throws(SourceError) -> any Source {
        try opening(credentials, use)
    }

    /// Secrets that a library would find by itself in the environment's variables, and in files that they or the
    /// settings name.
    package func ambientSecrets(_ environment: [String: String]) -> [Secret] {
        ambient(environment)
    }
}

/// The kinds of sources there are.
package struct SourceKinds: Sendable {
    private let kinds: [any SourceKind]

    /// A registry of these kinds.
    package init(_ kinds: [any SourceKind]) { self.kinds = kinds }

    /// What the kinds are called, and how they show themselves.
    package var profiles: [SourceProfile] { kinds.map { $0.profile } }

    /// What can be said of each kind, for the published schema.
    package var descriptions: [SourceDescription] { kinds.map { SourceDescription($0) } }

    /// The source of an address.
    ///
    /// - Throws: `SourceError` `configuration`, without any part of an address that is of no known kind.
    package func source(at address: Address) throws(SourceError) -> ConfiguredSource {
        for kind in kinds {
            if let source = try Self.source(kind, address) { return source }
        }
        throw unknownAddress
    }

    /// An address that is written in one line.
    ///
    /// - Throws: `SourceError` `configuration`, as above.
    package func address(
        _ text: String,
        references: Address.References
    ) throws(SourceError) -> Address {
        guard let address = Address(parsing: text, references: references) else {
            throw unknownAddress
        }
        return address
    }

    /// The source of a kind with the settings of a document.
    ///
    /// - Throws: `SourceError` `configuration`, which names the field.
    package func source(
        of kind: String,
        _ document: JSONObject
    ) throws(SourceError) -> ConfiguredSource {
        guard let found = kinds.first(where: { $0.profile.name == kind }) else {
            throw SourceError(
                .configuration,
                field: "kind",
                "it is one of " + profiles.map(\.name).joined(separator: ", ")
            )
        }
        return try Self.source(found, document)
    }

    // An existential is opened by a call of its own.
    private static func source<Kind: SourceKind>(
        _ kind: Kind,
        _ address: Address
    ) throws(SourceError) -> ConfiguredSource? {
        try kind.settings(from: address).map { ConfiguredSource(kind, $0, of: address) }
    }

    private static func source<Kind: SourceKind>(
        _ kind: Kind,
        _ document: JSONObject
    ) throws(SourceError) -> ConfiguredSource {
        ConfiguredSource(kind, try Kind.Settings(document))
    }

    /// No part of the address is said: it may be a secret in the wrong place.
    private var unknownAddress: SourceError {
        let examples = profiles.map(\.example)
        return SourceError(
            .configuration,
            "the source's address is of no kind that is known; there are "
                + examples.dropLast().joined(separator: ", ") + " and " + (examples.last ?? "none")
        )
    }
}

/// A kind of source as the published schema describes it.
package struct SourceDescription: Sendable {
    /// One of its fields.
    package struct Field: Sendable {
        package let name: String
        package let form: SettingForm
        package let isRequired: Bool
        package let summary: String
    }

    package let kind: String
    package let fields: [Field]

    init<Kind: SourceKind>(_ kind: Kind) {
        self.kind = kind.profile.name
        fields = Kind.Settings.fields.map {
            Field(name: $0.name, form: $0.form, isRequired: $0.isRequired, summary: $0.summary)
        }
    }
}
