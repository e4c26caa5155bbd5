import Daemon
import Definitions
import Iceberg
import ObjectStorage
import Scheduling
import Streams
import Testing

/// Whether an error is worth another try.
@Suite struct FailureClassTests {
    private struct Unheard: Error {}

    @Test func `what nobody has classified is not tried again`() {
        #expect(FailureClass(Unheard()) == .unknown)
    }

    @Test func `a read that does not get on is not tried again`() throws {
        let state = StreamState(generation: "one", fingerprint: "")
        let error = try #require(
            throws: StateError.self,
            performing: { try state.require(generation: "two", fingerprint: "") }
        )
        #expect(FailureClass(error) == .data)
    }

    @Test func `a lake that is away is told from what is not in it`() {
        for (code, failure): (StorageError.Code, FailureClass) in [
            (.unreachable, .lake), (.device, .lake), (.full, .transient),
            (.precondition, .transient),
            (.notFound, .configuration), (.permission, .configuration), (.invalid, .configuration),
        ] {
            #expect(FailureClass(StorageError(code, "")) == failure, "\(code)")
        }
        #expect(FailureClass(DefinitionError(.notFound, "there is no schedule")) == .configuration)
        #expect(FailureClass(IcebergError(.conflict, "")) == .transient)
        #expect(FailureClass(IcebergError(.corrupt, "")) == .data)
    }
}
