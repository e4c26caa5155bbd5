import ArgumentParser
import Columnar
import Streams

/// `tributary plan`: exactly what a sync would do, without reading a row.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show the exact SQL, types, policies and risks of a read; reads no rows."
    )

    @OptionGroup var source: SourceOptions
    @Option(help: "The stream: table, or schema.table.") var stream: StreamName
    @OptionGroup var mode: ModeOptions
    @OptionGroup var read: ReadOptions
    @Flag(help: "Print one JSON object.") var json = false

    private struct Report: Encodable {
        struct Column: Encodable {
            var name: String
            var sourceType: String
            var type: String
            var required: Bool
            var policy: String
            var note: String?
        }
        var stream: String
        var query: String
        var access: String
        var resume: String
        var rule: String?
        var columns: [Column]
        var primaryKey: [String]
        var estimatedRows: Int64?
        var estimatedBytes: Int64?
        var estimatedFileBytes: [String: Int64]?
        var risks: [String]
    }

    func run() async throws {
        try await Interruptible.run {
            var request = try read.request(for: stream)
            request.incremental = try mode.incremental(stream)
            let plan = try await source.makeSource().plan(request)
            try plan.requireDistinctNames()
            if json {
                try Terminal.json(
                    Report(
                        stream: plan.stream.description,
                        query: plan.query,
                        access: plan.access,
                        resume: plan.resume.rawValue,
                        rule: plan.rule,
                        columns: plan.columns.map {
                            Report.Column(
                                name: $0.name,
                                sourceType: $0.sourceType,
                                type: $0.type.description,
                                required: $0.isRequired,
                                policy: $0.policy.rawValue,
                                note: $0.note
                            )
                        },
                        primaryKey: plan.primaryKey,
                        estimatedRows: plan.estimatedRowCount,
                        estimatedBytes: plan.estimatedByteCount,
                        estimatedFileBytes: plan.estimatedFileByteCounts.map { sizes in
                            Dictionary(
                                uniqueKeysWithValues: sizes.map { ($0.key.rawValue, $0.value) }
                            )
                        },
                        risks: (plan.risks + plan.nameRisks).map(Terminal.scrubbed)
                    )
                )
                return
            }
            show(plan)
        }
    }

    /// The sizes of a table's files under each choice of encodings, as far as they are known.
    private static func words(_ sizes: [EncodingChoice: Int64]) -> String {
        let plain = sizes[.compatible] ?? 0
        let others = EncodingChoice.allCases.dropFirst().map { choice in
            let saved = plain - (sizes[choice] ?? plain)
            let percent = Int((Double(saved) / Double(max(plain, 1)) * 100).rounded())
            return "\(choice.rawValue) \(percent) %"
        }
        return
            "about \(Words.bytes(plain)); --encoding would save: \(others.joined(separator: ", "))"
    }

    private func show(_ plan: ReadPlan) {
        Terminal.result("stream  \(plan.stream)")
        Terminal.result("reads   \(plan.query)")
        Terminal.result("by      \(plan.access)")
        let size = [
            plan.estimatedRowCount.map { "about \(Words.count($0, "row"))" },
            plan.estimatedByteCount.map(Words.bytes),
        ].compactMap { $0 }
        if !size.isEmpty { Terminal.result("size    \(size.joined(separator: ", "))") }
        if let sizes = plan.estimatedFileByteCounts {
            Terminal.result("files   \(Self.words(sizes))")
        }
        if let rule = plan.rule { Terminal.result("finds   \(rule)") }
        Terminal.result("resume  a read that is cut off \(plan.resume.words)")
        Terminal.result("")
        var table = TextTable(["COLUMN", "SOURCE TYPE", "LAKE TYPE", "NULLS", "POLICY", "NOTE"])
        for column in plan.columns {
            table.add([
                column.name, column.sourceType, column.type.description,
                column.isRequired ? "no" : "yes", column.policy.rawValue, column.note ?? "",
            ])
        }
        table.print()
        for risk in plan.risks + plan.nameRisks { Terminal.note("risk: \(risk)") }
    }
}
