import Definitions
import FoundationEssentials
package import Hummingbird
import HummingbirdCore
import JSON
package import Logging
import NIOCore
import ServiceLifecycle

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The API over HTTP, until the program is told to stop.
package struct HTTPService: Service {
    private let api: API
    private let host: String
    private let port: Int
    private let log: Logger
    private let started: @Sendable (Int) async -> Void

    /// Makes a server.
    ///
    /// - Parameters:
    ///   - api: What answers.
    ///   - host: The address to listen at.
    ///   - port: The port; 0 for a free one.
    ///   - log: Where it says what it does.
    ///   - started: Told the port when it is open.
    package init(
        _ api: API,
        host: String,
        port: Int,
        log: Logger,
        started: @escaping @Sendable (Int) async -> Void
    ) {
        self.api = api
        self.host = host
        self.port = port
        self.log = log
        self.started = started
    }

    /// Answers until the program is told to stop.
    package func run() async throws {
        let connections = Connections(limit: Self.connectionLimit)
        let application = Application(
            responder: Responder(api: api, connections: connections),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [Door(connections)],
                    idleTimeout: TimeAmount(Limits.idlePatience),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: Limits.headByteCount,
                        maxHeaderListSize: Limits.headByteCount,
                        maxHeaderFieldCount: Limits.headFields
                    )
                )
            ),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                serverName: "tributary"
            ),
            onServerRunning: { [started] channel in
                await started(channel.localAddress?.port ?? 0)
            },
            logger: log
        )
        try await application.run()
    }

    /// The API as an application of its own, for requests that come on no connection of ours: nobody counts
    /// them, and nothing of them is timed.
    ///
    /// - Parameters:
    ///   - api: What answers.
    ///   - log: Where it says what it does.
    /// - Returns: The application.
    package static func application(_ api: API, log: Logger) -> some ApplicationProtocol {
        Application(responder: Responder(api: api, connections: nil), logger: log)
    }

    /// Connections at a time: half of the files the process may have open at most, since runs need some.
    private static var connectionLimit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return Limits.connections
        }
        return min(Limits.connections, Int(clamping: limit.rlim_cur) / 2)
    }
}
