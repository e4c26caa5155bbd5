import Columnar
import Streams

/// Receives the messages of a COPY into one buffer, where the decoder reads them.
///
/// Where nothing lies between the socket and the protocol, the messages are read from the socket
/// itself: libpq would copy every row twice and wake up for every 8 KiB the server sends. Between
/// COPYs the connection is libpq's alone. An encrypted connection is read through libpq, whose rows
/// are put into the same framing.
final class CopyReceiver {
    /// What stands at the front of the buffer, or what the server said instead.
    enum Event {
        /// More bytes than before.
        case received
        /// The COPY ended well; with the rows the server says it sent.
        case finished(rowCount: Int64)
    }

    private let connection: PostgresConnection
    private let place: String
    private let buffer: ByteStorage
    /// Bytes of `buffer` that were used up.
    private var position = 0
    /// Bytes received in all COPYs.
    private(set) var byteCount: Int64 = 0
    private var route = Route.libpq
    private var confirmedRowCount: Int64 = 0
    private var failure: SourceError?
    /// Whether libpq has told the end of the COPY, which it does only once.
    private var hasEnded = false

    private enum Route {
        case libpq
        case socket(CopySocket)
    }

    init(_ connection: PostgresConnection, place: String) {
        self.connection = connection
        self.place = place
        buffer = ByteStorage(capacity: Limits.receiveBufferByteCount)
    }

    /// Starts a COPY to the client.
    func start(_ sql: String) throws(SourceError) {
        position = 0
        buffer.removeAll(keeping: Limits.receiveBufferByteCount)
        confirmedRowCount = 0
        failure = nil
        hasEnded = false
        if let socket = CopySocket(connection, place: place) {
            route = .socket(socket)
            try socket.start(query: sql)
        } else {
            route = .libpq
            try connection.startCopy(sql, place: place)
        }
    }

    /// The bytes that were not used up yet.
    var unread: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer.bytes[position...])
    }

    /// Marks bytes at the front as used up.
    func consume(_ count: Int) { position += count }

    /// Receives more, when the decoder can do nothing with what there is.
    func receive() throws(SourceError) -> Event {
        switch route {
        case .libpq: try receiveRows()
        case .socket(let socket): try receiveMessages(from: socket)
        }
    }

    // MARK: From the socket

    private func receiveMessages(from socket: CopySocket) throws(SourceError) -> Event {
        while let message = try frontMessage() {
            position += 1 + message.length
            if try handle(message, from: socket) { return .finished(rowCount: confirmedRowCount) }
            if buffer.count > position, unread[0] == UInt8(ascii: "d") { return .received }
        }
        makeRoom()
        let count = try socket.receive(
            into: buffer.base + buffer.count,
            capacity: buffer.capacity - buffer.count,
            failure: failure
        )
        buffer.count += count
        byteCount += Int64(count)
        return .received
    }

    /// Moves what is left to the front and makes room for at least the message that begins there.
    private func makeRoom() {
        let left = buffer.count - position
        if position > 0 {
            buffer.base.copyMemory(from: buffer.base + position, byteCount: left)
            buffer.count = left
            position = 0
        }
        var wanted = Limits.receiveBufferByteCount / 2
        if left >= 5 {
            wanted = max(wanted, 1 + Self.length(buffer.base) - left)
        }
        buffer.reserve(wanted)
    }

    private struct Message {
        var type: UInt8
        /// Of the message without its type.
        var length: Int
        var payload: UnsafeRawBufferPointer
    }

    private static func length(_ message: UnsafeRawPointer) -> Int {
        Int(UInt32(bigEndian: (message + 1).loadUnaligned(as: UInt32.self)))
    }

    /// The message at the front when it is whole and no row.
    private func frontMessage() throws(SourceError) -> Message? {
        let bytes = unread
        guard bytes.count >= 5, let base = bytes.baseAddress else { return nil }
        let length = Self.length(base)
        guard length >= 4, length < Limits.copyMessageByteCount else {
            throw SourceError(
                .protocol,
                "\(place): the server sent a message of \(length) bytes; run it again"
            )
        }
        guard bytes[0] != UInt8(ascii: "d"), bytes.count >= 1 + length else { return nil }
        return Message(
            type: bytes[0],
            length: length,
            payload: UnsafeRawBufferPointer(rebasing: bytes[5..<1 + length])
        )
    }

    /// Answers whether the COPY has ended (PostgreSQL documentation, "Message Formats").
    private func handle(_ message: Message, from socket: CopySocket) throws(SourceError) -> Bool {
        switch message.type {
        case UInt8(ascii: "E"):
            failure = failure ?? Self.failure(message.payload, place: place)
        case UInt8(ascii: "C"):
            let tag = String(decoding: message.payload.prefix { $0 != 0 }, as: UTF8.self)
            confirmedRowCount = tag.split(separator: " ").last.flatMap { Int64($0) } ?? -1
        case UInt8(ascii: "Z"):
            socket.finish()
            if let failure { throw failure }
            return true
        case UInt8(ascii: "H"), UInt8(ascii: "c"), UInt8(ascii: "N"), UInt8(ascii: "S"),
            UInt8(ascii: "A"):
            // The answer's form is known; notices and the like are not ours to print.
            break
        default:
            throw SourceError(
                .protocol,
                "\(place): the server sent a message of the unknown type \(message.type); "
                    + "run it again"
            )
        }
        return false
    }

    /// The fields of an ErrorResponse that say what happened.
    private static func failure(_ payload: UnsafeRawBufferPointer, place: String) -> SourceError {
        var state: String?
        var message = "an error without words"
        for field in payload.split(separator: 0) {
            guard let key = field.first else { continue }
            let text = String(decoding: field.dropFirst(), as: UTF8.self)
            if key == UInt8(ascii: "C") { state = text }
            if key == UInt8(ascii: "M") { message = text }
        }
        return PostgresFailure.running(at: place, state: state, message: message)
    }

    // MARK: Through libpq

    /// Takes the rows that libpq has, at least one, in the framing of the wire.
    private func receiveRows() throws(SourceError) -> Event {
        guard !hasEnded else {
            return .finished(rowCount: try connection.finishCopy(place: place))
        }
        makeRoom()
        let before = buffer.count
        while buffer.count - before < Limits.receiveBufferByteCount / 2 {
            let isWaiting = buffer.count == before
            switch try connection.copyMessage(waits: isWaiting, place: place) {
            case .nothingYet: return .received
            case .finished:
                hasEnded = true
                return .received
            case .row(let row):
                defer { row.free() }
                buffer.append(UInt8(ascii: "d"))
                let length = UInt32(truncatingIfNeeded: row.bytes.count + 4).bigEndian
                withUnsafeBytes(of: length) { buffer.append($0) }
                buffer.append(row.bytes)
                byteCount += Int64(row.bytes.count + 5)
            }
        }
        return .received
    }
}
