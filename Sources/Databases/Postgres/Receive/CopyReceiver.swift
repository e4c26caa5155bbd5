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
    private let buffer = ReceiveBuffer()
    private var route = Route.libpq
    private var confirmedRowCount: Int64 = 0
    private var failure: SourceError?
    /// Whether libpq has told the end of the COPY, which it does only once.
    private var hasEnded = false

    private enum Route {
        case libpq
        case socket(WireSocket)
    }

    init(_ connection: PostgresConnection, place: String) {
        self.connection = connection
        self.place = place
    }

    /// Starts a COPY to the client.
    func start(_ sql: String) throws(SourceError) {
        buffer.removeAll()
        confirmedRowCount = 0
        failure = nil
        hasEnded = false
        if let descriptor = connection.plainSocket {
            let place = place
            let socket = WireSocket(descriptor: descriptor) {
                PostgresFailure.running(at: place, state: nil, message: $0)
            }
            route = .socket(socket)
            try socket.start(Self.query(sql))
        } else {
            route = .libpq
            try connection.startCopy(sql, place: place)
        }
    }

    /// A simple query (PostgreSQL documentation, "Message Formats").
    private static func query(_ sql: String) -> [UInt8] {
        var message = [UInt8(ascii: "Q")]
        let length = UInt32(truncatingIfNeeded: sql.utf8.count + 5)
        withUnsafeBytes(of: length.bigEndian) { message.append(contentsOf: $0) }
        message.append(contentsOf: sql.utf8)
        message.append(0)
        return message
    }

    /// Bytes received in all COPYs.
    var byteCount: Int64 { buffer.byteCount }

    /// The bytes that were not used up yet.
    var unread: UnsafeRawBufferPointer { UnsafeRawBufferPointer(buffer.unread) }

    /// Marks bytes at the front as used up.
    func consume(_ count: Int) { buffer.consume(count) }

    /// Receives more, when the decoder can do nothing with what there is.
    func receive() throws(SourceError) -> Event {
        switch route {
        case .libpq: try receiveRows()
        case .socket(let socket): try receiveMessages(from: socket)
        }
    }

    // MARK: From the socket

    private func receiveMessages(from socket: WireSocket) throws(SourceError) -> Event {
        while let message = try frontMessage() {
            buffer.consume(1 + message.length)
            if try handle(message, from: socket) { return .finished(rowCount: confirmedRowCount) }
            if unread.first == UInt8(ascii: "d") { return .received }
        }
        makeRoom()
        try buffer.receive(from: socket, failure: failure) {
            // A cancel that came between two statements was for nothing: it is asked for again.
            if connection.isCancelled { connection.cancel() }
        }
        return .received
    }

    /// Makes room for at least the message that begins at the front.
    private func makeRoom() {
        let bytes = unread
        let wanted = bytes.count >= 5 ? bytes.baseAddress.map { 1 + Self.length($0) } : nil
        buffer.makeRoom(for: (wanted ?? 0) - bytes.count)
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
    private func handle(_ message: Message, from socket: WireSocket) throws(SourceError) -> Bool {
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
        let before = byteCount
        while byteCount - before < Int64(Limits.receiveBufferByteCount / 2) {
            let isWaiting = byteCount == before
            switch try connection.copyMessage(waits: isWaiting, place: place) {
            case .nothingYet: return .received
            case .finished:
                hasEnded = true
                return .received
            case .row(let row):
                defer { row.free() }
                let length = UInt32(truncatingIfNeeded: row.bytes.count + 4).byteSwapped
                let header = UInt64(length) << 8 | UInt64(UInt8(ascii: "d"))
                withUnsafeBytes(of: header.littleEndian) {
                    buffer.append(UnsafeRawBufferPointer(rebasing: $0[..<5]))
                }
                buffer.append(row.bytes)
            }
        }
        return .received
    }
}
