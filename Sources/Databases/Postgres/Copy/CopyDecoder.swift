package import Columnar
package import Streams

/// Turns the messages of `COPY … TO STDOUT (FORMAT binary)` into column buffers
/// (PostgreSQL documentation, "COPY", Binary Format, and "Message Formats", CopyData).
///
/// ```
/// message := "d" length(4) payload                 length counts itself and the payload
/// stream  := "PGCOPY\n\377\r\n\0" flags(4) extension length(4) extension  row*  -1(2)
/// row     := field count(2)  field*           field := length(4) bytes   | -1(4) for null
/// ```
///
/// Rows are taken in blocks of `Limits.copyBlockRowCount` where they lie in the receive buffer:
/// one pass finds where each field begins, then each column is decoded in one loop over its
/// fields. The block stays in the cache, and the kind of a column is looked at once per block.
package struct CopyDecoder: ~Copyable {
    private let columns: [CopyColumn]
    /// Where the bytes of each field begin, behind its length; column after column,
    /// `copyBlockRowCount` apart.
    private let starts: UnsafeMutablePointer<UInt32>
    private var counts: [ConversionCounts]
    private var expectsHeader = true
    /// Whether the end of the stream was read.
    package private(set) var isFinished = false
    /// Rows decoded so far, over all streams.
    package private(set) var rowCount: Int64 = 0

    /// Makes a decoder of streams with these columns.
    package init(columns: [CopyColumn]) {
        self.columns = columns
        counts = columns.map { _ in ConversionCounts() }
        starts = .allocate(capacity: max(columns.count, 1) * Limits.copyBlockRowCount)
    }

    deinit { starts.deallocate() }

    /// The changed values so far.
    package var conversions: [Conversion] {
        zip(columns, counts).flatMap { $1.conversions(column: $0.name) }
    }

    /// Gets ready for the next stream of the same columns; rows and conversions count on.
    package mutating func restart() {
        expectsHeader = true
        isFinished = false
    }

    /// Decodes the rows at the front of `bytes` into `batch`, one block at most.
    ///
    /// `bytes` are messages end to end, with `ByteStorage.slack` readable bytes behind them. Stops
    /// before a message that is cut off or no CopyData, and after `rowLimit` rows. Returns the
    /// bytes used up; 0 when there is nothing to decode.
    package mutating func decode(
        _ bytes: UnsafeRawBufferPointer,
        into batch: Batch,
        rowLimit: Int = .max
    ) throws(SourceError) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        let limit = min(rowLimit, Limits.copyBlockRowCount)
        let byteCount = min(bytes.count, Limits.copyMessageByteCount)
        var position = 0
        var rowCount = 0
        while rowCount < limit, position < Limits.copyBlockByteCount,
            let end = Self.messageEnd(base, at: position, of: byteCount)
        {
            var start = position + 5
            position = end
            if expectsHeader {
                start += try Self.headerByteCount(
                    UnsafeRawBufferPointer(start: base + start, count: end - start)
                )
                expectsHeader = false
                if start == end { continue }
            }
            guard !isFinished, end - start >= 2 else { throw Self.malformed("a row is cut off") }
            let fieldCount = Int16(
                bigEndian: base.loadUnaligned(fromByteOffset: start, as: Int16.self)
            )
            if fieldCount == -1, end - start == 2 {
                isFinished = true
                break
            }
            guard Int(fieldCount) == columns.count else {
                throw Self.malformed("a row has \(fieldCount) fields, not \(columns.count)")
            }
            guard split(base, from: start + 2, to: end, row: rowCount) else {
                throw Self.malformed("a field reaches past its row")
            }
            rowCount += 1
        }
        try decodeColumns(base, rowCount: rowCount, into: batch)
        return position
    }

    /// Where the CopyData message at `position` ends; nil when it is another one or cut off.
    @inline(__always)
    private static func messageEnd(
        _ base: UnsafeRawPointer,
        at position: Int,
        of byteCount: Int
    ) -> Int? {
        guard position + 5 <= byteCount,
            base.load(fromByteOffset: position, as: UInt8.self) == UInt8(ascii: "d")
        else { return nil }
        let length = Int(
            UInt32(bigEndian: base.loadUnaligned(fromByteOffset: position + 1, as: UInt32.self))
        )
        let end = position + 1 + length
        return length >= 4 && end <= byteCount ? end : nil
    }

    /// Finds the fields of one row; false when a length leads out of the row or does not fill it.
    @inline(__always)
    private func split(
        _ base: UnsafeRawPointer,
        from start: Int,
        to end: Int,
        row: Int
    ) -> Bool {
        var position = start
        var cell = starts + row
        for _ in 0..<columns.count {
            guard position &+ 4 <= end else { return false }
            let length = Int32(
                bigEndian: base.loadUnaligned(fromByteOffset: position, as: Int32.self)
            )
            position &+= 4
            cell.pointee = UInt32(truncatingIfNeeded: position)
            cell += Limits.copyBlockRowCount
            if length > 0 {
                position &+= Int(length)
            } else if length < -1 {
                return false
            }
        }
        return position == end
    }

    private mutating func decodeColumns(
        _ base: UnsafeRawPointer,
        rowCount: Int,
        into batch: Batch
    ) throws(SourceError) {
        guard rowCount > 0 else { return }
        for index in columns.indices {
            try CopyColumnDecoder.decode(
                CopyFields(
                    bytes: base,
                    starts: UnsafePointer(starts + index * Limits.copyBlockRowCount),
                    count: rowCount
                ),
                column: columns[index],
                counts: &counts[index],
                into: batch.columns[index]
            )
        }
        batch.rowCount += rowCount
        self.rowCount += Int64(rowCount)
    }

    private static func headerByteCount(
        _ payload: UnsafeRawBufferPointer
    ) throws(SourceError) -> Int {
        let signature: [UInt8] = [
            0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00,
        ]
        guard payload.count >= 19, payload.prefix(11).elementsEqual(signature) else {
            throw malformed("it does not begin with the header of a binary COPY")
        }
        let flags = UInt32(bigEndian: payload.loadUnaligned(fromByteOffset: 11, as: UInt32.self))
        let length = UInt32(bigEndian: payload.loadUnaligned(fromByteOffset: 15, as: UInt32.self))
        // Bits 16 to 31 change the format; no server sets one today.
        guard flags >> 16 == 0, Int(length) <= payload.count - 19 else {
            throw malformed("its header has flags or an extension of an unknown format")
        }
        return 19 + Int(length)
    }

    static func malformed(_ what: String) -> SourceError {
        SourceError(.protocol, "the COPY stream is malformed: \(what)")
    }
}

/// The fields of one column in one block: where each begins, its length in the 4 bytes before.
struct CopyFields {
    let bytes: UnsafeRawPointer
    let starts: UnsafePointer<UInt32>
    let count: Int

    /// Where field `index` begins.
    @inline(__always)
    func start(_ index: Int) -> UnsafeRawPointer { bytes + Int(starts[index]) }

    /// The length of field `index`; -1 for null.
    @inline(__always)
    func length(_ index: Int) -> Int32 { Self.length(before: start(index)) }

    /// The length that stands before a field.
    @inline(__always)
    static func length(before start: UnsafeRawPointer) -> Int32 {
        Int32(bigEndian: (start - 4).loadUnaligned(as: Int32.self))
    }
}
