import ArgumentParser
import Connectors
import FoundationEssentials
import Streams

/// `--source`, for every command that reads one.
struct SourceOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where to read: postgres://user@host:5432/database, sqlite:path, or env:NAME.",
            discussion: """
                A Postgres address takes libpq's parameters (?sslmode=verify-full&sslrootcert=…). \
                The password may also come from PGPASSWORD, from ~/.pgpass, or be written as \
                env:NAME in its place. It is never printed.
                """,
            valueName: "address"
        )
    )
    var source: String

    /// The source at the address.
    func makeSource() throws -> any Source {
        let environment = ProcessInfo.processInfo.environment
        var address = source
        if address.hasPrefix("env:") {
            let name = String(address.dropFirst(4))
            guard let value = environment[name] else {
                throw SourceError(
                    .configuration,
                    "--source refers to the variable \(name), which is not set"
                )
            }
            address = value
        }
        if address.hasPrefix("postgres://") || address.hasPrefix("postgresql://") {
            return PostgresSource(try PostgresAddress(parsing: address) { environment[$0] })
        }
        if address.hasPrefix("sqlite:") {
            return try SQLiteSource(parsing: address)
        }
        let scheme = address.split(separator: ":").first.map(String.init) ?? ""
        throw SourceError(
            .configuration,
            "no source begins with `\(scheme.prefix(16)):`; there are postgres://user@host/database "
                + "and sqlite:path"
        )
    }
}

extension SourceOptions {
    /// The namespace of streams that the source does not put into one.
    var defaultNamespace: String {
        source.hasPrefix("sqlite:") ? "main" : "public"
    }
}

/// What to read of a stream, for `plan` and `sync`.
struct ReadOptions: ParsableArguments {
    @Option(help: "Only these columns, separated by commas.")
    var columns: String?

    @Option(name: .customLong("where"), help: "Only rows that meet this condition, in SQL.")
    var condition: String?

    @Option(
        help: ArgumentHelp(
            "What to do with values a column cannot hold: error, null, clamp or string.",
            discussion: """
                POLICY for all columns, or COLUMN=POLICY for one; may be repeated. The default is \
                null. Every changed value is counted in the result. `string` makes the column text, \
                so that nothing is lost.
                """,
            valueName: "policy"
        )
    )
    var policy: [String] = []

    /// The request for one stream.
    func request(for stream: StreamName) throws -> ReadRequest {
        var request = ReadRequest(stream: stream)
        request.columns = columns.map { $0.split(separator: ",").map(String.init) }
        if request.columns?.isEmpty == true {
            throw ValidationError("--columns names no column")
        }
        request.filter = condition
        for text in policy {
            let parts = text.split(separator: "=", omittingEmptySubsequences: false)
            guard let policy = ConversionPolicy(rawValue: String(parts[parts.count - 1])) else {
                throw ValidationError(
                    "--policy \(text): the policies are "
                        + ConversionPolicy.allCases.map(\.rawValue).joined(separator: ", ")
                )
            }
            if parts.count == 1 {
                request.defaultPolicy = policy
            } else {
                request.policies[parts.dropLast().joined(separator: "=")] = policy
            }
        }
        return request
    }
}

extension StreamName: ExpressibleByArgument {
    package init?(argument: String) { self.init(parsing: argument) }
}
