import TestSupport
import Testing

/// The shape of files: who imports whom, and how long things are.
@Suite struct ShapeTests {
    /// docs/architecture.md, "The house": ours and third-party, without the system's modules.
    private static let imports: [String: Set<String>] = [
        "Basics": [],
        "JSON": ["Basics"],
        "Columnar": ["CZstd", "CSnappy", "CLZ4", "CZlib"],
        "ObjectStorage": ["Basics"],
        "Iceberg": ["Basics", "JSON", "Columnar", "ObjectStorage", "CZlib"],
        "Streams": ["Basics", "JSON", "Columnar", "Crypto"],
        "Databases": [
            "Basics", "Columnar", "Streams", "CLibpq", "CMariaDB", "GRDB", "GRDBSQLite",
        ],
        "Ingest": ["Basics", "Columnar", "ObjectStorage", "Iceberg", "Streams"],
        "Scheduling": ["Basics", "HeapModule"],
        "Definitions": ["Basics", "JSON", "ObjectStorage", "Scheduling", "Crypto"],
        "Metastore": ["Basics", "Scheduling", "GRDB"],
        "Daemon": [
            "Basics", "JSON", "Columnar", "ObjectStorage", "Iceberg", "Streams", "Databases",
            "Ingest", "Scheduling", "Definitions", "Metastore", "Logging", "ServiceLifecycle",
        ],
        "Server": [
            "Basics", "JSON", "ObjectStorage", "Streams", "Scheduling", "Definitions", "Metastore",
            "Daemon", "Hummingbird", "HummingbirdCore", "Logging", "ServiceLifecycle", "HTTPTypes",
            "NIOCore",
        ],
        "Commands": [
            "Basics", "JSON", "Columnar", "ObjectStorage", "Iceberg", "Streams", "Ingest",
            "Scheduling", "Definitions", "Metastore", "Daemon", "Server",
            "ArgumentParser", "GRDB",
            "Logging", "ServiceLifecycle", "UnixSignals", "AsyncHTTPClient", "NIOCore", "NIOHTTP1",
            "Yams",
        ],
        "tributary": ["Commands"],
    ]
    /// Modules of the toolchain and the system, which are no layers.
    private static let system: Set<String> = [
        "FoundationEssentials", "Foundation", "Glibc", "Musl", "Synchronization", "Dispatch",
    ]

    @Test func `the files of every target are found`() {
        // Without files every other rule would hold.
        #expect(Set(SourceFile.product.map(\.target)) == Set(Self.imports.keys))
        #expect(SourceFile.all.contains { $0.path == "Tests/TidyTests/ShapeTests.swift" })
        #expect(SourceFile.all.allSatisfy { $0.lines.count > 1 })
    }

    @Test func `a target imports only what stands under it`() {
        for file in SourceFile.product { check(file) }
    }

    private func check(_ file: SourceFile) {
        guard let allowed = Self.imports[file.target] else {
            Issue.record("\(file.path): the target \(file.target) is not in the import table")
            return
        }
        for (index, line) in file.code.enumerated() {
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place <= 2, words.count > place + 1
            else { continue }
            // `import struct Module.Type` and `import Module.Part` name the module first.
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var"]
            let name = words[(place + 1)...].first { !kinds.contains($0) } ?? ""
            let module = String(name.prefix { $0 != "." })
            #expect(
                allowed.contains(module) || Self.system.contains(module),
                "\(file.place(index)): \(file.target) may not import \(module)"
            )
        }
    }

    @Test func `the hot layer needs no Foundation`() {
        for file in SourceFile.product where file.target == "Columnar" {
            for (index, line) in file.code.enumerated() {
                #expect(!line.contains("import Foundation"), "\(file.place(index))")
            }
        }
    }

    @Test func `a file has at most 500 lines`() {
        for file in SourceFile.all {
            #expect(file.lines.count <= 501, "\(file.place(500)): \(file.lines.count) lines")
        }
    }

    @Test func `a function has at most 60 lines`() {
        for file in SourceFile.all {
            for function in FunctionFinder.functions(in: file) {
                #expect(
                    function.lineCount <= 60,
                    "\(file.place(function.start)): \(function.lineCount) lines"
                )
            }
        }
    }

    @Test func `no file is larger than a mebibyte`() {
        for path in SourceFile.files(below: ["Sources", "Tests", "docs", "scripts", "Fuzz"]) {
            #expect(SourceFile.read(path).utf8.count <= 1 << 20, "\(path):1")
        }
    }
}
