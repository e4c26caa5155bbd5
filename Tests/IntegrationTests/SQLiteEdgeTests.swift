import TestSupport
import Testing

/// Every value of every storage class, as the engines read it, against the file's own.
@Suite struct SQLiteEdgeTests {
    private static let streams = [
        "classes", "declared", #""odd ""name"". π""#, "no_rows", "late_surprise", "huge",
        "strict_table", "keyed_table", "a_view", "derived",
    ]

    private func withEdges(_ body: (String, Lake) async throws -> Void) async throws {
        try await Lake.withNew { lake in
            try await withScratchDirectory { folder in
                let file = folder + "/edge.sqlite"
                let made = try await Lake.python("edge_sqlite.py", [file])
                try #require(made.succeeded, "\(made.transcript)")
                try await body(file, lake)
            }
        }
    }

    @Test func `every value of every storage class arrives as the file has it`() async throws {
        try await withEdges { file, lake in
            let result = try await lake.sync("sqlite:" + file, Self.streams)
            try #require(result.succeeded, "\(result.transcript)")
            let verdict = try await Lake.python(
                "compare_sqlite.py",
                ["--source", file, "--report", try lake.save(result, as: "report.json")]
            )
            #expect(verdict.succeeded, "\(verdict.transcript)")
            #expect(verdict.standardOutput.hasPrefix("\(Self.streams.count) streams compared, 0 "))
        }
    }

    @Test func `text that is no UTF-8 becomes null and is counted`() async throws {
        try await withEdges { file, lake in
            let report = try await lake.synced(
                "sqlite:" + file,
                ["bad_text"],
                ["--policy", "null"]
            )
            #expect(
                report.streams[0].conversions == [
                    .init(column: "t", reason: "invalid-text", outcome: "null", count: 1)
                ]
            )
            let rows = try await Lake.query(
                report.streams[0].location,
                "SELECT t FROM lake ORDER BY id"
            )
            #expect(rows == [["good"], [nil], [nil]])
        }
    }

    @Test func `text that is no UTF-8 stops the run under the policy error`() async throws {
        try await withEdges { file, lake in
            let result = try await lake.sync("sqlite:" + file, ["bad_text"], ["--policy", "error"])
            #expect(result.end == .exited(1), "\(result.transcript)")
        }
    }
}
