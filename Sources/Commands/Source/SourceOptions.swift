import ArgumentParser
import Basics
import Daemon
import Definitions
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

    @Option(
        help: ArgumentHelp(
            "Connections that read one stream side by side.",
            discussion: "The default is the number of this machine's cores.",
            valueName: "count"
        )
    )
    var parallel: Int?

    @Option(
        help: ArgumentHelp(
            "Open no further connection to a database where this program has so many.",
            discussion:
                "Other runs count, by their sessions' name. One connection is always opened.",
            valueName: "count"
        )
    )
    var maxConnections = 16

    @Option(
        help: ArgumentHelp(
            "How long to wait for a table that something else holds locked: 30s, 2m.",
            valueName: "time"
        )
    )
    var lockTimeout = TimeSpan(.seconds(30))

    func validate() throws {
        for (name, value) in [
            ("--parallel", parallel ?? 1), ("--max-connections", maxConnections),
        ] where !(1...100_000).contains(value) {
            throw ValidationError("\(name) \(value): it is a number from 1 to 100000")
        }
        guard Definitions.Limits.lockTimeouts.contains(lockTimeout.span) else {
            throw ValidationError(
                "--lock-timeout \(lockTimeout): it is from \(Definitions.Limits.lockTimeouts.lowerBound.text) to "
                    + Definitions.Limits.lockTimeouts.upperBound.text
            )
        }
    }

    private var limits: SourceLimits {
        SourceLimits(
            laneCount: parallel ?? ProcessInfo.processInfo.activeProcessorCount,
            connectionCount: maxConnections,
            lockTimeout: lockTimeout.span
        )
    }

    /// The source at the address.
    func makeSource() throws -> any Source {
        let environment = ProcessInfo.processInfo.environment
        var text = source
        if text.hasPrefix("env:") {
            let name = String(text.dropFirst(4))
            guard let value = environment[name] else {
                throw SourceError(
                    .configuration,
                    "--source refers to the variable \(name), which is not set"
                )
            }
            text = value
            Terminal.hide(Secret(value))
        }
        return try SourceKinds.all.open(
            text,
            SourceUse(limits: limits, environment: environment),
            hiding: Terminal.hide
        )
    }
}

/// What to read of a stream, for `plan` and `sync`.
struct ReadOptions: ParsableArguments {
    @Option(
        help: "Only these columns, separated by commas; one that holds a comma in double quotes."
    )
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

    /// Names between commas; one that holds a comma or a quote stands in double quotes.
    static func names(in text: String, of option: String = "--columns") throws -> [String] {
        var names: [String] = []
        var current = ""
        var isQuoted = false
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            if isQuoted, scalar == "\"", scalars.first == "\"" {
                scalars.removeFirst()
                current.unicodeScalars.append(scalar)
            } else if scalar == "\"", isQuoted || current.isEmpty {
                isQuoted.toggle()
            } else if scalar == ",", !isQuoted {
                names.append(current)
                current = ""
            } else {
                current.unicodeScalars.append(scalar)
            }
        }
        names.append(current)
        guard !isQuoted, names.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError(
                "\(option) \(text): names stand between commas, as in id,total; one that holds a "
                    + "comma stands in double quotes"
            )
        }
        return names
    }

    /// The request for one stream.
    func request(for stream: StreamName) throws -> ReadRequest {
        var request = ReadRequest(stream: stream)
        request.columns = try columns.map { try Self.names(in: $0) }
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
