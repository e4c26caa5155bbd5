internal import Columnar

/// The key columns of the batch at hand: a hash for each row, and keys as bytes.
///
/// Two rows have equal keys exactly when the bytes of their keys are equal, and no key's bytes are
/// the beginning of another's: a text stands behind its length.
final class KeyRows {
    let columns: [KeyColumn]
    /// Nulls met in each column since the start.
    private(set) var nullCounts: [Int64]
    private let seed: UInt64
    private let hashes = ByteStorage()
    private let validity = ByteStorage()
    private let picks = ByteStorage()
    private let scratch = ByteStorage()
    private var batch: Batch?
    /// Where the value of each column ends in the key written last.
    private(set) var ends: [Int]

    init(columns: [KeyColumn], seed: UInt64) {
        self.columns = columns
        self.seed = seed
        nullCounts = columns.map { _ in 0 }
        ends = columns.map { _ in 0 }
    }

    /// Rows of the batch.
    var rowCount: Int { batch?.rowCount ?? 0 }

    /// A hash per row.
    var hash: UnsafeMutablePointer<UInt64> { hashes.base.assumingMemoryBound(to: UInt64.self) }

    /// 1 per row whose key has no null.
    var isPresent: UnsafeMutablePointer<UInt8> {
        validity.base.assumingMemoryBound(to: UInt8.self)
    }

    /// Room for the numbers of as many rows as the batch has.
    var rowNumbers: UnsafeMutablePointer<UInt32> {
        picks.base.assumingMemoryBound(to: UInt32.self)
    }

    // MARK: Hashing

    /// Takes a batch of the key columns, in their order, and hashes its rows.
    func load(_ batch: Batch) {
        precondition(batch.columns.count == columns.count, "a batch of other columns")
        self.batch = batch
        let rows = batch.rowCount
        hashes.reserve(rows * 8)
        validity.reserve(rows)
        picks.reserve(rows * 4)
        hash.update(repeating: seed, count: rows)
        isPresent.update(repeating: 1, count: rows)
        for (index, buffer) in batch.columns.enumerated() {
            if buffer.nullCount > 0 {
                nullCounts[index] += Int64(buffer.nullCount)
                Self.intersect(isPresent, buffer.validity.base, count: rows)
            }
            mix(buffer, as: columns[index].kind)
        }
        // The last mixing leaves its best bits in the middle; both ends are used.
        let hash = hash
        for row in 0..<rows { hash[row] = Self.fold(hash[row] ^ Self.end, Self.first) }
    }

    private static let first: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let second: UInt64 = 0xD6E8_FEB8_6659_FD93
    private static let end: UInt64 = 0xA076_1D64_78BD_642F

    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    private static func intersect(
        _ flags: UnsafeMutablePointer<UInt8>,
        _ other: UnsafeMutableRawPointer,
        count: Int
    ) {
        let other = other.assumingMemoryBound(to: UInt8.self)
        for row in 0..<count { flags[row] &= other[row] }
    }

    /// The key of a row as it is told to people, cut short.
    func text(ofRow row: Int) -> String {
        let values = batch?.columns.map { String(($0.text(at: row) ?? "null").prefix(60)) } ?? []
        return values.joined(separator: ", ")
    }

    private func mix(_ buffer: ColumnBuffer, as kind: KeyColumn.Kind) {
        switch (kind, buffer.storage) {
        case (.double, .fixed(width: 8)): mixDoubles(buffer)
        case (.boolean, _): mixWords(UInt8.self, buffer)
        case (.double, .fixed(width: 4)): mixFloats(buffer)
        case (.decimal, .fixed(width: 4)): mixWide(Int32.self, buffer)
        case (.decimal, .fixed(width: 8)): mixWide(Int64.self, buffer)
        case (.decimal, _): mixWide(Int128.self, buffer)
        case (.uuid, _): mixWide(UInt128.self, buffer)
        case (.bytes, _): mixBytes(buffer)
        case (_, .fixed(width: 4)): mixWords(Int32.self, buffer)
        default: mixWords(Int64.self, buffer)
        }
    }

    private func mixWords<Word: FixedWidthInteger>(_: Word.Type, _ buffer: ColumnBuffer) {
        let words = buffer.values.base.assumingMemoryBound(to: Word.self)
        let hash = hash
        for row in 0..<buffer.count {
            let word = UInt64(bitPattern: Int64(truncatingIfNeeded: words[row]))
            hash[row] = Self.fold(hash[row] ^ word, Self.second)
        }
    }

    private func mixFloats(_ buffer: ColumnBuffer) {
        let values = buffer.values.base.assumingMemoryBound(to: Float.self)
        let hash = hash
        for row in 0..<buffer.count {
            hash[row] = Self.fold(hash[row] ^ Self.bits(of: Double(values[row])), Self.second)
        }
    }

    private func mixDoubles(_ buffer: ColumnBuffer) {
        let values = buffer.values.base.assumingMemoryBound(to: Double.self)
        let hash = hash
        for row in 0..<buffer.count {
            hash[row] = Self.fold(hash[row] ^ Self.bits(of: values[row]), Self.second)
        }
    }

    /// The bits by which a number is compared: databases take 0 and -0 for equal, and all that is not a
    /// number too.
    @inline(__always)
    private static func bits(of value: Double) -> UInt64 {
        value.isNaN ? Double.nan.bitPattern : value == 0 ? 0 : value.bitPattern
    }

    private func mixWide<Word: FixedWidthInteger>(_: Word.Type, _ buffer: ColumnBuffer) {
        let words = buffer.values.base.assumingMemoryBound(to: Word.self)
        let hash = hash
        for row in 0..<buffer.count {
            let wide = UInt128(truncatingIfNeeded: Int128(truncatingIfNeeded: words[row]))
            let low = Self.fold(hash[row] ^ UInt64(truncatingIfNeeded: wide), Self.second)
            hash[row] = Self.fold(low ^ UInt64(truncatingIfNeeded: wide >> 64), Self.second)
        }
    }

    private func mixBytes(_ buffer: ColumnBuffer) {
        let ends = buffer.offsets.base.assumingMemoryBound(to: UInt32.self)
        let bytes = UnsafeRawPointer(buffer.values.base)
        let hash = hash
        for row in 0..<buffer.count {
            var position = Int(ends[row])
            let end = Int(ends[row + 1])
            var mixed = Self.fold(hash[row] ^ UInt64(end - position), Self.second)
            while position + 8 <= end {
                let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                mixed = Self.fold(mixed ^ word, Self.second)
                position += 8
            }
            if position < end {
                // Storage may be read some bytes past its end; what is not the value's is cut off.
                let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                let mask = UInt64.max >> UInt64(64 - 8 * (end - position))
                mixed = Self.fold(mixed ^ (word & mask), Self.second)
            }
            hash[row] = mixed
        }
    }

    // MARK: Bytes

    /// The key of a row as bytes; they stay valid until the next key.
    func key(ofRow row: Int) -> UnsafeRawBufferPointer {
        scratch.count = 0
        guard let batch else { return scratch.bytes }
        for (index, buffer) in batch.columns.enumerated() {
            write(buffer, row, columns[index].kind)
            ends[index] = scratch.count
        }
        return scratch.bytes
    }

    private func write(_ buffer: ColumnBuffer, _ row: Int, _ kind: KeyColumn.Kind) {
        let base = UnsafeRawPointer(buffer.values.base)
        switch (kind, buffer.storage) {
        case (.boolean, _): append(Int64(base.load(fromByteOffset: row, as: UInt8.self)))
        case (.double, .fixed(width: 4)):
            append(Self.bits(of: Double(base.load(fromByteOffset: row * 4, as: Float.self))))
        case (.double, _):
            append(Self.bits(of: base.load(fromByteOffset: row * 8, as: Double.self)))
        case (.decimal, .fixed(width: 4)):
            append(Int128(base.load(fromByteOffset: row * 4, as: Int32.self)))
        case (.decimal, .fixed(width: 8)):
            append(Int128(base.load(fromByteOffset: row * 8, as: Int64.self)))
        case (.decimal, _), (.uuid, _):
            append(base.loadUnaligned(fromByteOffset: row * 16, as: Int128.self))
        case (.bytes, _):
            let range = buffer.range(at: row)
            append(UInt32(range.count))
            scratch.append(UnsafeRawBufferPointer(rebasing: buffer.values.bytes[range]))
        case (_, .fixed(width: 4)):
            append(Int64(base.load(fromByteOffset: row * 4, as: Int32.self)))
        default: append(base.load(fromByteOffset: row * 8, as: Int64.self))
        }
    }

    private func append<Word: FixedWidthInteger>(_ word: Word) {
        scratch.reserve(MemoryLayout<Word>.size)
        (scratch.base + scratch.count).storeBytes(of: word, as: Word.self)
        scratch.count += MemoryLayout<Word>.size
    }
}
