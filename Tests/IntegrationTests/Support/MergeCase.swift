import TestSupport
import Testing

/// A table that is synced, changed and synced again: what must then be in the lake.
struct MergeCase: CustomTestStringConvertible {
    var name: String
    /// Makes the table `t`.
    var make: String
    /// Options of all runs, besides the stream.
    var options: [String] = ["--mode", "incremental", "--cursor", "u"]
    /// Options of a run between the change and the last run; empty where there is none.
    var middleOptions: [String] = []
    /// Options of the last run alone.
    var laterOptions: [String] = []
    /// What happens at the source between the runs.
    var change = ""
    /// What is compared: expressions over `t`, as text.
    var columns = "id, v"
    /// The order in which they are compared.
    var order = "1, 2"
    /// Where the source is not asked: what the lake has to hold.
    var expected: [[String?]]?
    /// Words of the message where a run has to be refused: the second one, or the first where nothing
    /// changes.
    var refusal: [String] = []
    /// Words of a risk that the second run has to tell.
    var risk: String?

    var testDescription: String { name }

    /// Runs the case: `stream` is what `t` is called, `run` runs SQL at the source and gives the rows,
    /// fields between `separator`.
    func check(
        source: String,
        stream: String,
        lake: Lake,
        separator: Character,
        run: (String) async throws -> String
    ) async throws {
        _ = try await run(make)
        let first = try await lake.sync(source, [stream], options)
        if change.isEmpty, !refusal.isEmpty { return try expectRefused(first) }
        try #require(first.succeeded, "\(first.transcript)")
        let location = try Lake.report(of: first).streams[0].location
        if !change.isEmpty { _ = try await run(change) }
        if !middleOptions.isEmpty {
            let middle = try await lake.sync(source, [stream], options + middleOptions)
            try #require(middle.succeeded, "\(middle.transcript)")
        }
        let second = try await lake.sync(source, [stream], options + laterOptions)
        if !refusal.isEmpty { return try expectRefused(second) }
        try #require(second.succeeded, "\(second.transcript)")
        if let risk {
            let risks = try Lake.report(of: second).streams[0].risks
            #expect(risks.contains { $0.contains(risk) }, "\(risks)")
        }
        let rows = try await Lake.query(
            location,
            "SELECT \(columns) FROM lake ORDER BY \(order)"
        )
        var wanted = expected
        if wanted == nil {
            let text = try await run("SELECT \(columns) FROM t ORDER BY \(order)")
            wanted = text.split(separator: "\n").map { line in
                line.split(separator: separator, omittingEmptySubsequences: false)
                    .map { $0.isEmpty || $0 == "NULL" ? nil : String($0) }
            }
        }
        #expect(rows == wanted, "\(second.transcript)")
    }

    private func expectRefused(_ result: ProcessResult) throws {
        #expect(!result.succeeded, "\(result.transcript)")
        for word in refusal {
            #expect(result.transcript.contains(word), "no \(word): \(result.transcript)")
        }
    }
}
