import Columnar
import Iceberg
import Testing

@Suite struct BoundTests {
    /// The bounds a file gets for a column with these extremes.
    private func bounds(
        _ type: DataType,
        _ low: Scalar?,
        _ high: Scalar?,
        isRepeated: Bool = false
    ) -> (lower: [UInt8]?, upper: [UInt8]?) {
        let file = DataFile(
            path: "/f",
            summary: FileSummary(
                rowCount: 1,
                byteCount: 1,
                columns: [
                    ColumnSummary(
                        fieldID: 1,
                        type: type,
                        isRepeated: isRepeated,
                        compressedByteCount: 1,
                        valueCount: 1,
                        nullCount: 0,
                        nanCount: nil,
                        minimum: low,
                        maximum: high
                    )
                ],
                splitOffsets: []
            )
        )
        return (file.lowerBounds[1], file.upperBounds[1])
    }

    private func text(_ value: String) -> Scalar { .bytes(Array(value.utf8)) }

    @Test(arguments: [
        (DataType.boolean, Scalar.boolean(true), [1]),
        (.int, .integer(-2), [0xFE, 0xFF, 0xFF, 0xFF]),
        (.date, .integer(1), [1, 0, 0, 0]),
        (.long, .integer(258), [2, 1, 0, 0, 0, 0, 0, 0]),
        (.time, .integer(1), [1, 0, 0, 0, 0, 0, 0, 0]),
        (.timestamp, .integer(-1), [UInt8](repeating: 0xFF, count: 8)),
        (.timestamptz, .integer(1), [1, 0, 0, 0, 0, 0, 0, 0]),
        (.float, .float(1), [0, 0, 0x80, 0x3F]),
        (.double, .double(-2), [0, 0, 0, 0, 0, 0, 0, 0xC0]),
        (.uuid, .bytes([UInt8](0..<16)), [UInt8](0..<16)),
        (.decimal(precision: 9, scale: 2), .decimal(198), [0, 0xC6]),
        (.decimal(precision: 9, scale: 2), .decimal(0), [0]),
        (.decimal(precision: 9, scale: 2), .decimal(127), [0x7F]),
        (.decimal(precision: 9, scale: 2), .decimal(128), [0, 0x80]),
        (.decimal(precision: 9, scale: 2), .decimal(-1), [0xFF]),
        (.decimal(precision: 9, scale: 2), .decimal(-128), [0x80]),
        (.decimal(precision: 9, scale: 2), .decimal(-129), [0xFF, 0x7F]),
        (
            .decimal(precision: 38, scale: 0), .decimal(.min),
            [0x80] + [UInt8](repeating: 0, count: 15)
        ),
        (.binary, .bytes([]), []),
    ])
    func `a value has its bytes in both bounds`(type: DataType, value: Scalar, bytes: [UInt8]) {
        let (lower, upper) = bounds(type, value, value)
        #expect(lower == bytes)
        #expect(upper == bytes)
    }

    @Test func `zero is the lower one below and the upper one above`() {
        let double = bounds(.double, .double(0), .double(-0.0))
        #expect(double.lower == [0, 0, 0, 0, 0, 0, 0, 0x80])
        #expect(double.upper == [0, 0, 0, 0, 0, 0, 0, 0])
        let float = bounds(.float, .float(0), .float(-0.0))
        #expect(float.lower == [0, 0, 0, 0x80])
        #expect(float.upper == [0, 0, 0, 0])
    }

    @Test func `what has no order or does not fit has no bounds`() {
        #expect(bounds(.double, .double(.nan), .double(.nan)).lower == nil)
        #expect(bounds(.int, .integer(1 << 40), nil).lower == nil)
        #expect(bounds(.int, .integer(1), .integer(1), isRepeated: true).lower == nil)
        #expect(bounds(.long, .double(1), text("a")).upper == nil)
        #expect(bounds(.uuid, .bytes([1]), .bytes([1])).upper == nil)
        #expect(bounds(.long, nil, nil).lower == nil)
    }

    @Test(arguments: [
        ("sixteen letters!", "sixteen letters!", "sixteen letters!"),
        ("sixteen letters!?", "sixteen letters!", "sixteen letters\""),
        ("aaaaaaaaaaaaaaaéz", "aaaaaaaaaaaaaaaé", "aaaaaaaaaaaaaaaê"),
        ("aaaaaaaaaaaaaaa\u{D7FF}z", "aaaaaaaaaaaaaaa\u{D7FF}", "aaaaaaaaaaaaaaa\u{E000}"),
        (
            "aaaaaaaaaaaaaa\u{10FFFF}\u{10FFFF}z", "aaaaaaaaaaaaaa\u{10FFFF}\u{10FFFF}",
            "aaaaaaaaaaaaab"
        ),
        (
            "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e",
            "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}",
            "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{302}"
        ),
    ])
    func `a long text is cut to sixteen code points`(value: String, low: String, high: String) {
        let (lower, upper) = bounds(.string, text(value), text(value))
        #expect(lower == Array(low.utf8))
        #expect(upper == Array(high.utf8))
    }

    @Test func `a text nothing lies above has no upper bound`() {
        let last = String(repeating: "\u{10FFFF}", count: 17)
        let (lower, upper) = bounds(.string, text(last), text(last))
        #expect(lower?.count == 64)
        #expect(upper == nil)
    }

    @Test func `a text cut inside of a letter bounds from below alone`() {
        let cut = Scalar.bytes([0x61, 0x62, 0xC3])
        let (lower, upper) = bounds(.string, cut, cut)
        #expect(lower == [0x61, 0x62])
        #expect(upper == nil)
    }

    @Test func `long bytes are cut and the last one raised`() {
        let value = [UInt8](repeating: 1, count: 14) + [0xFE, 0xFF, 0x00]
        let (lower, upper) = bounds(.binary, .bytes(value), .bytes(value))
        #expect(lower == Array(value.prefix(16)))
        #expect(upper == [UInt8](repeating: 1, count: 14) + [0xFF])
        let last = [UInt8](repeating: 0xFF, count: 17)
        #expect(bounds(.binary, nil, .bytes(last)).upper == nil)
    }
}
