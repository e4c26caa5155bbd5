import FoundationEssentials
import TestSupport
import Testing

/// A lake of a test's own, the program that fills it and the engines that judge it.
struct Lake {
    let folder: String
    /// What must never be seen in any output.
    var secrets: [String] = []

    /// Lends an empty lake.
    static func withNew<Result>(_ body: (Lake) async throws -> Result) async throws -> Result {
        let password = try PostgresAddress.ofTestServer().password
        return try await withScratchDirectory { folder in
            try await body(Lake(folder: folder + "/lake", secrets: [password]))
        }
    }

    /// The arguments of a sync into this lake.
    func arguments(_ source: String, _ streams: [String], _ more: [String] = []) -> [String] {
        ["sync", "--source", source, "--lake", folder, "--json"]
            + streams.flatMap { ["--stream", $0] } + more
    }

    /// Runs a sync to whatever end it has; no secret may be in its output.
    func sync(
        _ source: String,
        _ streams: [String],
        _ more: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> ProcessResult {
        let result = try await ChildProcess.run(
            TestEnvironment.binary,
            arguments(source, streams, more)
        )
        expectNoSecret(in: result, sourceLocation: sourceLocation)
        return result
    }

    /// Runs a sync that has to succeed, and gives its report.
    func synced(
        _ source: String,
        _ streams: [String],
        _ more: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> SyncReport {
        let result = try await sync(source, streams, more, sourceLocation: sourceLocation)
        try #require(
            result.succeeded,
            "\(result.transcript)",
            sourceLocation: sourceLocation
        )
        return try Self.report(of: result)
    }

    /// The one JSON object on stdout.
    static func report(of result: ProcessResult) throws -> SyncReport {
        try JSONDecoder().decode(SyncReport.self, from: Data(result.standardOutput.utf8))
    }

    /// Neither output names a password.
    func expectNoSecret(
        in result: ProcessResult,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for secret in secrets {
            #expect(
                !(result.standardOutput + result.standardError).contains(secret),
                "a password was printed: \(result.transcript)",
                sourceLocation: sourceLocation
            )
        }
    }

    /// Data files and unfinished ones, of whatever table.
    func fileCount() async throws -> Int {
        let found = try await ChildProcess.run("find", [folder, "-type", "f"])
        return found.standardOutput.split(separator: "\n").count {
            $0.hasSuffix(".parquet") || $0.contains("_staging/")
        }
    }

    /// What all engines agree on about a table.
    static func verdict(
        _ location: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Verdict {
        let result = try await python("judge.py", [location])
        try #require(
            result.succeeded,
            "the engines differ: \(result.transcript)",
            sourceLocation: sourceLocation
        )
        return try JSONDecoder().decode(Verdict.self, from: Data(result.standardOutput.utf8))
    }

    /// DuckDB's answer to a query over the table, which it calls `lake`.
    static func query(
        _ location: String,
        _ sql: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [[String?]] {
        let result = try await python("judge.py", [location, "--sql", sql])
        try #require(result.succeeded, "\(result.transcript)", sourceLocation: sourceLocation)
        return try JSONDecoder().decode([[String?]].self, from: Data(result.standardOutput.utf8))
    }

    /// Runs one of the scripts of Tests/Python.
    static func python(_ script: String, _ arguments: [String]) async throws -> ProcessResult {
        try await ChildProcess.run(
            TestEnvironment.python,
            ["\(TestEnvironment.packageRoot)/Tests/Python/\(script)"] + arguments
        )
    }

    /// Writes a report to a file, for the comparing scripts.
    func save(_ result: ProcessResult, as name: String) throws -> String {
        let path = folder + "/../" + name
        try Data(result.standardOutput.utf8).write(to: URL(filePath: path))
        return path
    }
}
