package import Basics

/// A sort of source: what has to be known of one, and how it is opened.
///
/// All surfaces take kinds from one list, the registry, and none of them by its name.
package protocol SourceKind: Sendable {
    /// What has to be known of a source of this kind.
    associatedtype Settings: SourceSettings

    /// What documents, tables and messages call the kind, and what its addresses look like.
    var profile: SourceProfile { get }

    /// What an address says; nil for one of another kind.
    ///
    /// - Throws: `SourceError` `configuration`, which names what is wrong and no part of a secret.
    func settings(from address: Address) throws(SourceError) -> Settings?

    /// What a source with these settings leads to, its secrets left out.
    func reach(of settings: Settings) -> Reach

    /// What may be shown of it, by its settings alone.
    func location(of settings: Settings) -> SourceLocation

    /// The source, which has no connection yet.
    ///
    /// - Throws: `SourceError` `configuration`.
    func open(
        _ settings: Settings,
        _ credentials: Credentials,
        _ use: SourceUse
    ) throws(SourceError) -> any Source

    /// Secrets that a library would find by itself, in variables and files that settings or environment name.
    func ambientSecrets(_ settings: Settings, environment: [String: String]) -> [Secret]
}

/// What a kind of source is called, and how it shows itself.
package struct SourceProfile: Sendable {
    /// A word of documents: lowercase letters and digits.
    package let name: String
    /// An address of the kind, as an example.
    package let example: String
    /// What its library would take from the environment.
    package let variables: LibraryVariables

    /// Makes a profile.
    package init(name: String, example: String, variables: LibraryVariables = LibraryVariables()) {
        self.name = name
        self.example = example
        self.variables = variables
    }
}

/// Variables of the environment that a C library reads by itself.
///
/// Where others say what is opened, they are forgotten: the library would send what it finds wherever an
/// address leads.
package struct LibraryVariables: Sendable {
    /// How their names begin, or the whole name.
    package let prefixes: [String]
    /// Variables that are set instead, so that it looks for no file either.
    package let replacements: [String: String]

    /// Names the variables of a library.
    package init(prefixes: [String] = [], replacements: [String: String] = [:]) {
        self.prefixes = prefixes
        self.replacements = replacements
    }
}

/// What whoever opens a source lets it have.
package struct SourceUse: Sendable {
    package let limits: SourceLimits
    /// Variables that may stand for what the settings leave out; empty where others wrote the settings.
    package let environment: [String: String]

    /// Makes a use.
    package init(limits: SourceLimits, environment: [String: String] = [:]) {
        self.limits = limits
        self.environment = environment
    }
}
