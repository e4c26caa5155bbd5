import Columnar
import Streams

/// Decodes `numeric` into exact decimals (PostgreSQL, `numeric_send`).
///
/// ```
/// digit count(2) weight(2) sign(2) display scale(2)  digits(2 each, base 10000)
/// value = ± sum of digit[i] × 10000 ^ (weight - i)
/// ```
enum CopyNumericDecoder {
    /// What one value turned out to be.
    enum Value {
        case number(Int128)
        case notANumber
        case infinite(isNegative: Bool)
        /// More digits before the point than the column has.
        case tooLarge(isNegative: Bool)
        /// Digits behind the point that the column would lose.
        case tooFine
        case malformed
    }

    static let powersOfTen: [Int64] = {
        var powers: [Int64] = [1]
        for _ in 0..<18 { powers.append(powers[powers.count - 1] * 10) }
        return powers
    }()

    /// Appends all fields to `buffer`, a decimal of `precision` and `scale`.
    static func decode(
        _ fields: CopyFields,
        _ column: CopyColumn,
        _ counts: inout ConversionCounts,
        _ buffer: ColumnBuffer,
        precision: Int,
        scale: Int
    ) throws(SourceError) {
        let slots = buffer.reserveFixed(rows: fields.count)
        let bound = powerOfTen(precision)
        var nulls = 0
        for index in 0..<fields.count {
            let length = Int(fields.lengths[index])
            var value: Int128? = nil
            if length >= 0 {
                let start = fields.bytes + Int(fields.starts[index])
                if let small = small(start, length: length, scale: scale), Int128(small) < bound,
                    Int128(small) > -bound
                {
                    value = Int128(small)
                } else {
                    value = try resolve(
                        decode(start, length: length, scale: scale, bound: bound),
                        bound: bound,
                        column: column,
                        counts: &counts
                    )
                }
            }
            switch buffer.storage {
            case .fixed(width: 4):
                slots.values.storeBytes(
                    of: Int32(truncatingIfNeeded: value ?? 0),
                    toByteOffset: index * 4,
                    as: Int32.self
                )
            case .fixed(width: 8):
                slots.values.storeBytes(
                    of: Int64(truncatingIfNeeded: value ?? 0),
                    toByteOffset: index * 8,
                    as: Int64.self
                )
            default:
                slots.values.storeBytes(
                    of: value ?? 0,
                    toByteOffset: index * 16,
                    as: Int128.self
                )
            }
            slots.validity[index] = value == nil ? 0 : 1
            nulls += value == nil ? 1 : 0
        }
        buffer.commitFixed(rows: fields.count, nulls: nulls)
    }

    /// Up to 4 base-10000 digits, scaled in 64 bits; nil for whatever needs more care.
    @inline(__always)
    private static func small(_ start: UnsafeRawPointer, length: Int, scale: Int) -> Int64? {
        guard length >= 8 else { return nil }
        let header = UInt64(bigEndian: start.loadUnaligned(as: UInt64.self))
        let digitCount = Int(header &>> 48)
        let weight = Int(Int16(truncatingIfNeeded: header &>> 32))
        let sign = UInt16(truncatingIfNeeded: header &>> 16)
        guard digitCount <= 4, length == 8 &+ 2 &* digitCount, sign == 0 || sign == 0x4000 else {
            return nil
        }
        var value: Int64 = 0
        var offset = 8
        for _ in 0..<digitCount {
            let digit = UInt16(
                bigEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
            )
            value = value &* 10_000 &+ Int64(digit)
            offset &+= 2
        }
        let shift = scale &+ 4 &* (weight &- digitCount &+ 1)
        if digitCount == 0 || shift == 0 {
            // The value is whole as it stands.
        } else if shift > 0 {
            guard shift <= 18 else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: powersOfTen[shift])
            guard !overflow else { return nil }
            value = scaled
        } else {
            guard shift >= -18 else { return nil }
            let (quotient, rest) = value.quotientAndRemainder(dividingBy: powersOfTen[-shift])
            guard rest == 0 else { return nil }
            value = quotient
        }
        return sign == 0 ? value : -value
    }

    /// 10 to the power of `exponent`, 0 to 38.
    static func powerOfTen(_ exponent: Int) -> Int128 {
        var power: Int128 = 1
        for _ in 0..<exponent { power *= 10 }
        return power
    }

    /// The unscaled value, in whole steps that cannot lose anything unseen.
    static func decode(
        _ start: UnsafeRawPointer,
        length: Int,
        scale: Int,
        bound: Int128
    ) -> Value {
        guard length >= 8 else { return .malformed }
        func word(_ offset: Int) -> UInt16 {
            UInt16(bigEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        }
        let digitCount = Int(word(0))
        let weight = Int(Int16(bitPattern: word(2)))
        switch word(4) {
        case 0, 0x4000: break
        case 0xC000: return .notANumber
        case 0xD000: return .infinite(isNegative: false)
        case 0xF000: return .infinite(isNegative: true)
        default: return .malformed
        }
        guard length == 8 + 2 * digitCount else { return .malformed }
        let isNegative = word(4) == 0x4000
        var value: Int128 = 0
        for index in 0..<digitCount {
            let digit = Int128(word(8 + 2 * index))
            guard digit < 10_000 else { return .malformed }
            // 10 ^ exponent is the worth of the digit's last decimal place in units of the result.
            let exponent = scale + 4 * (weight - index)
            if exponent >= 0 {
                guard digit != 0 else { continue }
                guard exponent <= 38 else { return .tooLarge(isNegative: isNegative) }
                let (worth, overflow) = digit.multipliedReportingOverflow(by: powerOfTen(exponent))
                let (sum, overflowOfSum) = value.addingReportingOverflow(worth)
                guard !overflow, !overflowOfSum else { return .tooLarge(isNegative: isNegative) }
                value = sum
            } else {
                let divisor: Int128 = exponent > -4 ? powerOfTen(-exponent) : 10_000
                guard digit % divisor == 0 else { return .tooFine }
                value += exponent > -4 ? digit / divisor : 0
            }
        }
        guard value < bound else { return .tooLarge(isNegative: isNegative) }
        return .number(isNegative ? -value : value)
    }

    /// Applies the column's policy.
    static func resolve(
        _ value: Value,
        bound: Int128,
        column: CopyColumn,
        counts: inout ConversionCounts
    ) throws(SourceError) -> Int128? {
        let clamps = column.policy == .clamp
        switch value {
        case .number(let number): return number
        case .notANumber:
            try counts.add(.notANumber, .null, column: column)
            return nil
        case .infinite(let isNegative):
            try counts.add(.infinite, clamps ? .clamped : .null, column: column)
            return clamps ? (isNegative ? 1 - bound : bound - 1) : nil
        case .tooLarge(let isNegative):
            try counts.add(.outOfRange, clamps ? .clamped : .null, column: column)
            return clamps ? (isNegative ? 1 - bound : bound - 1) : nil
        case .tooFine:
            throw SourceError(
                .badValue,
                "column \(column.name): a number has more digits behind the point than its "
                    + "declared type; read the column as text with --policy \(column.name)=string"
            )
        case .malformed: throw CopyDecoder.malformed("column \(column.name): a broken numeric")
        }
    }
}
