internal import Columnar

/// The smallest and largest value of a key column, to leave files out by.
enum KeyRange: Hashable, Sendable {
    /// No value yet.
    case empty
    case integers(Int128, Int128)
    case bytes([UInt8], [UInt8])
    /// Values whose order in bounds is not relied upon.
    case unordered

    /// Takes a value in, as `KeyRows` writes it.
    mutating func formUnion(_ value: UnsafeRawBufferPointer, kind: KeyColumn.Kind) {
        switch kind {
        case .boolean, .double: self = .unordered
        case .integer: formUnion(Int128(value.loadUnaligned(as: Int64.self)))
        case .decimal: formUnion(value.loadUnaligned(as: Int128.self))
        case .uuid: formUnion(value)
        case .bytes: formUnion(UnsafeRawBufferPointer(rebasing: value.dropFirst(4)))
        }
    }

    private mutating func formUnion(_ number: Int128) {
        guard case .integers(let low, let high) = self else {
            self = .integers(number, number)
            return
        }
        if number < low || number > high { self = .integers(min(low, number), max(high, number)) }
    }

    private mutating func formUnion(_ value: UnsafeRawBufferPointer) {
        guard case .bytes(let low, let high) = self else {
            self = .bytes(Array(value), Array(value))
            return
        }
        if value.lexicographicallyPrecedes(low) {
            self = .bytes(Array(value), high)
        } else if high.lexicographicallyPrecedes(value) {
            self = .bytes(low, Array(value))
        }
    }

    /// Whether a file with these bounds, in Iceberg's single-value encoding, may hold a value
    /// inside of this range; bounds that are missing or make no sense say that it may.
    func meets(lower: [UInt8]?, upper: [UInt8]?, kind: KeyColumn.Kind) -> Bool {
        switch self {
        case .empty: return false
        case .unordered: return true
        case .integers(let low, let high):
            if let lower = lower.flatMap({ Self.number($0, kind) }), lower > high { return false }
            if let upper = upper.flatMap({ Self.number($0, kind) }), upper < low { return false }
            return true
        case .bytes(let low, let high):
            if let lower, high.lexicographicallyPrecedes(lower) { return false }
            if let upper, upper.lexicographicallyPrecedes(low) { return false }
            return true
        }
    }

    /// A bound as a number: of 4 bytes where the column was narrower when the file was written.
    private static func number(_ bound: [UInt8], _ kind: KeyColumn.Kind) -> Int128? {
        if case .decimal = kind {
            guard let first = bound.first, bound.count <= 16 else { return nil }
            let start: Int128 = first >= 0x80 ? -1 : 0
            return bound.reduce(start) { $0 << 8 | Int128($1) }
        }
        return bound.withUnsafeBytes { bytes in
            switch bytes.count {
            case 4: Int128(Int32(littleEndian: bytes.loadUnaligned(as: Int32.self)))
            case 8: Int128(Int64(littleEndian: bytes.loadUnaligned(as: Int64.self)))
            default: nil
            }
        }
    }
}
