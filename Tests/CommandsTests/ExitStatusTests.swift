import Basics
import Commands
import Definitions
import FoundationEssentials
import Iceberg
import Ingest
import ObjectStorage
import Streams
import TestSupport
import Testing

/// How a failure ends the program (docs/cli.md).
@Suite struct ExitStatusTests {
    private struct Unheard: Error {}

    /// A failure of a run, of whatever code it has.
    private struct RunFailure: Failure {
        let code: IngestError.Code
        var message: String { "" }
        var domain: FailureDomain { .run }
    }

    private static func statuses<Kind: Failure>(
        _ kind: Kind.Type,
        _ make: (Kind.Code) -> Kind
    ) -> [String: Int32] {
        Dictionary(
            uniqueKeysWithValues: Kind.Code.allCases.map {
                ($0.rawValue, CommandLineProbe.status(of: make($0)))
            }
        )
    }

    /// Notes an issue where a failure has another status than those named, or than `usual`.
    private func check<Kind: Failure>(
        _ kind: Kind.Type,
        usual: Int32,
        _ others: [String: Int32] = [:],
        _ make: (Kind.Code) -> Kind
    ) {
        let statuses = Self.statuses(kind, make)
        #expect(!statuses.isEmpty)
        #expect(Set(others.keys).isSubset(of: statuses.keys), "\(kind)")
        for (code, status) in statuses {
            #expect(status == others[code] ?? usual, "\(kind) \(code): \(status)")
        }
    }

    @Test func `what is the lake's fault ends with 5`() {
        check(StorageError.self, usual: 5) { StorageError($0, "") }
        check(IcebergError.self, usual: 5, ["schema-drift": 1, "unusable-key": 1]) {
            IcebergError($0, "")
        }
    }

    @Test func `what is the source's fault ends with 3, unless it is a value's`() {
        let values: [String: Int32] = [
            "unsupported": 1, "bad-value": 1, "unusable-key": 1, "protocol": 1,
        ]
        check(SourceError.self, usual: 3, values) { SourceError($0, "") }
    }

    @Test func `a run that is unproven ends with 4, one that is another's with 6`() {
        let others: [String: Int32] = [
            "unproven": 4, "busy": 6, "superseded": 6, "unreadable-ledger": 5, "files-gone": 5,
        ]
        check(RunFailure.self, usual: 1, others) { RunFailure(code: $0) }
    }

    @Test func `everything else ends with 1, and a stop with 130`() {
        check(DefinitionError.self, usual: 1) { DefinitionError($0, "") }
        #expect(CommandLineProbe.status(of: Unheard()) == 1)
        #expect(CommandLineProbe.status(of: CancellationError()) == 130)
    }

    @Test func `every status that an error has stands in the guide`() throws {
        let path = "\(TestEnvironment.packageRoot)/docs/cli.md"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var errors: [any Error] = [CancellationError()]
        errors += StorageError.Code.allCases.map { StorageError($0, "") }
        errors += SourceError.Code.allCases.map { SourceError($0, "") }
        errors += IngestError.Code.allCases.map { RunFailure(code: $0) }
        let statuses = Set(errors.map { CommandLineProbe.status(of: $0) }).union([0, 64])
        for status in statuses { #expect(text.contains("\n| \(status) | "), "\(status)") }
        let listed = text.matches(of: #/\n\| (\d+) \| /#).compactMap { Int32($0.1) }
        #expect(Set(listed) == statuses)
    }
}
