import Columnar
import Testing

@Suite struct ColumnTextTests {
    @Test(arguments: [
        (0, "1970-01-01"), (-1, "1969-12-31"), (11_016, "2000-02-29"), (47_540, "2100-02-28"),
        (47_541, "2100-03-01"), (-719_162, "0001-01-01"), (-719_163, "0000-12-31"),
        (-719_529, "-0001-12-31"), (2_932_896, "9999-12-31"), (2_932_897, "+10000-01-01"),
        (Int64(Int32.max), "+5881580-07-11"), (Int64(Int32.min), "-5877641-06-23"),
    ])
    func `a date is told in the Gregorian calendar of any year`(days: Int64, text: String) {
        #expect(ColumnText.date(days) == text)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000"), (-1, "1969-12-31T23:59:59.999999"),
        (86_400_000_000, "1970-01-02T00:00:00.000000"),
        (Int64.max, "+294247-01-10T04:00:54.775807"),
        (Int64.min, "-290308-12-21T19:59:05.224192"),
    ])
    func `a timestamp is told to the microsecond`(microseconds: Int64, text: String) {
        #expect(ColumnText.timestamp(microseconds) == text)
    }

    @Test func `a decimal keeps all digits of its scale`() {
        #expect(ColumnText.decimal(-5, 3) == "-0.005")
        #expect(ColumnText.decimal(0, 2) == "0.00")
        #expect(ColumnText.decimal(12_345, 0) == "12345")
        #expect(ColumnText.decimal(.min, 38) == "-1.70141183460469231731687303715884105728")
    }

    @Test func `nested values are JSON`() {
        let member = Field(name: "at", type: .date)
        let column = ColumnBuffer(
            type: .list(
                element: Field(
                    name: "e",
                    type: .structure([
                        Field(name: "a \"b\"", type: .string), member,
                    ])
                )
            )
        )
        let element = column.children[0]
        element.children[0].append("x\n\u{1}é")
        element.children[1].append(Int32(0))
        element.appendStructure()
        element.appendNull()
        column.appendList()
        column.appendNull()
        column.appendList()
        #expect(
            column.text(at: 0) == #"[{"a \"b\"":"x\n\u0001é","at":"1970-01-01"},null]"#
        )
        #expect(column.text(at: 1) == nil)
        #expect(column.text(at: 2) == "[]")
    }

    @Test func `a map is a JSON object of its keys' texts`() {
        let column = ColumnBuffer(
            type: .map(
                key: Field(name: "key", type: .int),
                value: Field(name: "value", type: .double)
            )
        )
        let entries = column.children[0]
        entries.children[0].append(Int32(7))
        entries.children[1].append(Double.nan)
        entries.appendStructure()
        entries.children[0].append(Int32(8))
        entries.children[1].append(0.5)
        entries.appendStructure()
        column.appendList()
        #expect(column.text(at: 0) == #"{"7":"nan","8":0.5}"#)
    }
}
