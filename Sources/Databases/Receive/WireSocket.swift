import Basics
import Streams

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The socket of a database's connection, for the time in which rows are read from it directly.
///
/// It is never blocked in. It wakes its reader when `Limits.receiveWakeByteCount` bytes wait, not for
/// every few rows; what is less is fetched when a short wait is over.
struct WireSocket {
    private let descriptor: Int32
    private let lost: (String) -> SourceError

    /// Takes over a connected socket; `lost` makes the error of a connection that broke, with a reason.
    init(descriptor: Int32, lost: @escaping (String) -> SourceError) {
        self.descriptor = descriptor
        self.lost = lost
    }

    /// Sends a request, whose whole answer is then to be read here.
    func start(_ request: [UInt8]) throws(SourceError) {
        setWakeByteCount(Limits.receiveWakeByteCount)
        var sent = 0
        while sent < request.count {
            let count = request[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                wait(for: Int16(POLLOUT), Limits.receivePatience)
            } else if errno != EINTR {
                throw lost(String(cString: strerror(errno)))
            }
        }
    }

    /// Waits for bytes and takes as many as there are, up to `capacity`.
    ///
    /// When the server has closed the connection, `failure` says why if the server did. `whileIdle` is
    /// called before each wait.
    func receive(
        into target: UnsafeMutableRawPointer,
        capacity: Int,
        failure: SourceError?,
        whileIdle: () -> Void
    ) throws(SourceError) -> Int {
        var patience = Limits.receiveImpatience
        while true {
            let count = recv(descriptor, target, capacity, Int32(MSG_DONTWAIT))
            if count > 0 { return count }
            if count == 0 { throw failure ?? lost("the server closed it, and its log says why") }
            guard errno == EAGAIN || errno == EINTR else {
                throw failure ?? lost(String(cString: strerror(errno)))
            }
            whileIdle()
            wait(for: Int16(POLLIN), patience)
            patience = min(patience * 2, Limits.receivePatience)
        }
    }

    /// Hands the socket back.
    func finish() { setWakeByteCount(1) }

    private func wait(for events: Int16, _ patience: Duration) {
        var request = pollfd(fd: descriptor, events: events, revents: 0)
        // Whatever poll answers, the next call on the socket says what is the matter.
        _ = poll(&request, 1, Int32(patience.milliseconds))
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
}
