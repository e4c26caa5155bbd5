import Columnar
import Iceberg
import ObjectStorage
import TestSupport

/// Reads the rows of a table's files, without those that are deleted by their position.
struct TableRows {
    let disk: SimulatedDisk

    func rows(of files: [DataFile]) throws -> [SimulatedDatabase.Row] {
        var deleted: [String: Set<Int64>] = [:]
        for file in files where file.content == .positionDeletes {
            try forEachRow(in: file) { texts, _ in
                deleted[texts[0], default: []].insert(Int64(texts[1]) ?? -1)
            }
        }
        var rows: [SimulatedDatabase.Row] = []
        for file in files where file.content == .rows {
            let gone = deleted[file.path] ?? []
            try forEachRow(in: file) { texts, position in
                guard !gone.contains(position) else { return }
                let values = texts.map { Int64($0) ?? -1 }
                rows.append(
                    SimulatedDatabase.Row(key: values[0], value: values[1], writer: values[2])
                )
            }
        }
        return rows
    }

    private func forEachRow(in file: DataFile, _ body: ([String], Int64) -> Void) throws {
        guard let key = disk.locations.key(at: file.path), let bytes = disk.bytes(key) else {
            throw TestSupportError("\(file.path) is not there")
        }
        let batches = try ParquetFile(bytes: bytes).batches()
        var position: Int64 = 0
        while let batch = try batches.next() {
            for row in 0..<batch.rowCount {
                body(batch.columns.map { $0.text(at: row) ?? "" }, position)
                position += 1
            }
        }
        guard position == file.rowCount else {
            throw TestSupportError("\(file.path) has \(position) rows, not \(file.rowCount)")
        }
    }
}
