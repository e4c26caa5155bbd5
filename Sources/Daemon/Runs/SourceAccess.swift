import Connectors
package import Definitions
import FoundationEssentials
import ObjectStorage
package import Streams

/// Opens sources by their definitions.
package struct SourceAccess: Sendable {
    let sources: DocumentStore<SourceDefinition>
    let resolver: SecretResolver
    let settings: NodeSettings

    /// A source that may be read, and what must not be said of it.
    package struct Opened: Sendable {
        package let source: any Source
        package let bytesPerSecond: Int?
        let secrets: [Secret]

        /// A message without the source's secrets.
        package func scrub(_ message: String) -> String {
            secrets.reduce(message) { $1.scrub($0) }
        }
    }

    /// Opens the source of a schedule.
    package func open(_ choice: SourceChoice) async throws -> Opened {
        switch choice {
        case .named(let id): try await open(sources.named(id).document.address)
        case .inline(let address): try await open(address)
        }
    }

    /// Opens the source at an address, with its secrets in place.
    ///
    /// - Throws: `SourceError`, `DefinitionError`; neither holds a secret.
    package func open(_ address: SourceAddress) async throws -> Opened {
        let (dsn, secrets) = try await resolver.address(address)
        let limits = SourceLimits(
            laneCount: address.laneCount ?? ProcessInfo.processInfo.activeProcessorCount,
            connectionCount: address.connectionCount,
            lockTimeout: address.lockTimeout
        )
        let source: any Source
        do {
            source = try dsn.reveal {
                try SourceOpener.source(at: $0, limits: limits) { _ in nil }
            }
        } catch let error as SourceError {
            let message = secrets.reduce(error.message) { $1.scrub($0) }
            throw SourceError(error.code, message)
        }
        let kind = source.location.kind
        guard address.kind == nil || address.kind?.rawValue == kind else {
            throw SourceError(
                .configuration,
                "the source is of the kind \(kind), its definition says \(address.kind?.rawValue ?? "")"
            )
        }
        try requireAllowed(source.location.kind, dsn)
        return Opened(
            source: source,
            bytesPerSecond: address.bytesPerSecond,
            secrets: secrets
        )
    }

    /// - Throws: `DefinitionError` `forbidden` for a host that is not on the list, and for addresses that may
    ///   lead elsewhere than they seem to.
    private func requireAllowed(_ kind: String, _ dsn: Secret) throws {
        guard let list = settings.sourceHosts, kind != "sqlite" else { return }
        guard let parts = dsn.reveal(AddressParts.init(resolved:)) else {
            throw DefinitionError(
                .forbidden,
                field: "dsn",
                "where the hosts that may be read are on a list, an address names them before its database, "
                    + "and has no parameters but for encryption, time-outs and names"
            )
        }
        if let host = parts.hostOutside(list) {
            throw DefinitionError(
                .forbidden,
                field: "dsn",
                "the host \(host) is not on this server's list of hosts that may be read"
            )
        }
    }
}
