import Basics
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

    /// Appends all fields to `buffer`, a decimal of `precision` and `scale`.
    static func decode(
        _ fields: CopyFields,
        _ column: CopyColumn,
        _ counts: inout ConversionCounts,
        _ buffer: ColumnBuffer,
        precision: Int,
        scale: Int
    ) throws(SourceError) {
        let scale = Scale(precision: precision, scale: scale)
        switch buffer.storage {
        case .fixed(width: 4): try decode(fields, column, &counts, buffer, scale, to: Int32.self)
        case .fixed(width: 8): try decode(fields, column, &counts, buffer, scale, to: Int64.self)
        default: try decode(fields, column, &counts, buffer, scale, to: Int128.self)
        }
    }

    /// What all values of a column have in common.
    private struct Scale {
        let scale: Int
        /// Values reach from -bound to bound, both left out.
        let bound: Int128
        /// The same where values of 64 bits can pass it, else the largest number.
        let smallBound: Int64
        /// Base-10000 digits behind the point.
        let groups: Int
        /// What the last of those groups has too much: 1, 10, 100 or 1000.
        let excess: UInt64

        init(precision: Int, scale: Int) {
            self.scale = scale
            bound = powerOfTen(precision)
            smallBound = Int64(clamping: bound)
            groups = (scale + 3) / 4
            excess = [1, 10, 100, 1000][groups * 4 - scale]
        }
    }

    @inline(__always)
    private static func decode<Number: FixedWidthInteger & SignedInteger>(
        _ fields: CopyFields,
        _ column: CopyColumn,
        _ counts: inout ConversionCounts,
        _ buffer: ColumnBuffer,
        _ scale: Scale,
        to number: Number.Type
    ) throws(SourceError) {
        let slots = buffer.reserveFixed(rows: fields.count)
        let values = slots.values.assumingMemoryBound(to: Number.self)
        var nulls = 0
        for index in 0..<fields.count {
            let start = fields.start(index)
            if let small = small(start, scale) {
                values[index] = Number(truncatingIfNeeded: small)
                slots.validity[index] = 1
                continue
            }
            let length = Int(CopyFields.length(before: start))
            var value: Int128?
            if Number.self == Int128.self, let wide = wide(start, length: length, scale) {
                value = wide
            } else if length >= 0 {
                value = try resolve(
                    decode(start, length: length, scale: scale.scale, bound: scale.bound),
                    bound: scale.bound,
                    column: column,
                    counts: &counts
                )
            }
            values[index] = Number(truncatingIfNeeded: value ?? 0)
            slots.validity[index] = value == nil ? 0 : 1
            nulls &+= value == nil ? 1 : 0
        }
        buffer.commitFixed(rows: fields.count, nulls: nulls)
    }

    /// A value of up to 4 base-10000 groups from its first digit to the last place of the column,
    /// without a loop; nil for whatever needs more care, nulls among it.
    ///
    /// Reads up to 16 bytes from `start`, which the spare bytes behind a block allow.
    @inline(__always)
    private static func small(_ start: UnsafeRawPointer, _ scale: Scale) -> Int64? {
        let header = UInt64(bigEndian: start.loadUnaligned(as: UInt64.self))
        let digitCount = Int(header &>> 48)
        let weight = Int(Int16(truncatingIfNeeded: header &>> 32))
        let sign = UInt16(truncatingIfNeeded: header &>> 16)
        // Groups from the first digit to the last place: those not sent are zero.
        let span = weight &+ scale.groups &+ 1
        guard digitCount <= span, span <= 4, sign & ~0x4000 == 0,
            Int(CopyFields.length(before: start)) == 8 &+ 2 &* digitCount
        else { return nil }
        let digits = UInt64(bigEndian: (start + 8).loadUnaligned(as: UInt64.self))
        // The digits sent stand at the top; what is behind them belongs to the next field.
        let sent = digits & ~(UInt64.max >> UInt64(16 &* digitCount))
        let groups = sent >> UInt64(64 &- 16 &* span)
        let (kept, rest) = divided(joined(groups), by: scale.excess)
        // A group past 9999 is no numeric, but cannot do harm: it is a number all the same.
        guard rest == 0, kept < UInt64(scale.smallBound) else { return nil }
        let magnitude = Int64(bitPattern: kept)
        return sign == 0 ? magnitude : -magnitude
    }

    /// A value of up to 9 base-10000 groups, four at a time; nil for whatever needs more care.
    @inline(__always)
    private static func wide(
        _ start: UnsafeRawPointer,
        length: Int,
        _ scale: Scale
    ) -> Int128? {
        guard length >= 8 else { return nil }
        let header = UInt64(bigEndian: start.loadUnaligned(as: UInt64.self))
        let digitCount = Int(header &>> 48)
        let weight = Int(Int16(truncatingIfNeeded: header &>> 32))
        let sign = UInt16(truncatingIfNeeded: header &>> 16)
        let span = weight &+ scale.groups &+ 1
        guard digitCount <= span, span <= 9, span > 0, sign & ~0x4000 == 0,
            length == 8 &+ 2 &* digitCount
        else { return nil }
        // All groups but the last, then the last without the places it has too much.
        var value: UInt128 = 0
        var group = 0
        while group &+ 4 < span {
            let four = fourGroups(start, from: group, of: digitCount)
            value = value &* 10_000_000_000_000_000 &+ UInt128(joined(four))
            group &+= 4
        }
        let rest = fourGroups(start, from: group, of: digitCount)
        let count = span &- group
        let head = count > 1 ? joined(rest >> UInt64(80 &- 16 &* count)) : 0
        value = value &* UInt128(tenThousands[count &- 1]) &+ UInt128(head)
        let (last, lost) = divided(rest >> UInt64(64 &- 16 &* count) & 0xFFFF, by: scale.excess)
        guard lost == 0 else { return nil }
        value = value &* UInt128(10_000 / scale.excess) &+ UInt128(last)
        guard value < UInt128(scale.bound) else { return nil }
        let magnitude = Int128(truncatingIfNeeded: value)
        return sign == 0 ? magnitude : -magnitude
    }

    /// 10000 to the power of 0 to 3.
    private static let tenThousands: [UInt64] = [1, 10_000, 100_000_000, 1_000_000_000_000]

    /// Four groups as they are sent, the first at the top; those not sent are zero.
    @inline(__always)
    private static func fourGroups(
        _ start: UnsafeRawPointer,
        from group: Int,
        of digitCount: Int
    ) -> UInt64 {
        guard group < digitCount else { return 0 }
        let word = UInt64(
            bigEndian: (start + 8 + 2 &* group).loadUnaligned(as: UInt64.self)
        )
        return word & ~(UInt64.max >> UInt64(16 &* min(digitCount &- group, 4)))
    }

    /// Four groups as one number.
    @inline(__always)
    private static func joined(_ groups: UInt64) -> UInt64 {
        (groups &>> 48) &* 1_000_000_000_000 &+ (groups &>> 32 & 0xFFFF) &* 100_000_000
            &+ (groups &>> 16 & 0xFFFF) &* 10_000 &+ (groups & 0xFFFF)
    }

    /// Division by one of four constants, which is a multiplication.
    @inline(__always)
    private static func divided(_ value: UInt64, by excess: UInt64) -> (UInt64, UInt64) {
        switch excess {
        case 1: (value, 0)
        case 10: value.quotientAndRemainder(dividingBy: 10)
        case 100: value.quotientAndRemainder(dividingBy: 100)
        default: value.quotientAndRemainder(dividingBy: 1000)
        }
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
                    + "declared type; read the column as text with \(Remedy.policy(of: column.name, "string"))"
            )
        case .malformed: throw CopyDecoder.malformed("column \(column.name): a broken numeric")
        }
    }
}
