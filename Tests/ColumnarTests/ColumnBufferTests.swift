import Columnar
import Testing

@Suite struct ColumnBufferTests {
    @Test func `values come back as they were appended`() {
        let column = ColumnBuffer(type: .long)
        column.append(Int64(7))
        column.appendNull()
        column.append(Int64.min)
        #expect(column.count == 3)
        #expect(column.nullCount == 1)
        #expect(column.isValid(0) && !column.isValid(1) && column.isValid(2))
        #expect(column.values.base.load(fromByteOffset: 16, as: Int64.self) == .min)
    }

    @Test func `appending a column shifts its offsets`() {
        let first = ColumnBuffer(type: .string)
        first.append("ab")
        let second = ColumnBuffer(type: .string)
        second.append("c")
        second.appendNull()
        second.append("def")
        first.append(contentsOf: second)
        #expect(first.count == 4)
        #expect((0..<4).map { first.range(at: $0) } == [0..<2, 2..<3, 3..<3, 3..<6])
    }

    @Test func `a reused batch forgets its rows but not its shape`() {
        let batch = Batch(
            schema: Schema([Field(name: "tags", type: .list(element: Field(name: "e", type: .int)))]
            )
        )
        batch.columns[0].children[0].append(Int32(1))
        batch.columns[0].appendList()
        batch.rowCount = 1
        batch.removeAll()
        #expect(batch.rowCount == 0)
        #expect(batch.columns[0].count == 0 && batch.columns[0].children[0].count == 0)
        batch.columns[0].appendList()
        #expect(batch.columns[0].range(at: 0).isEmpty)
    }
}
