/// What is done to each value of a file to make it one of ours.
enum ValueConversion: Sendable {
    /// The bytes are the same.
    case none
    case zeroExtend32
    /// To 16 bytes.
    case zeroExtend64
    /// A decimal of 4 bytes to 8 or 16.
    case signExtend32
    /// A decimal of 8 bytes to 4 or 16.
    case resize64
    case int32TimesThousand
    case timesThousand
    case dividedByThousand
    /// Big-endian two's complement of any length.
    case decimalBytes
    case float16
    /// 8 bytes of nanoseconds in the day, 4 of the Julian day.
    case int96

    /// Converts `count` numbers of the file's width to values of `width` bytes.
    func convert(
        _ source: UnsafeMutableRawPointer,
        count: Int,
        to target: UnsafeMutableRawPointer,
        width: Int
    ) throws(ParquetError) {
        switch self {
        case .zeroExtend32:
            for i in 0..<count {
                let value = source.load(fromByteOffset: i * 4, as: UInt32.self)
                target.storeBytes(of: Int64(value), toByteOffset: i * 8, as: Int64.self)
            }
        case .int32TimesThousand:
            for i in 0..<count {
                let value = source.load(fromByteOffset: i * 4, as: Int32.self)
                target.storeBytes(of: Int64(value) * 1000, toByteOffset: i * 8, as: Int64.self)
            }
        case .signExtend32:
            for i in 0..<count {
                let value = source.load(fromByteOffset: i * 4, as: Int32.self)
                try store(Int128(value), at: i, of: target, width: width)
            }
        case .zeroExtend64:
            for i in 0..<count {
                let value = source.load(fromByteOffset: i * 8, as: UInt64.self)
                try store(Int128(value), at: i, of: target, width: width)
            }
        case .resize64:
            for i in 0..<count {
                let value = source.load(fromByteOffset: i * 8, as: Int64.self)
                try store(Int128(value), at: i, of: target, width: width)
            }
        case .timesThousand:
            for i in 0..<count {
                let value = source.load(fromByteOffset: i * 8, as: Int64.self)
                let (micros, overflow) = value.multipliedReportingOverflow(by: 1000)
                guard !overflow else { throw Self.inexact("\(value) ms is past microseconds") }
                target.storeBytes(of: micros, toByteOffset: i * 8, as: Int64.self)
            }
        case .dividedByThousand:
            for i in 0..<count {
                let value = source.load(fromByteOffset: i * 8, as: Int64.self)
                let (micros, rest) = value.quotientAndRemainder(dividingBy: 1000)
                guard rest == 0 else { throw Self.inexact("a time has parts of a microsecond") }
                target.storeBytes(of: micros, toByteOffset: i * 8, as: Int64.self)
            }
        case .none, .decimalBytes, .float16, .int96:
            preconditionFailure("\(self) is no conversion of numbers")
        }
    }

    /// Converts the bytes of one value to `width` bytes at `index` of `target`.
    func convert(
        _ bytes: UnsafeRawBufferPointer,
        to target: UnsafeMutableRawPointer,
        index: Int,
        width: Int
    ) throws(ParquetError) {
        switch self {
        case .decimalBytes:
            try store(try Self.decimal(bytes), at: index, of: target, width: width)
        case .float16:
            let bits = bytes.loadUnaligned(as: UInt16.self)
            target.storeBytes(of: Self.float(bits), toByteOffset: index * 4, as: UInt32.self)
        case .int96:
            let value = try Self.int96(bytes)
            target.storeBytes(of: value, toByteOffset: index * 8, as: Int64.self)
        default:
            (target + index * width).copyMemory(
                from: bytes.baseAddress ?? UnsafeRawPointer(target),
                byteCount: width
            )
        }
    }

    private func store(
        _ value: Int128,
        at index: Int,
        of target: UnsafeMutableRawPointer,
        width: Int
    ) throws(ParquetError) {
        switch width {
        case 4:
            guard let narrow = Int32(exactly: value) else { throw Self.tooWide }
            target.storeBytes(of: narrow, toByteOffset: index * 4, as: Int32.self)
        case 8:
            guard let narrow = Int64(exactly: value) else { throw Self.tooWide }
            target.storeBytes(of: narrow, toByteOffset: index * 8, as: Int64.self)
        default: target.storeBytes(of: value, toByteOffset: index * 16, as: Int128.self)
        }
    }

    private static func decimal(_ bytes: UnsafeRawBufferPointer) throws(ParquetError) -> Int128 {
        guard let first = bytes.first else {
            throw ParquetError(.corrupt, "a decimal without bytes")
        }
        var value: Int128 = first >= 0x80 ? -1 : 0
        let extra = max(0, bytes.count - 16)
        for byte in bytes[..<extra] where byte != UInt8(truncatingIfNeeded: value) {
            throw tooWide
        }
        for byte in bytes[extra...] {
            value = (value << 8) | Int128(byte)
        }
        guard extra == 0 || (value < 0) == (first >= 0x80) else { throw tooWide }
        return value
    }

    /// The bits of the float that a half-precision number is.
    private static func float(_ bits: UInt16) -> UInt32 {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0: return sign | (Float(fraction) * 0x1p-24).bitPattern
        case 31: return sign | 0x7F80_0000 | fraction << 13
        default: return sign | (exponent + 112) << 23 | fraction << 13
        }
    }

    private static func int96(_ bytes: UnsafeRawBufferPointer) throws(ParquetError) -> Int64 {
        let nanoseconds = bytes.loadUnaligned(as: Int64.self)
        let julianDay = bytes.loadUnaligned(fromByteOffset: 8, as: Int32.self)
        let (micros, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1000)
        guard rest == 0 else { throw inexact("a time has parts of a microsecond") }
        // 2,440,588 is the Julian day of 1970-01-01.
        let days = (Int64(julianDay) - 2_440_588).multipliedReportingOverflow(by: 86_400_000_000)
        let sum = days.partialValue.addingReportingOverflow(micros)
        guard !days.overflow, !sum.overflow else { throw inexact("a time is past microseconds") }
        return sum.partialValue
    }

    private static func inexact(_ message: String) -> ParquetError {
        ParquetError(.inexact, message)
    }

    private static let tooWide = ParquetError(
        .corrupt,
        "a decimal has more digits than its type"
    )
}
