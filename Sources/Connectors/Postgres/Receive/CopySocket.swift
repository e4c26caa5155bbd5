import Streams

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The socket of a connection for the time of one COPY.
///
/// The socket does not block. It wakes its reader when `Limits.receiveWakeByteCount` bytes wait,
/// not for every few rows; what is less is fetched when a short wait is over.
struct CopySocket {
    private let connection: PostgresConnection
    private let descriptor: Int32
    private let place: String

    /// nil where the bytes of the socket are not those of the protocol: encrypted connections.
    init?(_ connection: PostgresConnection, place: String) {
        guard let descriptor = connection.plainSocket else { return nil }
        self.connection = connection
        self.descriptor = descriptor
        self.place = place
    }

    /// Sends a statement, whose answer is then to be read here up to ReadyForQuery.
    func start(query: String) throws(SourceError) {
        setWakeByteCount(Limits.receiveWakeByteCount)
        var message = [UInt8(ascii: "Q")]
        let length = UInt32(truncatingIfNeeded: query.utf8.count + 5)
        withUnsafeBytes(of: length.bigEndian) { message.append(contentsOf: $0) }
        message.append(contentsOf: query.utf8)
        message.append(0)
        var sent = 0
        while sent < message.count {
            let count = message[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                wait(for: Int16(POLLOUT), milliseconds: Limits.receivePatienceMilliseconds)
            } else if errno != EINTR {
                throw lost(String(cString: strerror(errno)))
            }
        }
    }

    /// Waits for bytes and takes as many as there are, up to `capacity`.
    ///
    /// When the server has closed the connection, `failure` says why if the server did.
    func receive(
        into target: UnsafeMutableRawPointer,
        capacity: Int,
        failure: SourceError?
    ) throws(SourceError) -> Int {
        var patience = Limits.receiveImpatienceMilliseconds
        while true {
            let count = recv(descriptor, target, capacity, Int32(MSG_DONTWAIT))
            if count > 0 { return count }
            if count == 0 { throw failure ?? lost("the server closed it, and its log says why") }
            guard errno == EAGAIN || errno == EINTR else {
                throw failure ?? lost(String(cString: strerror(errno)))
            }
            // A cancel that came between two statements was for nothing: the next one is asked to
            // stop again.
            if connection.isCancelled { connection.cancel() }
            wait(for: Int16(POLLIN), milliseconds: patience)
            patience = min(patience * 2, Limits.receivePatienceMilliseconds)
        }
    }

    /// Hands the socket back to libpq.
    func finish() { setWakeByteCount(1) }

    private func wait(for events: Int16, milliseconds: Int32) {
        var request = pollfd(fd: descriptor, events: events, revents: 0)
        // Whatever poll answers, the next call on the socket says what is the matter.
        _ = poll(&request, 1, milliseconds)
    }

    private func setWakeByteCount(_ count: Int32) {
        var count = count
        // Where the system does not know it, as for Unix sockets, reading only wakes more often.
        _ = setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_RCVLOWAT,
            &count,
            socklen_t(MemoryLayout<Int32>.size)
        )
    }

    private func lost(_ reason: String) -> SourceError {
        PostgresFailure.running(at: place, state: nil, message: reason)
    }
}
