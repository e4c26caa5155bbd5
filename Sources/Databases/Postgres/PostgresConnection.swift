import Basics
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
        var isCancelled = false
        var lastRequest: ContinuousClock.Instant?
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

    private(set) var isClosed = false

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

    /// Asks the server to stop the running statement, and every later one.
    ///
    /// Safe from any thread, at any time.
    func cancel() {
        canceller.withLock { canceller in
            canceller.isCancelled = true
            // Each request is a connection of its own: whoever waits does not ask all the time.
            let now = ContinuousClock.now
            if let last = canceller.lastRequest, now - last < Limits.cancelInterval { return }
            canceller.lastRequest = now
            guard let handle = canceller.handle else { return }
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
                // A failure means the connection is gone, and with it the statement.
                _ = PQcancel(handle, buffer.baseAddress, 256)
            }
        }
    }

    /// Whether `cancel` was called.
    ///
    /// A request that reaches the server between two statements is lost: whoever waits for an
    /// answer then asks again.
    var isCancelled: Bool { canceller.withLock { $0.isCancelled } }

    /// The socket, when its bytes are those of the protocol: not encrypted.
    var plainSocket: Int32? {
        guard PQsslInUse(handle) == 0, PQgssEncInUse(handle) == 0 else { return nil }
        let descriptor = PQsocket(handle)
        return descriptor >= 0 ? descriptor : nil
    }

    var serverVersion: Int { Int(PQserverVersion(handle)) }

    /// The process at the other end, as it called itself when the connection was made.
    var backendID: Int32 { PQbackendPID(handle) }

    /// When a statement has to be answered; nil where it may take its time.
    private var deadline: ContinuousClock.Instant?

    /// How long the statements that follow may take together; nil for as long as they do.
    func setPatience(_ patience: Duration?) {
        deadline = patience.map { ContinuousClock.now + $0 }
    }

    /// A value the server reported about itself.
    func parameter(_ name: String) -> String? {
        PQparameterStatus(handle, name).map { String(cString: $0) }
    }

    /// Runs one statement.
    ///
    /// The server refuses several in one text, as a condition with a semicolon would make them.
    func query(
        _ sql: String,
        _ parameters: [String],
        place: String
    ) throws(SourceError) -> [TextRow] {
        guard send(sql, parameters) else { throw failure(of: nil, place: place) }
        let result = try answer(place: place)
        defer { PQclear(result) }
        let columnCount = PQnfields(result)
        return (0..<PQntuples(result)).map { row in
            TextRow(
                (0..<columnCount).map { column in
                    guard PQgetisnull(result, row, column) == 0 else { return nil }
                    return PQgetvalue(result, row, column).map { String(cString: $0) }
                }
            )
        }
    }

    private func send(_ sql: String, _ parameters: [String]) -> Bool {
        var values = parameters.map { strdup($0) }
        defer { for pointer in values { free(pointer) } }
        return values.withUnsafeMutableBufferPointer { values in
            values.withMemoryRebound(to: UnsafePointer<CChar>?.self) { values in
                PQsendQueryParams(
                    handle,
                    sql,
                    Int32(parameters.count),
                    nil,
                    values.baseAddress,
                    nil,
                    nil,
                    0
                ) == 1
            }
        }
    }

    /// The result of the last statement that was sent, or the error of the first that failed.
    private func answer(place: String) throws(SourceError) -> OpaquePointer? {
        var last: OpaquePointer?
        while true {
            while PQisBusy(handle) == 1 {
                awaitInput()
                if let deadline, ContinuousClock.now > deadline {
                    cancel()
                    throw SourceError(
                        .unreachable,
                        "\(place): no further connection was free in time"
                    )
                }
            }
            guard let next = PQgetResult(handle) else { return last }
            PQclear(last)
            last = next
            let status = PQresultStatus(next)
            guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else {
                defer { PQclear(next) }
                let failure = failure(of: next, place: place)
                // In the middle of a COPY there would be no end of results.
                let isOver = status == PGRES_FATAL_ERROR || status == PGRES_EMPTY_QUERY
                while isOver, let rest = PQgetResult(handle) { PQclear(rest) }
                throw failure
            }
        }
    }

    /// Waits a while for the server and takes what came; a lost connection shows in the result.
    private func awaitInput() {
        if isCancelled { cancel() }
        var request = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        _ = poll(&request, 1, Int32(Limits.receivePatience.milliseconds))
        _ = PQconsumeInput(handle)
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
        guard PQsendQuery(handle, sql) == 1 else { throw failure(of: nil, place: place) }
        while PQisBusy(handle) == 1 { awaitInput() }
        let result = PQgetResult(handle)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COPY_OUT else {
            throw failure(of: result, place: place)
        }
    }

    /// What a COPY gives next.
    enum CopyStep {
        case row(Message)
        /// No whole row has arrived.
        case nothingYet
        case finished
    }

    /// The next row; `waits` for it or takes only what has arrived.
    func copyMessage(waits: Bool, place: String) throws(SourceError) -> CopyStep {
        var buffer: UnsafeMutablePointer<CChar>?
        var length = PQgetCopyData(handle, &buffer, 1)
        var tries = 0
        while length == 0, waits {
            // TLS may hold bytes that the socket does not show: reading comes before waiting, as
            // often as it takes to empty the largest record.
            if tries < 3 { _ = PQconsumeInput(handle) } else { awaitInput() }
            tries += 1
            length = PQgetCopyData(handle, &buffer, 1)
            // A connection that is lost has no socket to wait for, and libpq gives no end of rows.
            guard length != 0 || PQstatus(handle) == CONNECTION_OK else {
                throw PostgresFailure.running(
                    at: place,
                    state: nil,
                    message: String(cString: PQerrorMessage(handle))
                )
            }
        }
        if length > 0, let buffer {
            return .row(Message(bytes: UnsafeRawBufferPointer(start: buffer, count: Int(length))))
        }
        switch length {
        case 0: return .nothingYet
        case -1: return .finished
        default:
            throw PostgresFailure.running(
                at: place,
                state: nil,
                message: String(cString: PQerrorMessage(handle))
            )
        }
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
