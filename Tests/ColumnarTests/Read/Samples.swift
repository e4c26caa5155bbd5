import Columnar
import FoundationEssentials
import TestSupport

/// Files that pyarrow and DuckDB write for the tests, and the folders that hold fixed ones.
enum Samples {
    /// Runs a script of Tests/Python with the interpreter that `TRIBUTARY_PYTHON` names.
    static func python(_ script: String, _ arguments: [String]) async throws {
        let result = try await ChildProcess.run(
            TestEnvironment.python,
            [TestEnvironment.packageRoot + "/Tests/Python/" + script] + arguments
        )
        guard result.succeeded else { throw TestSupportError("\(script): \(result.transcript)") }
    }

    /// A folder of the repository.
    static func folder(_ path: String) -> URL {
        URL(filePath: TestEnvironment.packageRoot).appending(path: path)
    }

    /// The files of a folder with an extension, sorted by name.
    static func files(in folder: URL, extension suffix: String) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix("." + suffix) }.sorted()
            .map { folder.appending(path: $0) }
    }

    /// The small committed files that the fuzzer starts from.
    static func corpus() throws -> [URL] {
        try files(in: folder("Fuzz/Corpus/parquet"), extension: "parquet")
    }

    /// Reads every row of a file and returns their number.
    @discardableResult
    static func readAll(_ bytes: [UInt8], rowLimit: Int = .max) throws -> Int {
        let file = try ParquetFile(bytes: bytes)
        let batches = try file.batches()
        let batch = Batch(schema: batches.schema)
        var rows = 0
        while rows < rowLimit, try batches.read(into: batch) { rows += batch.rowCount }
        return rows
    }
}
