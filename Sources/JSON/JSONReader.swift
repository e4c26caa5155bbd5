extension JSONValue {
    /// Reads one value in UTF-8 (RFC 8259), with nothing but blanks behind it.
    ///
    /// - Throws: `JSONError`, saying where it stops being JSON.
    package init(parsing bytes: [UInt8], _ limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var reader = JSONReader(bytes, limits)
        guard let value = try reader.next() else { throw reader.failure("there is no value") }
        guard reader.isAtEnd else { throw reader.failure("more follows the value") }
        self = value
    }
}

/// Reads JSON values that follow each other, as lines or otherwise, by recursive descent of bounded depth.
package struct JSONReader: Sendable {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var offset = 0
    private var depth = 0
    private var valueCount = 0

    /// Makes a reader of bytes; a byte order mark at their begin is no part of them.
    package init(_ bytes: [UInt8], _ limits: JSONLimits = JSONLimits()) {
        self.bytes = bytes
        self.limits = limits
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    }

    /// The next value; nil at the end.
    ///
    /// - Throws: `JSONError`; nothing can be read behind one.
    package mutating func next() throws(JSONError) -> JSONValue? {
        guard bytes.count <= limits.byteCount else {
            throw failure(
                "it has \(bytes.count) bytes; at most \(limits.byteCount) are read",
                .tooLarge
            )
        }
        skipBlanks()
        return isAtEnd ? nil : try value()
    }

    /// Whether only blanks are left.
    var isAtEnd: Bool {
        mutating get {
            skipBlanks()
            return offset == bytes.count
        }
    }

    func failure(_ reason: String, _ code: JSONError.Code = .malformed) -> JSONError {
        JSONError(code, in: bytes, at: offset, reason)
    }

    private var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipBlanks() {
        while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private mutating func take(_ wanted: UInt8) -> Bool {
        guard byte == wanted else { return false }
        offset += 1
        return true
    }

    private mutating func expect(_ wanted: UInt8) throws(JSONError) {
        guard take(wanted) else {
            throw failure("`\(Character(UnicodeScalar(wanted)))` is missing")
        }
    }

    // MARK: Values

    private mutating func value() throws(JSONError) -> JSONValue {
        valueCount += 1
        guard valueCount <= limits.valueCount else {
            throw failure("there are more than \(limits.valueCount) values", .tooLarge)
        }
        skipBlanks()
        switch byte {
        case UInt8(ascii: "{"):
            return try nested { (reader) throws(JSONError) in try reader.object() }
        case UInt8(ascii: "["):
            return try nested { (reader) throws(JSONError) in try reader.array() }
        case UInt8(ascii: "\""): return .string(try text())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func nested(
        _ body: (inout JSONReader) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        guard depth < limits.depth else {
            throw failure("it has more than \(limits.depth) levels", .tooLarge)
        }
        depth += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func word(
        _ word: StaticString,
        _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount where !take(word.utf8Start[index]) {
            throw failure("there is no value")
        }
        return value
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        offset += 1
        var object = JSONObject()
        // A few names are compared, many are looked up.
        var names: Set<[UInt8]> = []
        let few = 16
        skipBlanks()
        if take(UInt8(ascii: "}")) { return .object(object) }
        repeat {
            skipBlanks()
            guard byte == UInt8(ascii: "\"") else {
                throw failure("the name of a member is missing")
            }
            let name = try text()
            skipBlanks()
            try expect(UInt8(ascii: ":"))
            let isThere: Bool
            if object.count < few {
                isThere = object[name] != nil
            } else {
                if names.isEmpty { names = Set(object.names.map { Array($0.utf8) }) }
                isThere = !names.insert(Array(name.utf8)).inserted
            }
            guard isThere else {
                object.append(name, try value())
                skipBlanks()
                continue
            }
            guard limits.repeatedNames == .lastWins else {
                throw failure("a member is there twice", .repeatedName)
            }
            object[name] = try value()
            skipBlanks()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
        return .object(object)
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        offset += 1
        var values: [JSONValue] = []
        skipBlanks()
        if take(UInt8(ascii: "]")) { return .array(values) }
        repeat {
            values.append(try value())
            skipBlanks()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
        return .array(values)
    }

    // MARK: Numbers

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = offset
        _ = take(UInt8(ascii: "-"))
        let first = offset
        let digitCount = skipDigits()
        guard digitCount > 0 else { throw failure("there is no value") }
        guard digitCount == 1 || bytes[first] != UInt8(ascii: "0") else {
            throw failure("a number begins with 0")
        }
        var isWhole = true
        if take(UInt8(ascii: ".")) {
            isWhole = false
            guard skipDigits() > 0 else { throw failure("a digit is missing") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard skipDigits() > 0 else { throw failure("a digit is missing") }
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        // `-0` is written back as it came.
        if isWhole, text != "-0", let value = Int64(text) { return .integer(value) }
        return .number(text)
    }

    private mutating func skipDigits() -> Int {
        let start = offset
        while let byte, 0x30...0x39 ~= byte { offset += 1 }
        return offset - start
    }

    // MARK: Texts

    private mutating func text() throws(JSONError) -> String {
        offset += 1
        let start = offset
        skipPlain()
        // As a rule it is what it is written as.
        if byte == UInt8(ascii: "\"") {
            defer { offset += 1 }
            return try string(bytes[start..<offset])
        }
        var decoded = Array(bytes[start..<offset])
        while let byte, byte >= 0x20 {
            offset += 1
            if byte == UInt8(ascii: "\"") { return try string(decoded[...]) }
            try escape(into: &decoded)
            let next = offset
            skipPlain()
            decoded += bytes[next..<offset]
        }
        throw failure("a text is not closed")
    }

    private mutating func skipPlain() {
        while let byte, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
            offset += 1
        }
    }

    private func string(_ bytes: ArraySlice<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw failure("a text is not UTF-8")
        }
        return text
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard let byte else { throw failure("a text is not closed") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try unit()
            if 0xD800...0xDBFF ~= code {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
                    throw failure("half of a surrogate pair")
                }
                let low = try unit()
                guard 0xDC00...0xDFFF ~= low else { throw failure("half of a surrogate pair") }
                code = 0x1_0000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = UnicodeScalar(code) else {
                throw failure("half of a surrogate pair")
            }
            text += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        default: throw failure("an unknown escape")
        }
    }

    /// Four hexadecimal digits.
    private mutating func unit() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte, let digit = Self.digit(byte) else {
                throw failure("four hexadecimal digits are missing")
            }
            code = code << 4 | digit
            offset += 1
        }
        return code
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
