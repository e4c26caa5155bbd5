/// Packing of unsigned integers into as few bits as they need, least significant bit first
/// (parquet-format, Encodings.md: "bit-packed").
///
/// ```
/// width 3, values 0 1 2 3 4 5 6 7
/// byte 0: 10 001 000   byte 1: 1 100 011 0   byte 2: 111 110 10
/// ```
enum BitPacking {
    /// Packs `count` values of `width` bits; `count` × `width` is a multiple of 8.
    ///
    /// Returns the bytes written. Up to 8 bytes behind them are overwritten too.
    static func pack<Value: FixedWidthInteger & UnsignedInteger>(
        _ values: UnsafePointer<Value>,
        count: Int,
        width: Int,
        into out: UnsafeMutableRawPointer
    ) -> Int {
        guard width > 0 else { return 0 }
        var pending: UInt64 = 0
        var bitCount = 0
        var target = out
        for index in 0..<count {
            let value = UInt64(truncatingIfNeeded: values[index])
            pending |= value &<< UInt64(bitCount)
            bitCount &+= width
            if bitCount >= 64 {
                target.storeBytes(of: pending.littleEndian, as: UInt64.self)
                target += 8
                bitCount &-= 64
                pending = bitCount == 0 ? 0 : value &>> UInt64(width &- bitCount)
            }
        }
        target.storeBytes(of: pending.littleEndian, as: UInt64.self)
        return count * width / 8
    }

    /// The bits that hold `value`: 0 for 0.
    static func width(of value: UInt64) -> Int { 64 - value.leadingZeroBitCount }
}
