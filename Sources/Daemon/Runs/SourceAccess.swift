import Basics
package import Definitions
import FoundationEssentials
import ObjectStorage
package import Streams

/// Opens sources by their definitions, and says what of them may be shown.
package struct SourceAccess: Sendable {
    let sources: DocumentStore<SourceDefinition>
    let resolver: SecretResolver
    let settings: NodeSettings
    /// The kinds of sources there are.
    package let kinds: SourceKinds

    /// Opens sources of these kinds with the secrets of a lake.
    package init(
        sources: DocumentStore<SourceDefinition>,
        resolver: SecretResolver,
        settings: NodeSettings,
        kinds: SourceKinds
    ) {
        self.sources = sources
        self.resolver = resolver
        self.settings = settings
        self.kinds = kinds
    }

    /// A source that may be read, and what must not be said of it.
    package struct Opened: Sendable {
        package let source: any Source
        package let bytesPerSecond: Int?
        let credentials: Credentials

        /// A message without the source's secrets.
        package func scrub(_ message: String) -> String { credentials.scrub(message) }
    }

    /// Opens the source of a schedule.
    package func open(_ choice: SourceChoice) async throws -> Opened {
        switch choice {
        case .named(let id): try await open(sources.named(id).document.address)
        case .inline(let address): try await open(address)
        }
    }

    /// Opens the source at an address.
    ///
    /// - Throws: `SourceError`, `DefinitionError`; neither holds a secret.
    package func open(_ address: SourceAddress) async throws -> Opened {
        var credentials = Credentials()
        do {
            let configured = try await configured(address, &credentials)
            let limits = SourceLimits(
                laneCount: address.laneCount ?? ProcessInfo.processInfo.activeProcessorCount,
                connectionCount: address.connectionCount,
                lockTimeout: address.lockTimeout
            )
            credentials.hide(configured.ambientSecrets([:]))
            return Opened(
                source: try configured.open(credentials, SourceUse(limits: limits)),
                bytesPerSecond: address.bytesPerSecond,
                credentials: credentials
            )
        } catch let error as SourceError {
            throw SourceError(
                error.code,
                field: error.field,
                credentials.scrub(error.message)
            )
        }
    }

    /// The source of an address, with all that it takes to open it.
    private func configured(
        _ address: SourceAddress,
        _ credentials: inout Credentials
    ) async throws -> ConfiguredSource {
        let source: ConfiguredSource
        switch try kinds.read(address) {
        case .behind(let reference):
            source = try await configured(behind: reference, &credentials)
        case .source(let found):
            source = found
            var secrets: [String: Secret] = [:]
            for (name, reference) in source.secrets {
                try await requireHosts(of: reference, source, address.field)
                secrets[name] = try await resolver.resolve(reference)
            }
            credentials = Credentials(secrets)
        }
        guard address.kind == nil || address.kind == source.kind else {
            throw SourceError(
                .configuration,
                "the source is of the kind \(source.kind), its definition says \(address.kind ?? "")"
            )
        }
        try requireAllowed(source, address.field)
        return source
    }

    /// The source of an address that is a secret itself, of which no other secret is looked up.
    private func configured(
        behind reference: SecretReference,
        _ credentials: inout Credentials
    ) async throws -> ConfiguredSource {
        let secret = try await resolver.resolve(reference)
        credentials.hide([secret])
        let address = try secret.reveal { text throws(SourceError) in
            try kinds.address(text, references: .variables)
        }
        credentials = Credentials(address.writtenSecrets)
        credentials.hide([secret])
        let source = try kinds.source(at: address)
        try await requireHosts(of: reference, source, "dsn")
        if case .environment(let name)? = source.secrets.values.first {
            throw SourceError(
                .configuration,
                "the password refers to the variable \(name), which is not set"
            )
        }
        return source
    }

    /// - Throws: `DefinitionError` `forbidden` where a secret is bound to hosts, and a source leads elsewhere, or
    ///   nobody can tell where.
    private func requireHosts(
        of reference: SecretReference,
        _ source: ConfiguredSource,
        _ field: String
    ) async throws {
        guard case .sealed(let id) = reference else { return }
        try await resolver.requireHosts(of: id, field: field) { allowed in
            source.reach.isOfHostsAlone
                ? source.reach.hostOutside(allowed) : "a host that is not told"
        }
    }

    /// - Throws: `DefinitionError` `forbidden` for a host that is not on the list, and for addresses that may
    ///   lead elsewhere than they seem to.
    private func requireAllowed(_ source: ConfiguredSource, _ field: String) throws {
        guard let list = settings.sourceHosts, !source.reach.isOfFilesAlone else { return }
        guard source.reach.isOfHostsAlone else {
            throw DefinitionError(
                .forbidden,
                field: field,
                "where the hosts that may be read are on a list, an address names them before its database, "
                    + "and has no parameters but for encryption, time-outs and names"
            )
        }
        if let host = source.reach.hostOutside(list) {
            throw DefinitionError(
                .forbidden,
                field: field,
                "the host \(host) is not on this server's list of hosts that may be read"
            )
        }
    }
}
