import Columnar
import Streams

/// Receives the rows of prepared statements into one buffer, where they are decoded.
///
/// The binary protocol costs the server less than text, which it would have to format, and brings every
/// bit of a FLOAT. Where nothing lies between the socket and the protocol, rows are read from the socket
/// itself: libmariadb would copy each of them twice and ask the system for every 16 KiB. An encrypted or
/// compressed connection is read through libmariadb, whose rows are put into the same framing. Between
/// statements the connection is libmariadb's alone.
final class MySQLRowReceiver {
    /// What comes next.
    enum Event {
        /// More bytes than before.
        case received
        /// A row of more than one packet, valid until the next call, with spare bytes behind it.
        case row(UnsafeRawBufferPointer)
        /// The statement has no more rows.
        case finished
    }

    private let connection: MySQLConnection
    private let place: String
    private let buffer = ReceiveBuffer()
    private var statement: MySQLStatement?
    /// nil while libmariadb reads.
    private var socket: WireSocket?

    init(_ connection: MySQLConnection, place: String) {
        self.connection = connection
        self.place = place
    }

    /// Bytes received for all statements.
    var byteCount: Int64 { buffer.byteCount }

    /// Whether a statement has more rows.
    var isRunning: Bool { statement != nil }

    /// Prepares and runs a statement, whose rows have these columns.
    func start(_ sql: String, columns: [MySQLColumn]) throws(SourceError) {
        buffer.removeAll()
        let statement = try connection.prepare(sql)
        try statement.check(columns)
        guard let descriptor = connection.plainSocket else {
            try statement.execute()
            self.statement = statement
            return
        }
        self.statement = statement
        let place = place
        let socket = WireSocket(descriptor: descriptor) {
            MySQLFailure.lost(at: place, reason: $0)
        }
        self.socket = socket
        try socket.start(statement.executeRequest)
        try receiveHead(from: socket)
    }

    /// The bytes that were not used up yet.
    var unread: UnsafeRawBufferPointer { UnsafeRawBufferPointer(buffer.unread) }

    /// Marks bytes at the front as used up.
    func consume(_ count: Int) { buffer.consume(count) }

    /// Receives more, when there is no whole row at the front.
    func receive() throws(SourceError) -> Event {
        guard let statement else { return .finished }
        guard let socket else { return try receive(from: statement) }
        guard let packet = try frontPacket() else {
            try buffer.receive(from: socket)
            return .received
        }
        switch packet.first {
        case 0: return .row(packet)
        case 0xFE where packet.count < 9:
            let hasWarnings = packet.count >= 3 && (packet[1] != 0 || packet[2] != 0)
            try finish(withWarnings: hasWarnings)
            return .finished
        default:
            finish()
            throw failure(packet)
        }
    }

    private func finish() {
        socket?.finish()
        socket = nil
        statement = nil
    }

    private func finish(withWarnings hasWarnings: Bool) throws(SourceError) {
        // Closing the statement may take the warnings along.
        let ended = statement
        defer { withExtendedLifetime(ended) {} }
        finish()
        if hasWarnings { try connection.requireComplete() }
    }

    // MARK: From the socket

    /// Reads what comes before the rows (MariaDB documentation, "Result Set Packets"): the number of
    /// columns, their definitions unless the server knows that they were sent, and an end.
    private func receiveHead(from socket: WireSocket) throws(SourceError) {
        var isFirst = true
        while true {
            guard let packet = try frontPacket() else {
                try buffer.receive(from: socket)
                continue
            }
            let kind = packet.first
            if kind == 0xFF {
                finish()
                throw failure(packet)
            }
            if kind == 0xFE, packet.count < 9, !isFirst { return }
            if isFirst, kind == 0 {
                finish()
                throw MySQLRowBlock.malformed("a statement without rows")
            }
            isFirst = false
        }
    }

    /// Takes the packet at the front, with those it goes on in; nil where it is not all there, and then
    /// there is room for it.
    private func frontPacket() throws(SourceError) -> UnsafeRawBufferPointer? {
        let bytes = buffer.unread
        var (end, payloadByteCount) = (0, 0)
        while true {
            guard bytes.count >= end + MySQLPacket.headerByteCount, let base = bytes.baseAddress
            else {
                buffer.makeRoom(for: 0)
                return nil
            }
            let count = MySQLPacket.payloadByteCount(base + end)
            payloadByteCount += count
            guard payloadByteCount <= Limits.packetByteCount else {
                throw MySQLRowBlock.malformed("a packet of \(payloadByteCount) bytes and more")
            }
            let next = end + MySQLPacket.headerByteCount + count
            guard bytes.count >= next else {
                buffer.makeRoom(for: next - bytes.count)
                return nil
            }
            end = next
            if count < MySQLPacket.longestPayload { break }
        }
        buffer.consume(end)
        return Self.joined(bytes, payloadByteCount: payloadByteCount)
    }

    /// The payload of packets, moved together where there is more than one.
    private static func joined(
        _ packets: UnsafeMutableRawBufferPointer,
        payloadByteCount: Int
    ) -> UnsafeRawBufferPointer {
        guard let base = packets.baseAddress else { return UnsafeRawBufferPointer(packets) }
        let header = MySQLPacket.headerByteCount
        var kept = min(payloadByteCount, MySQLPacket.longestPayload)
        var source = header + kept + header
        while kept < payloadByteCount {
            let count = min(payloadByteCount - kept, MySQLPacket.longestPayload)
            (base + header + kept).copyMemory(from: base + source, byteCount: count)
            kept += count
            source += count + header
        }
        return UnsafeRawBufferPointer(start: base + header, count: payloadByteCount)
    }

    /// What an error packet says (MariaDB documentation, "ERR_Packet"): `FF`, a code, and behind `#` a
    /// state of five bytes and words.
    private func failure(_ packet: UnsafeRawBufferPointer) -> SourceError {
        guard packet.count >= 3, packet[0] == 0xFF else {
            return MySQLRowBlock.malformed("a packet that is neither row nor end")
        }
        let code = UInt32(packet[1]) | UInt32(packet[2]) << 8
        var words = packet.dropFirst(3)
        if words.first == UInt8(ascii: "#") { words = words.dropFirst(6) }
        return MySQLFailure.running(
            at: place,
            code: code,
            message: String(decoding: words, as: UTF8.self)
        )
    }

    // MARK: Through libmariadb

    /// Takes the rows that libmariadb has, at least one, in the framing of the wire.
    private func receive(from statement: MySQLStatement) throws(SourceError) -> Event {
        if let packet = try frontPacket() { return .row(packet) }
        let before = byteCount
        while byteCount - before < Int64(Limits.receiveBufferByteCount / 4) {
            guard let row = try statement.next() else {
                if byteCount > before { return .received }
                try finish(withWarnings: statement.warningCount > 0)
                return .finished
            }
            var position = 0
            while true {
                let count = min(row.count - position, MySQLPacket.longestPayload)
                withUnsafeBytes(of: UInt32(count).littleEndian) { buffer.append($0) }
                buffer.append(UnsafeRawBufferPointer(rebasing: row[position..<position + count]))
                position += count
                if count < MySQLPacket.longestPayload { break }
            }
        }
        return .received
    }
}
