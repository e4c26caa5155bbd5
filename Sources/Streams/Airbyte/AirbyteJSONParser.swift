extension AirbyteJSON {
    /// Reads JSON values (RFC 8259, UTF-8) that follow each other, as lines or otherwise.
    ///
    /// A parser of its own, since it keeps every number as it is written and knows its limits.
    ///
    /// - Throws: `AirbyteStateError` `notJSON` or `tooLarge` with the line.
    package static func values(parsing bytes: [UInt8]) throws(AirbyteStateError) -> [AirbyteJSON] {
        guard bytes.count <= Limits.airbyteStateByteCount else {
            throw AirbyteStateError(
                .tooLarge,
                "\(bytes.count) bytes; at most \(Limits.airbyteStateByteCount) are read"
            )
        }
        var parser = AirbyteJSONParser(bytes: bytes)
        return try parser.parseAll()
    }
}

/// Reads JSON from bytes, by recursive descent of bounded depth.
private struct AirbyteJSONParser {
    private let bytes: [UInt8]
    private var offset = 0
    private var depth = 0
    private var valueCount = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func parseAll() throws(AirbyteStateError) -> [AirbyteJSON] {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
        var values: [AirbyteJSON] = []
        skipSpace()
        while offset < bytes.count {
            values.append(try parseValue())
            skipSpace()
        }
        return values
    }

    private func failure(
        _ reason: String,
        _ code: AirbyteStateError.Code = .notJSON
    ) -> AirbyteStateError {
        let before = bytes[..<min(offset, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let column = offset - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        return AirbyteStateError(code, at: "line \(line), byte \(column)", reason)
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            offset += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(AirbyteStateError) {
        guard take(byte) else { throw failure("`\(Character(UnicodeScalar(byte)))` is missing") }
    }

    private mutating func parseValue() throws(AirbyteStateError) -> AirbyteJSON {
        depth += 1
        defer { depth -= 1 }
        valueCount += 1
        guard depth <= Limits.airbyteStateDepth else {
            throw failure("values nest more than \(Limits.airbyteStateDepth) deep", .tooLarge)
        }
        guard valueCount <= Limits.airbyteStateValueCount else {
            throw failure("more than \(Limits.airbyteStateValueCount) values", .tooLarge)
        }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return .object(try parseObject())
        case UInt8(ascii: "["): return .array(try parseArray())
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .boolean(true))
        case UInt8(ascii: "f"): return try parseWord("false", .boolean(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        default: return try parseNumber()
        }
    }

    private mutating func parseWord(
        _ word: String,
        _ value: AirbyteJSON
    ) throws(AirbyteStateError) -> AirbyteJSON {
        for byte in word.utf8 where !take(byte) { throw failure("no JSON value") }
        return value
    }

    private mutating func parseObject() throws(AirbyteStateError) -> [String: AirbyteJSON] {
        try expect(UInt8(ascii: "{"))
        var members: [String: AirbyteJSON] = [:]
        skipSpace()
        if take(UInt8(ascii: "}")) { return members }
        while true {
            skipSpace()
            let name = try parseString()
            skipSpace()
            try expect(UInt8(ascii: ":"))
            // Keeping one of two would lose the other without a word.
            guard members.updateValue(try parseValue(), forKey: name) == nil else {
                throw failure(
                    "a second member `\(name.prefix(Limits.airbyteQuoteLength))`",
                    .malformed
                )
            }
            skipSpace()
            if take(UInt8(ascii: "}")) { return members }
            try expect(UInt8(ascii: ","))
        }
    }

    private mutating func parseArray() throws(AirbyteStateError) -> [AirbyteJSON] {
        try expect(UInt8(ascii: "["))
        var values: [AirbyteJSON] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return values }
        while true {
            values.append(try parseValue())
            skipSpace()
            if take(UInt8(ascii: "]")) { return values }
            try expect(UInt8(ascii: ","))
        }
    }

    private mutating func parseNumber() throws(AirbyteStateError) -> AirbyteJSON {
        let start = offset
        _ = take(UInt8(ascii: "-"))
        let first = offset
        let digitCount = skipDigits()
        guard digitCount > 0 else { throw failure("no JSON value") }
        guard digitCount == 1 || bytes[first] != UInt8(ascii: "0") else {
            throw failure("a number starts with 0")
        }
        if take(UInt8(ascii: ".")) {
            guard skipDigits() > 0 else { throw failure("a digit is missing") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard skipDigits() > 0 else { throw failure("a digit is missing") }
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        // `-0` is written back as it came.
        if let value = Int64(text), text != "-0" { return .integer(value) }
        return .number(text)
    }

    private mutating func skipDigits() -> Int {
        let start = offset
        while let byte = next, 0x30...0x39 ~= byte { offset += 1 }
        return offset - start
    }

    private mutating func parseString() throws(AirbyteStateError) -> String {
        try expect(UInt8(ascii: "\""))
        var text: [UInt8] = []
        while true {
            let start = offset
            while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"),
                byte >= 0x20
            {
                offset += 1
            }
            text += bytes[start..<offset]
            guard let byte = next, byte >= 0x20 else { throw failure("text is not closed") }
            offset += 1
            if byte == UInt8(ascii: "\"") { break }
            try parseEscape(into: &text)
        }
        guard let string = String(validating: text, as: UTF8.self) else {
            throw failure("text is not UTF-8")
        }
        return string
    }

    private mutating func parseEscape(into text: inout [UInt8]) throws(AirbyteStateError) {
        guard let byte = next else { throw failure("text is not closed") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try parseHex()
            if 0xD800...0xDBFF ~= code {
                try expect(UInt8(ascii: "\\"))
                try expect(UInt8(ascii: "u"))
                let low = try parseHex()
                guard 0xDC00...0xDFFF ~= low else { throw failure("half of a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = UnicodeScalar(code) else {
                throw failure("half of a surrogate pair")
            }
            text += String(Character(scalar)).utf8
        default: throw failure("an unknown escape")
        }
    }

    private mutating func parseHex() throws(AirbyteStateError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
                throw failure("four hexadecimal digits are missing")
            }
            code = code << 4 | UInt32(digit)
            offset += 1
        }
        return code
    }
}
