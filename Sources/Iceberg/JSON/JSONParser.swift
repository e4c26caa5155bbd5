extension JSONValue {
    /// Reads one JSON document (RFC 8259) in UTF-8.
    ///
    /// - Throws: `IcebergError` `corrupt` with the byte at which it stops being JSON.
    package init(parsing bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBufferPointer { buffer in
            var parser = JSONParser(bytes: buffer)
            return try parser.parseDocument()
        }
    }
}

/// Reads JSON from bytes, by recursive descent with a bounded depth.
private struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    var offset = 0
    var depth = 0

    mutating func parseDocument() throws -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
        let value = try parseValue()
        skipSpace()
        guard offset == bytes.count else { throw failure("more follows the document") }
        return value
    }

    func failure(_ reason: String) -> IcebergError {
        IcebergError(.corrupt, "not JSON at byte \(offset): \(reason)")
    }

    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            offset += 1
        }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    mutating func expect(_ byte: UInt8) throws {
        guard take(byte) else { throw failure("`\(Character(UnicodeScalar(byte)))` is missing") }
    }

    mutating func parseValue() throws -> JSONValue {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.jsonDepth else { throw failure("nested too deeply") }
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

    mutating func parseWord(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount where !take(word.utf8Start[index]) {
            throw failure("no value")
        }
        return value
    }

    mutating func parseObject() throws -> JSONObject {
        try expect(UInt8(ascii: "{"))
        var object = JSONObject()
        skipSpace()
        if take(UInt8(ascii: "}")) { return object }
        while true {
            skipSpace()
            let name = try parseString()
            skipSpace()
            try expect(UInt8(ascii: ":"))
            object.append(name, try parseValue())
            skipSpace()
            if take(UInt8(ascii: "}")) { return object }
            try expect(UInt8(ascii: ","))
        }
    }

    mutating func parseArray() throws -> [JSONValue] {
        try expect(UInt8(ascii: "["))
        var values: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return values }
        while true {
            values.append(try parseValue())
            skipSpace()
            if take(UInt8(ascii: "]")) { return values }
            try expect(UInt8(ascii: ","))
        }
    }

    mutating func parseNumber() throws -> JSONValue {
        let start = offset
        _ = take(UInt8(ascii: "-"))
        let first = offset
        let digitCount = skipDigits()
        guard digitCount > 0 else { throw failure("no value") }
        guard digitCount == 1 || bytes[first] != UInt8(ascii: "0") else {
            throw failure("a number starts with 0")
        }
        var isInteger = true
        if take(UInt8(ascii: ".")) {
            isInteger = false
            guard skipDigits() > 0 else { throw failure("a digit is missing") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard skipDigits() > 0 else { throw failure("a digit is missing") }
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        return .number(text)
    }

    mutating func skipDigits() -> Int {
        let start = offset
        while let byte = next, 0x30...0x39 ~= byte { offset += 1 }
        return offset - start
    }

    mutating func parseString() throws -> String {
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

    mutating func parseEscape(into text: inout [UInt8]) throws {
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

    mutating func parseHex() throws -> UInt32 {
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
