/// Decodes the repetition or definition levels of a page.
enum LevelDecoder {
    /// The column has none.
    case none
    case runs(RunLengthDecoder, maximum: UInt8)
    /// The deprecated BIT_PACKED: highest bit first.
    case packed(data: UnsafeRawBufferPointer, bit: Int, width: Int, maximum: UInt8)

    /// Bits of a level up to `maximum`.
    static func width(_ maximum: UInt8) -> Int {
        8 - maximum.leadingZeroBitCount
    }

    /// Levels of a v2 page, or of a v1 page without their length.
    init(runs data: UnsafeRawBufferPointer, maximum: UInt8) throws(ParquetError) {
        self = .runs(
            try RunLengthDecoder(data, width: Self.width(maximum)),
            maximum: maximum
        )
    }

    /// Decodes `count` levels, each at most the maximum.
    mutating func decode(
        _ count: Int,
        into target: UnsafeMutablePointer<UInt8>
    ) throws(ParquetError) {
        switch self {
        case .none: target.update(repeating: 0, count: count)
        case .runs(var decoder, let maximum):
            try decoder.decode(count, into: target)
            self = .runs(decoder, maximum: maximum)
            // A maximum of all ones cannot be passed.
            guard maximum & (maximum &+ 1) != 0 else { return }
            try Self.check(target, count: count, maximum: maximum)
        case .packed(let data, let bit, let width, let maximum):
            guard data.count * 8 - bit >= count * width else {
                throw ParquetError(.truncated, "the levels of a page end early")
            }
            var bit = bit
            for index in 0..<count {
                var level: UInt8 = 0
                for _ in 0..<width {
                    level = level << 1 | (data[bit >> 3] >> UInt8(7 - bit & 7)) & 1
                    bit += 1
                }
                target[index] = level
            }
            self = .packed(data: data, bit: bit, width: width, maximum: maximum)
            try Self.check(target, count: count, maximum: maximum)
        }
    }

    private static func check(
        _ levels: UnsafeMutablePointer<UInt8>,
        count: Int,
        maximum: UInt8
    ) throws(ParquetError) {
        var highest: UInt8 = 0
        for index in 0..<count { highest = max(highest, levels[index]) }
        guard highest <= maximum else {
            throw ParquetError(.corrupt, "a level is \(highest) where \(maximum) is the most")
        }
    }
}
