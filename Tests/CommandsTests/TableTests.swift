import Basics
import Commands
import Testing

/// Tables for people.
@Suite struct TableTests {
    @Test func `columns are as wide as their widest cell, and numbers end in one line`() {
        let lines = CommandLineProbe.table(
            ["NAME", "ROWS", "WHY"],
            rightAligned: [1],
            [["a", "1", ""], ["orders", "1,234,567", "because"], ["", "20", "x"]]
        )
        #expect(
            lines == [
                "NAME         ROWS  WHY", "a               1", "orders  1,234,567  because",
                "               20  x",
            ]
        )
    }

    @Test func `a table without rows is its heading`() {
        #expect(CommandLineProbe.table(["A", "B"], rightAligned: [], []) == ["A  B"])
    }

    @Test func `a cell of others stays one cell, and names options`() {
        let lines = CommandLineProbe.table(
            ["A", "B"],
            rightAligned: [],
            [["a\nb\u{1B}[2J", "x"], ["read it with \(Remedy.restart)", "y"]]
        )
        #expect(lines.count == 3)
        #expect(
            lines[1].contains("a\\nb\\u{1B}[2J") && lines[2].hasPrefix("read it with --restart")
        )
        #expect(lines[1].last == "x" && lines[1].count == lines[2].count)
    }
}
