// Values as text: the same text for the same value, whatever it was read from.
//
// | type | text |
// |---|---|
// | boolean, int, long | `true`, `-17` |
// | float, double | the shortest that reads back the same: `0.1`, `1e+20`, `nan`, `-inf` |
// | decimal | all digits of its scale: `-0.050` |
// | date | `2026-01-31`, years past 0000 to 9999 with a sign: `-0043-03-15`, `+12026-01-01` |
// | time | `23:59:59.000001` |
// | timestamp | `2026-01-31T23:59:59.000001`, with a zone `…+00:00` |
// | string | as it is |
// | binary | lower-case hexadecimal |
// | uuid | `f79c3e09-677c-4bbd-a479-3f349cb785e7` |
// | list, structure, map | JSON without blanks; what JSON has no number for is quoted |

extension ColumnBuffer {
    /// The value at `index` as text; nil for a null.
    package func text(at index: Int) -> String? {
        guard isValid(index) else { return nil }
        switch type {
        case .string:
            return String(decoding: values.bytes[range(at: index)], as: UTF8.self)
        case .binary: return ColumnText.hexadecimal(values.bytes[range(at: index)])
        case .list, .structure, .map:
            var out = ""
            writeNested(at: index, to: &out)
            return out
        default: return scalarText(at: index)
        }
    }

    private func fixed<Value>(_ index: Int, as _: Value.Type) -> Value {
        values.base.load(fromByteOffset: index * MemoryLayout<Value>.stride, as: Value.self)
    }

    private func scalarText(at index: Int) -> String {
        switch type {
        case .boolean: fixed(index, as: UInt8.self) != 0 ? "true" : "false"
        case .int: String(fixed(index, as: Int32.self))
        case .long: String(fixed(index, as: Int64.self))
        case .float: fixed(index, as: Float.self).description
        case .double: fixed(index, as: Double.self).description
        case .decimal(_, let scale):
            switch storage {
            case .fixed(width: 4): ColumnText.decimal(Int128(fixed(index, as: Int32.self)), scale)
            case .fixed(width: 8): ColumnText.decimal(Int128(fixed(index, as: Int64.self)), scale)
            default: ColumnText.decimal(fixed(index, as: Int128.self), scale)
            }
        case .date: ColumnText.date(Int64(fixed(index, as: Int32.self)))
        case .time: ColumnText.time(fixed(index, as: Int64.self))
        case .timestamp: ColumnText.timestamp(fixed(index, as: Int64.self))
        case .timestamptz: ColumnText.timestamp(fixed(index, as: Int64.self)) + "+00:00"
        case .uuid:
            ColumnText.uuid(
                UnsafeRawBufferPointer(rebasing: values.bytes[index * 16..<index * 16 + 16])
            )
        case .string, .binary, .list, .structure, .map: text(at: index) ?? "null"
        }
    }

    /// Adds the value as part of JSON.
    private func writeNested(at index: Int, to out: inout String) {
        guard isValid(index) else {
            out += "null"
            return
        }
        switch type {
        case .boolean, .int, .long, .decimal: out += scalarText(at: index)
        case .float where fixed(index, as: Float.self).isFinite: out += scalarText(at: index)
        case .double where fixed(index, as: Double.self).isFinite: out += scalarText(at: index)
        case .float, .double, .date, .time, .timestamp, .timestamptz, .binary, .uuid, .string:
            ColumnText.quote(text(at: index) ?? "", to: &out)
        case .list: writeList(at: index, to: &out)
        case .structure(let fields): writeStructure(fields, at: index, to: &out)
        case .map: writeMap(at: index, to: &out)
        }
    }

    private func writeList(at index: Int, to out: inout String) {
        out += "["
        let range = range(at: index)
        for element in range {
            if element > range.lowerBound { out += "," }
            children[0].writeNested(at: element, to: &out)
        }
        out += "]"
    }

    private func writeStructure(_ fields: [Field], at index: Int, to out: inout String) {
        out += "{"
        for (position, field) in fields.enumerated() {
            if position > 0 { out += "," }
            ColumnText.quote(field.name, to: &out)
            out += ":"
            children[position].writeNested(at: index, to: &out)
        }
        out += "}"
    }

    /// Keys that are no text are quoted as their text.
    private func writeMap(at index: Int, to out: inout String) {
        let entries = children[0]
        out += "{"
        let range = range(at: index)
        for entry in range {
            if entry > range.lowerBound { out += "," }
            ColumnText.quote(entries.children[0].text(at: entry) ?? "null", to: &out)
            out += ":"
            entries.children[1].writeNested(at: entry, to: &out)
        }
        out += "}"
    }
}

/// Text of single values, for columns and for statistics.
package enum ColumnText {
    private static let microsecondsPerDay: Int64 = 86_400_000_000

    /// Lower-case hexadecimal digits of bytes.
    package static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        for byte in bytes {
            out.append(digits[Int(byte >> 4)])
            out.append(digits[Int(byte & 15)])
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// A uuid of 16 bytes in its customary form.
    package static func uuid(_ bytes: UnsafeRawBufferPointer) -> String {
        let groups = [0..<4, 4..<6, 6..<8, 8..<10, 10..<16]
        return groups.map { hexadecimal(bytes[$0]) }.joined(separator: "-")
    }

    /// An unscaled number with the point set before the last `scale` digits.
    package static func decimal(_ unscaled: Int128, _ scale: Int) -> String {
        guard scale > 0 else { return String(unscaled) }
        var digits = String(unscaled.magnitude)
        if digits.count <= scale {
            digits = String(repeating: "0", count: scale + 1 - digits.count) + digits
        }
        let sign = unscaled < 0 ? "-" : ""
        return sign + digits.dropLast(scale) + "." + digits.suffix(scale)
    }

    /// A day, counted from 1970-01-01, in the Gregorian calendar extended both ways.
    package static func date(_ days: Int64) -> String {
        // Eras of 400 years of 146,097 days, begun in March so that a leap day ends a year.
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let sign = year < 0 ? "-" : year > 9_999 ? "+" : ""
        return "\(sign)\(pad(abs(year), 4))-\(pad(month, 2))-\(pad(day, 2))"
    }

    /// Microseconds since midnight.
    package static func time(_ microseconds: Int64) -> String {
        let (seconds, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        guard microseconds >= 0 else { return "\(microseconds)us" }
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60)
        return "\(pad(hour, 2)):\(pad(minute, 2)):\(pad(second, 2)).\(pad(fraction, 6))"
    }

    /// Microseconds since 1970-01-01 00:00, without a zone.
    package static func timestamp(_ microseconds: Int64) -> String {
        let days = floorDivide(microseconds, microsecondsPerDay)
        let rest = microseconds % microsecondsPerDay
        return date(days) + "T" + time(rest < 0 ? rest + microsecondsPerDay : rest)
    }

    /// Adds text as a JSON string.
    static func quote(_ text: String, to out: inout String) {
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\0"..<" ": out += "\\u00" + hexadecimal([UInt8(scalar.value)])
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? quotient - 1 : quotient
    }

    private static func pad(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
