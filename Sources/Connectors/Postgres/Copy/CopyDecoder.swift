package import Columnar
package import Streams

/// Turns the rows of `COPY … TO STDOUT (FORMAT binary)` into column buffers
/// (PostgreSQL documentation, "COPY", Binary Format).
///
/// ```
/// stream := "PGCOPY\n\377\r\n\0" flags(4) extension length(4) extension  row*  -1(2)
/// row    := field count(2)  field*           field := length(4) bytes   | -1(4) for null
/// ```
///
/// Rows are gathered into blocks of `Limits.copyBlockRowCount`: first the offsets of all fields are
/// found, then each column is decoded in one loop over its fields. The block stays in the cache,
/// and the kind of a column is looked at once per block.
package struct CopyDecoder: ~Copyable {
    private let columns: [CopyColumn]
    private let block = ByteStorage(capacity: 64 << 10)
    /// Start and length of each field, column after column, `copyBlockRowCount` apart.
    private let starts: UnsafeMutablePointer<UInt32>
    private let lengths: UnsafeMutablePointer<Int32>
    private let rowStarts: UnsafeMutablePointer<UInt32>
    private var blockRowCount = 0
    private var counts: [ConversionCounts]
    private var expectsHeader = true
    /// Whether the end of the stream was read.
    package private(set) var isFinished = false
    /// Rows decoded so far.
    package private(set) var rowCount: Int64 = 0

    /// Makes a decoder of a stream with these columns.
    package init(columns: [CopyColumn]) {
        self.columns = columns
        counts = columns.map { _ in ConversionCounts() }
        let cells = max(columns.count, 1) * Limits.copyBlockRowCount
        starts = .allocate(capacity: cells)
        lengths = .allocate(capacity: cells)
        rowStarts = .allocate(capacity: Limits.copyBlockRowCount + 1)
    }

    deinit {
        starts.deallocate()
        lengths.deallocate()
        rowStarts.deallocate()
    }

    /// Bytes waiting to be decoded.
    package var blockByteCount: Int { block.count }

    /// The changed values so far.
    package var conversions: [Conversion] {
        zip(columns, counts).flatMap { $1.conversions(column: $0.name) }
    }

    /// Takes one message of the stream: one row, perhaps behind the header, or the end.
    ///
    /// A full block is decoded into `batch`.
    package mutating func append(
        _ message: UnsafeRawBufferPointer,
        into batch: Batch
    ) throws(SourceError) {
        var message = message
        if expectsHeader {
            message = try Self.skipHeader(message)
            expectsHeader = false
            if message.isEmpty { return }
        }
        guard !isFinished, message.count >= 2 else { throw Self.malformed("a row is cut off") }
        let fieldCount = Int16(bigEndian: message.loadUnaligned(as: Int16.self))
        if fieldCount == -1, message.count == 2 {
            isFinished = true
            return
        }
        guard Int(fieldCount) == columns.count else {
            throw Self.malformed("a row has \(fieldCount) fields, not \(columns.count)")
        }
        guard block.count + message.count <= Limits.copyBlockByteCountMax else {
            throw SourceError(
                .unsupported,
                "a row of \(message.count) bytes is too large to read; leave its largest column "
                    + "out with --columns"
            )
        }
        rowStarts[blockRowCount] = UInt32(block.count)
        block.append(UnsafeRawBufferPointer(rebasing: message[2...]))
        blockRowCount += 1
        rowStarts[blockRowCount] = UInt32(block.count)
        if blockRowCount == Limits.copyBlockRowCount || block.count >= Limits.copyBlockByteCount {
            try flush(into: batch)
        }
    }

    /// Decodes the rows that wait into `batch`.
    package mutating func flush(into batch: Batch) throws(SourceError) {
        guard blockRowCount > 0 else { return }
        guard
            CopyFieldSplitter.split(
                block.bytes,
                rowStarts: UnsafePointer(rowStarts),
                rowCount: blockRowCount,
                columnCount: columns.count,
                starts: starts,
                lengths: lengths
            )
        else { throw Self.malformed("a field reaches past its row") }
        for index in columns.indices {
            let fields = CopyFields(
                bytes: UnsafeRawPointer(block.base),
                starts: UnsafePointer(starts + index * Limits.copyBlockRowCount),
                lengths: UnsafePointer(lengths + index * Limits.copyBlockRowCount),
                count: blockRowCount
            )
            try CopyColumnDecoder.decode(
                fields,
                column: columns[index],
                counts: &counts[index],
                into: batch.columns[index]
            )
        }
        batch.rowCount += blockRowCount
        rowCount += Int64(blockRowCount)
        blockRowCount = 0
        block.removeAll(keeping: Limits.copyBlockByteCount * 2)
    }

    private static func skipHeader(
        _ message: UnsafeRawBufferPointer
    ) throws(SourceError) -> UnsafeRawBufferPointer {
        let signature: [UInt8] = [
            0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00,
        ]
        guard message.count >= 19, message.prefix(11).elementsEqual(signature) else {
            throw malformed("it does not begin with the header of a binary COPY")
        }
        let flags = UInt32(bigEndian: message.loadUnaligned(fromByteOffset: 11, as: UInt32.self))
        let length = UInt32(bigEndian: message.loadUnaligned(fromByteOffset: 15, as: UInt32.self))
        // Bits 16 to 31 change the format; no server sets one today.
        guard flags >> 16 == 0, Int(length) <= message.count - 19 else {
            throw malformed("its header has flags or an extension of an unknown format")
        }
        return UnsafeRawBufferPointer(rebasing: message[(19 + Int(length))...])
    }

    static func malformed(_ what: String) -> SourceError {
        SourceError(.protocol, "the COPY stream is malformed: \(what)")
    }
}

/// Finds the fields of a block of rows.
enum CopyFieldSplitter {
    /// Writes start and length of each field (-1 for null), column after column.
    ///
    /// Returns false when a length leads out of its row or does not fill it.
    static func split(
        _ block: UnsafeRawBufferPointer,
        rowStarts: UnsafePointer<UInt32>,
        rowCount: Int,
        columnCount: Int,
        starts: UnsafeMutablePointer<UInt32>,
        lengths: UnsafeMutablePointer<Int32>
    ) -> Bool {
        guard let base = block.baseAddress else { return rowCount == 0 || columnCount == 0 }
        let stride = Limits.copyBlockRowCount
        for row in 0..<rowCount {
            var position = Int(rowStarts[row])
            let end = Int(rowStarts[row &+ 1])
            var cell = row
            for _ in 0..<columnCount {
                guard position &+ 4 <= end else { return false }
                let length = Int32(
                    bigEndian: base.loadUnaligned(fromByteOffset: position, as: Int32.self)
                )
                position &+= 4
                starts[cell] = UInt32(truncatingIfNeeded: position)
                lengths[cell] = length
                if length > 0 {
                    position &+= Int(length)
                } else if length < -1 {
                    return false
                }
                cell &+= stride
            }
            guard position == end else { return false }
        }
        return true
    }
}

/// The fields of one column in one block.
struct CopyFields {
    let bytes: UnsafeRawPointer
    let starts: UnsafePointer<UInt32>
    let lengths: UnsafePointer<Int32>
    let count: Int
}
