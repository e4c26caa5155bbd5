import ArgumentParser
import Streams

/// `tributary check`: whether the source can be read, and as whom.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Connect to a source and report version and rights."
    )

    @OptionGroup var source: SourceOptions
    @Flag(help: "Print one JSON object.") var json = false

    private struct Report: Encodable {
        var kind: String
        var place: String
        var version: String
        var facts: [String]
        var warnings: [String]
        var streams: Int
    }

    func run() async throws {
        try await Interruptible.run {
            let source = try source.makeSource()
            var check = try await source.check()
            // All of it is what the server says of itself.
            check.version = Terminal.scrubbed(check.version)
            check.facts = check.facts.map(Terminal.scrubbed)
            check.warnings = check.warnings.map(Terminal.scrubbed)
            if json {
                try Terminal.json(
                    Report(
                        kind: source.location.kind,
                        place: source.location.place,
                        version: check.version,
                        facts: check.facts,
                        warnings: check.warnings,
                        streams: check.streamCount
                    )
                )
                return
            }
            Terminal.result("\(source.location.place): reachable")
            Terminal.result("  \(check.version)")
            for fact in check.facts { Terminal.result("  \(fact)") }
            Terminal.result("  \(Words.count(Int64(check.streamCount), "stream"))")
            for warning in check.warnings { Terminal.note("warning: \(warning)") }
        }
    }
}
