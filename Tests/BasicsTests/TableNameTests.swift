import Basics
import TestSupport
import Testing

@Suite struct TableNameTests {
    @Test(arguments: [
        ("main.orders", "main", "orders"), ("main.a.b", "main", "a.b"), ("a b.c\"d", "a b", "c\"d"),
        ("\"sales.eu\".orders", "sales.eu", "orders"), ("\"a\"\"b\".c", "a\"b", "c"),
        ("\"a.b\".\"c\"\"d.e\"", "a.b", "c\"d.e"), ("e\u{301}.x\u{301}", "e\u{301}", "x\u{301}"),
        ("a.\u{301}b", "a", "\u{301}b"), ("a.\"b\"", "a", "\"b\""),
    ]) func `a name is read`(_ text: String, _ namespace: String, _ name: String) throws {
        let read = try TableName(parsing: text)
        #expect(read.namespace.utf8.elementsEqual(namespace.utf8))
        #expect(read.name.utf8.elementsEqual(name.utf8))
    }

    @Test(arguments: [
        "", ".", "..", "a", "a.", ".a", "\"a", "\"a\"", "\"a\"b.c", "\"a.b\".", "\"\".a",
        "\"a\".\"b", "\"a\".\"b\"c",
        "\"a.b\".\"\"",
    ]) func `anything else is no name`(_ text: String) {
        #expect(throws: TableNameError.self) { try TableName(parsing: text) }
    }

    @Test func `what is written is read as the same name, whatever is in it`() throws {
        var random = SplitMix64(seed: 5)
        let pieces = [".", "\"", "a", "é", "e\u{301}", " ", "/", "\n", "\u{301}", "日"]
        for _ in 0..<20_000 {
            let parts = (0..<2).map { _ in
                (0...Int(random.next() % 5)).map { _ in pieces[Int(random.next() % 10)] }.joined()
            }
            let name = try TableName(namespace: parts[0], name: parts[1])
            let again = try TableName(parsing: name.description)
            #expect(again == name, "\(name)")
            #expect(again.hashValue == name.hashValue)
        }
    }

    @Test func `names are told apart by their bytes, and have a bound`() throws {
        let (one, two): (TableName, TableName) = ("main.\u{e9}", "main.e\u{301}")
        #expect(one != two && Set([one, two]).count == 2 && two < one)
        let longest = String(repeating: "x", count: 1_024)
        #expect(try TableName(namespace: longest, name: longest).name == longest)
        let error = #expect(throws: TableNameError.self) {
            try TableName(namespace: "a", name: longest + "x")
        }
        #expect(error?.code == .tooLong && error?.failureClass == .configuration)
    }
}
