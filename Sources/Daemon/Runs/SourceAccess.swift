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
        case .named(let id): try await open(sources.get(id).document.address)
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
            lockTimeout: address.lockTimeout * 1_000
        )
        let source: any Source
        do {
            source = try dsn.reveal {
                try SourceOpener.source(at: $0, limits: limits) { settings.environment[$0] }
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
        try requireAllowed(source.location)
        return Opened(
            source: source,
            bytesPerSecond: address.bytesPerSecond,
            secrets: secrets
        )
    }

    /// - Throws: `DefinitionError` `forbidden` for a host that is not on the list.
    private func requireAllowed(_ location: SourceLocation) throws {
        guard !settings.sourceHosts.isEmpty, location.kind != "sqlite" else { return }
        let place = location.place.prefix { $0 != "/" }
        for part in place.split(separator: ",") {
            let host =
                part.hasPrefix("[")
                ? part.prefix { $0 != "]" }.dropFirst() : part.prefix { $0 != ":" }
            let isAllowed = settings.sourceHosts.contains { pattern in
                pattern == host || (pattern.hasPrefix("*.") && host.hasSuffix(pattern.dropFirst()))
            }
            guard isAllowed else {
                throw DefinitionError(
                    .forbidden,
                    field: "dsn",
                    "the host \(host) is not on this server's list of hosts that may be read"
                )
            }
        }
        guard !place.isEmpty else {
            throw DefinitionError(
                .forbidden,
                field: "dsn",
                "sockets of this machine are not on this server's list of hosts that may be read"
            )
        }
    }
}
