package import Basics

extension SourceKinds {
    /// Opens the source of an address in one line, whose secrets stand in it, in variables or where a library looks
    /// for them: what whoever runs a command hands to it.
    ///
    /// - Parameters:
    ///   - line: The address; `env:NAME` in a password's place is looked up in the environment.
    ///   - use: What the source may have, the environment among it.
    ///   - hide: Is told of all secrets, before the source is opened: a server that is no friend could say back in
    ///     an error whatever it was sent.
    /// - Returns: The source, which has no connection yet.
    /// - Throws: `SourceError` `configuration`, without any part of a secret.
    package func open(
        _ line: String,
        _ use: SourceUse,
        hiding hide: (Secret) -> Void = { _ in }
    ) throws(SourceError) -> any Source {
        let address = try address(line, references: .variables)
        var secrets = address.writtenSecrets
        for (name, reference) in address.references {
            guard case .environment(let variable) = reference else { continue }
            guard let value = use.environment[variable] else {
                throw SourceError(
                    .configuration,
                    "the password refers to the variable \(variable), which is not set"
                )
            }
            secrets[name] = Secret(value)
        }
        var credentials = Credentials(secrets)
        let source = try source(at: address)
        credentials.hide(source.ambientSecrets(use.environment))
        for secret in credentials.all { hide(secret) }
        return try source.open(credentials, use)
    }
}
