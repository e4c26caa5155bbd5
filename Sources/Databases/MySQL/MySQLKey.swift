/// A value of a key's first column, as bounds of ranges are made of it.
enum MySQLKey: Hashable {
    case integer(Int128)
    /// Unicode scalars.
    case text([UInt32])
    case bytes([UInt32])

    /// What sort of key a column is; nil for one that no bound is made for.
    enum Kind {
        case integer
        case text
        case bytes

        init?(_ column: MySQLRelation.Column) {
            switch column.dataType {
            case "tinyint", "smallint", "mediumint", "int", "integer", "bigint": self = .integer
            case "char", "varchar":
                let collation = column.collation?.lowercased() ?? ""
                // The index has the spaces that a CHAR is filled up with, comparing leaves them out.
                let isPadded = collation.contains("nopad") || collation.contains("_0900_")
                if column.dataType == "char", isPadded { return nil }
                self = column.characterSet == nil ? .bytes : .text
            case "binary", "varbinary": self = .bytes
            default: return nil
            }
        }

        /// The SQL that brings a key as text.
        func asking(for name: String) -> String {
            self == .bytes ? "HEX(\(name))" : name
        }

        /// A key as the server wrote it.
        func key(_ text: String) -> MySQLKey? {
            switch self {
            case .integer: return Int128(text).map { .integer($0) }
            case .text: return .text(text.unicodeScalars.map(\.value))
            case .bytes:
                let digits = Array(text.utf8)
                return .bytes(
                    stride(from: 0, to: digits.count - 1, by: 2).map { place in
                        let pair = String(decoding: digits[place..<place + 2], as: UTF8.self)
                        return UInt32(pair, radix: 16) ?? 0
                    }
                )
            }
        }
    }

    /// The key as SQL, to be compared with a column.
    ///
    /// A text of another character set would have the server convert the column, not the text, as
    /// soon as the column's set lacks one of its characters, and then no index helps.
    func literal(for column: MySQLRelation.Column) -> String {
        switch self {
        case .integer(let number): return String(number)
        case .text(let scalars):
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars.compactMap { Unicode.Scalar($0) })
            let literal = MySQLSyntax.literal(String(text))
            guard let set = column.characterSet, set != "utf8mb4", let collation = column.collation
            else { return literal }
            return "CONVERT(\(literal) USING \(set)) COLLATE \(collation)"
        case .bytes(let bytes):
            let digits = bytes.flatMap { byte in
                [byte >> 4, byte & 15].map { String($0, radix: 16) }
            }
            return "X'\(digits.joined())'"
        }
    }

    /// Made-up keys between two others, the likeliest middle first.
    ///
    /// Some may lie elsewhere to the server, whose order of texts is not that of their scalars.
    static func between(_ low: MySQLKey, _ high: MySQLKey) -> [MySQLKey] {
        switch (low, high) {
        case (.integer(let low), .integer(let high)):
            // Nearer and nearer to the lower one: all others may be there.
            return [1, 2, 4, 8, 16, 24, 32, 40, 48, 56].map { (high - low) >> $0 }
                .filter { $0 > 0 }.map { .integer(low + $0) }
        case (.text(let low), .text(let high)):
            return between(low, high, ends: (0x20, 0x7F)).filter { key in
                key.allSatisfy { Unicode.Scalar($0) != nil }
            }.map { .text($0) }
        case (.bytes(let low), .bytes(let high)):
            return between(low, high, ends: (0, 0x100)).map { .bytes($0) }
        default: return []
        }
    }

    private static func between(
        _ low: [UInt32],
        _ high: [UInt32],
        ends: (low: UInt32, high: UInt32)
    ) -> [[UInt32]] {
        let place = zip(low, high).prefix { $0 == $1 }.count
        let prefix = Array(low.prefix(place))
        let first = place < low.count ? low[place] : ends.low
        let last = place < high.count ? high[place] : ends.high
        var found: [[UInt32]] = []
        if last > first + 1, last <= ends.high || first >= ends.high {
            found.append(prefix + [first + (last - first) / 2])
        }
        // Behind the lower one, at its next place: nearer and nearer to it.
        let next = place + 1 < low.count ? low[place + 1] : ends.low
        for share in [2, 4, 8, 16] as [UInt32] where next + share <= ends.high {
            found.append(prefix + [first, next + (ends.high - next) / share])
        }
        if last != first { found.append(prefix + [last]) }
        return found
    }
}
