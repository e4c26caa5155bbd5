import CLibpq
import Streams
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The C handle of a connection: a thin shell over libpq that turns results into errors.
final class PostgresConnection: @unchecked Sendable {
    // Safety: all calls but `cancel` come from the session's executor, one after the other;
    // `cancel` uses only the cancel object, which libpq allows from any thread, under a lock.

    private let handle: OpaquePointer
    private let canceller: Mutex<Canceller>

    private struct Canceller: @unchecked Sendable {
        // Safety: reached only under the lock.
        var handle: OpaquePointer?
    }

    /// Connects; a refusal is sorted into not reachable, not allowed, not there.
    init(_ address: PostgresAddress) throws(SourceError) {
        let parameters = address.parameters
        var keywords = parameters.map { strdup($0.key) } + [nil]
        var values = parameters.map { strdup($0.value) } + [nil]
        defer { for pointer in keywords + values { free(pointer) } }
        let opened = keywords.withUnsafeMutableBufferPointer { keywords in
            values.withUnsafeMutableBufferPointer { values in
                keywords.withMemoryRebound(to: UnsafePointer<CChar>?.self) { keywords in
                    values.withMemoryRebound(to: UnsafePointer<CChar>?.self) { values in
                        PQconnectdbParams(keywords.baseAddress, values.baseAddress, 0)
                    }
                }
            }
        }
        guard let opened else { throw SourceError(.unreachable, "libpq: out of memory") }
        handle = opened
        guard PQstatus(opened) == CONNECTION_OK else {
            let message = String(cString: PQerrorMessage(opened))
            PQfinish(opened)
            canceller = Mutex(Canceller(handle: nil))
            isClosed = true
            throw PostgresFailure.connecting(to: address.location.place, message: message)
        }
        canceller = Mutex(Canceller(handle: PQgetCancel(opened)))
        // Notices of the server are not ours to print.
        PQsetNoticeProcessor(opened, { _, _ in }, nil)
    }

    private var isClosed = false

    deinit {
        close()
    }

    /// Closes the connection; the server ends whatever runs.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        canceller.withLock { canceller in
            PQfreeCancel(canceller.handle)
            canceller.handle = nil
        }
        PQfinish(handle)
    }

    /// Asks the server to stop the running statement.
    ///
    /// Safe from any thread, at any time.
    func cancel() {
        canceller.withLock { canceller in
            guard let handle = canceller.handle else { return }
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
                // A failure means the connection is gone, and with it the statement.
                _ = PQcancel(handle, buffer.baseAddress, 256)
            }
        }
    }

    var serverVersion: Int { Int(PQserverVersion(handle)) }

    /// A value the server reported about itself.
    func parameter(_ name: String) -> String? {
        PQparameterStatus(handle, name).map { String(cString: $0) }
    }

    /// Runs a statement; without parameters several may stand in one text.
    func query(
        _ sql: String,
        _ parameters: [String],
        place: String
    ) throws(SourceError) -> [[String?]] {
        let result: OpaquePointer?
        if parameters.isEmpty {
            result = PQexec(handle, sql)
        } else {
            var values = parameters.map { strdup($0) }
            defer { for pointer in values { free(pointer) } }
            result = values.withUnsafeMutableBufferPointer { values in
                values.withMemoryRebound(to: UnsafePointer<CChar>?.self) { values in
                    PQexecParams(
                        handle,
                        sql,
                        Int32(parameters.count),
                        nil,
                        values.baseAddress,
                        nil,
                        nil,
                        0
                    )
                }
            }
        }
        defer { PQclear(result) }
        let status = PQresultStatus(result)
        guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else {
            throw failure(of: result, place: place)
        }
        let columnCount = PQnfields(result)
        return (0..<PQntuples(result)).map { row in
            (0..<columnCount).map { column in
                guard PQgetisnull(result, row, column) == 0 else { return nil }
                return PQgetvalue(result, row, column).map { String(cString: $0) }
            }
        }
    }

    private func failure(of result: OpaquePointer?, place: String) -> SourceError {
        let state = PQresultErrorField(result, Int32(Character("C").asciiValue ?? 0))
            .map { String(cString: $0) }
        let message =
            PQresultErrorField(result, Int32(Character("M").asciiValue ?? 0))
            .map { String(cString: $0) } ?? String(cString: PQerrorMessage(handle))
        return PostgresFailure.running(at: place, state: state, message: message)
    }

    // MARK: COPY

    /// One message of a COPY, in memory that libpq handed over.
    struct Message {
        let bytes: UnsafeRawBufferPointer

        func free() { PQfreemem(UnsafeMutableRawPointer(mutating: bytes.baseAddress)) }
    }

    /// Starts a COPY to the client.
    func startCopy(_ sql: String, place: String) throws(SourceError) {
        let result = PQexec(handle, sql)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COPY_OUT else {
            throw failure(of: result, place: place)
        }
    }

    /// The next message; nil at the end of the data.
    func copyMessage(place: String) throws(SourceError) -> Message? {
        var buffer: UnsafeMutablePointer<CChar>?
        let length = PQgetCopyData(handle, &buffer, 0)
        if length >= 0, let buffer {
            return Message(bytes: UnsafeRawBufferPointer(start: buffer, count: Int(length)))
        }
        guard length == -1 else {
            throw PostgresFailure.running(
                at: place,
                state: nil,
                message: String(cString: PQerrorMessage(handle))
            )
        }
        return nil
    }

    /// Reads the server's verdict on a COPY that ended; returns the rows it says it sent.
    func finishCopy(place: String) throws(SourceError) -> Int64 {
        var rowCount: Int64 = 0
        while let result = PQgetResult(handle) {
            defer { PQclear(result) }
            guard PQresultStatus(result) == PGRES_COMMAND_OK else {
                throw failure(of: result, place: place)
            }
            rowCount = Int64(String(cString: PQcmdTuples(result))) ?? 0
        }
        return rowCount
    }
}
