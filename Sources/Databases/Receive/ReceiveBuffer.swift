import Columnar
import Streams

/// What was received and not used up yet, in one piece of memory in which it is decoded.
final class ReceiveBuffer {
    private let buffer = ByteStorage(capacity: Limits.receiveBufferByteCount)
    /// Bytes of `buffer` that were used up.
    private var position = 0
    /// Bytes received so far.
    private(set) var byteCount: Int64 = 0

    /// Forgets what there is.
    func removeAll() {
        position = 0
        buffer.removeAll(keeping: Limits.receiveBufferByteCount)
    }

    /// The bytes that were not used up; `ByteStorage.slack` more can be read behind them.
    @inline(__always)
    var unread: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            start: buffer.base + position,
            count: buffer.count - position
        )
    }

    /// Marks bytes at the front as used up.
    @inline(__always)
    func consume(_ count: Int) { position += count }

    /// Moves what is left to the front and makes room for `count` more bytes.
    func makeRoom(for count: Int) {
        let left = buffer.count - position
        if position > 0 {
            buffer.base.copyMemory(from: buffer.base + position, byteCount: left)
            buffer.count = left
            position = 0
        }
        buffer.reserve(max(count, Limits.receiveBufferByteCount / 2))
    }

    /// Waits for bytes from a socket and adds as many as there are room for.
    func receive(
        from socket: WireSocket,
        failure: SourceError? = nil,
        whileIdle: () -> Void = {}
    ) throws(SourceError) {
        let count = try socket.receive(
            into: buffer.base + buffer.count,
            capacity: buffer.capacity - buffer.count,
            failure: failure,
            whileIdle: whileIdle
        )
        buffer.count += count
        byteCount += Int64(count)
    }

    /// Adds what was received by other means.
    func append(_ bytes: UnsafeRawBufferPointer) {
        buffer.append(bytes)
        byteCount += Int64(bytes.count)
    }
}
