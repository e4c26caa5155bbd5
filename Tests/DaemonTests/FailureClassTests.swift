import Basics
import Columnar
import Daemon
import Definitions
import Iceberg
import Ingest
import JSON
import Metastore
import ObjectStorage
import Scheduling
import Streams
import Testing

/// Whether an error is worth another try.
@Suite struct FailureClassTests {
    private struct Unheard: Error {}

    @Test func `what nobody has classified is not tried again`() {
        #expect(FailureClass(of: Unheard()) == .internal)
    }

    @Test func `a read that does not get on is not tried again`() throws {
        let state = StreamState(generation: "one", fingerprint: "")
        let error = try #require(
            throws: StateError.self,
            performing: { try state.require(generation: "two", fingerprint: "") }
        )
        #expect(FailureClass(of: error) == .data)
    }

    @Test func `a lake that is away is told from what is not in it`() {
        for (code, failure): (StorageError.Code, FailureClass) in [
            (.unreachable, .lake), (.throttled, .lake), (.device, .lake), (.full, .transient),
            (.damaged, .data), (.unsupported, .configuration),
            (.precondition, .contention),
            (.notFound, .configuration), (.denied, .configuration), (.invalid, .configuration),
        ] {
            #expect(FailureClass(of: StorageError(code, "")) == failure, "\(code)")
        }
        #expect(
            FailureClass(of: DefinitionError(.notFound, "there is no schedule")) == .configuration
        )
        #expect(FailureClass(of: IcebergError(.conflict, "")) == .contention)
        #expect(FailureClass(of: IcebergError(.corrupt, "")) == .data)
    }

    // MARK: Every failure

    /// The types of all failures below the commands.
    private static let kinds: [any Failure.Type] = [
        StorageError.self, IcebergError.self, ParquetError.self, JSONError.self, SourceError.self,
        StateError.self, AirbyteStateError.self, IngestError.self, TriggerError.self,
        DefinitionError.self, MetastoreError.self, DaemonError.self,
    ]

    private func codes<Kind: Failure>(of kind: Kind.Type) -> [(word: String, FailureClass)] {
        Kind.Code.allCases.map { ($0.rawValue, $0.failureClass) }
    }

    @Test func `every code is a word of its own, and its class says what comes next`() {
        for kind in Self.kinds {
            let codes = codes(of: kind)
            #expect(!codes.isEmpty, "\(kind)")
            for (word, failure) in codes {
                #expect(word.allSatisfy { $0.isLowercase || $0 == "-" }, "\(kind): \(word)")
                // Those are what the machine makes of a run, not what a part of it says.
                #expect(failure != .timeout && failure != .cancelled, "\(kind): \(word)")
            }
        }
    }
}
