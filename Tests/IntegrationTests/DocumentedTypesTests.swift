import Foundation
import TestSupport
import Testing

/// The tables of docs/types.md are promises: each row is made on a server and planned.
@Suite struct DocumentedTypesTests {
    private struct Row {
        var source: String
        var lake: String
    }

    /// The rows of the table under a heading, whose first two cells are code.
    private func rows(under heading: String) throws -> [Row] {
        let page = try String(
            contentsOfFile: TestEnvironment.packageRoot + "/docs/types.md",
            encoding: .utf8
        )
        let section = try #require(
            page.components(separatedBy: "\n## \(heading)\n").dropFirst().first
        )
        return section.components(separatedBy: "\n## ")[0].split(separator: "\n").compactMap {
            line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 2, cells[0].hasPrefix("`"), cells[1].hasPrefix("`") else {
                return nil
            }
            return Row(
                source: cells[0].trimmingCharacters(in: ["`"]),
                lake: cells[1].trimmingCharacters(in: ["`"])
            )
        }
    }

    private struct Plan: Decodable {
        struct Column: Decodable {
            var name: String
            var type: String
        }
        var columns: [Column]
    }

    @Test func `every Postgres type lands as the page says`() async throws {
        let rows = try rows(under: "PostgreSQL")
        #expect(rows.count > 30)
        try await PostgresDatabase.withNew { database in
            let columns = rows.enumerated().map { "c\($0) \($1.source)" }.joined(separator: ", ")
            _ = try await database.run("CREATE TABLE public.documented (\(columns))")
            let result = try await ChildProcess.run(
                TestEnvironment.binary,
                ["plan", "--source", database.url, "--stream", "public.documented", "--json"]
            )
            try #require(result.succeeded, "\(result.transcript)")
            let plan = try JSONDecoder().decode(Plan.self, from: Data(result.standardOutput.utf8))
            for (row, column) in zip(rows, plan.columns) {
                #expect(column.type == row.lake, "\(row.source)")
            }
        }
    }
}
