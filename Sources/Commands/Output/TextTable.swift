import Basics

/// A table of text for people: columns padded to their widest cell.
struct TextTable {
    private var rows: [[String]] = []
    private let rightAligned: Set<Int>

    /// Makes a table with a heading; the columns of `rightAligned` hold numbers.
    init(_ heading: [String], rightAligned: Set<Int> = []) {
        rows = [heading]
        self.rightAligned = rightAligned
    }

    mutating func add(_ row: [String]) {
        rows.append(row.map { Printable.word(Remedy.withOptions($0)) })
    }

    /// The lines, without spaces at their ends.
    var lines: [String] {
        let columnCount = rows.map(\.count).max() ?? 0
        let widths = (0..<columnCount).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += (column > 0 ? "  " : "")
                line += rightAligned.contains(column) ? padding + cell : cell + padding
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// Prints the table as the result.
    func print() {
        for line in lines { Terminal.result(line) }
    }
}
