import Columnar
import Iceberg
import ObjectStorage
import TestSupport

/// Reads the rows of a table's files, without those that are deleted by their position; -1 stands for a
/// value that a file does not have.
struct TableRows {
    let disk: SimulatedDisk

    func rows(of files: [DataFile]) throws -> [SimulatedDatabase.Row] {
        var deleted: [String: Set<Int64>] = [:]
        for file in files where file.content == .positionDeletes {
            try forEachRow(in: file) { texts, _ in
                deleted[texts["file_path"] ?? "", default: []].insert(
                    texts["pos"].flatMap { Int64($0) } ?? -1
                )
            }
        }
        var rows: [SimulatedDatabase.Row] = []
        for file in files where file.content == .rows {
            let gone = deleted[file.path] ?? []
            try forEachRow(in: file) { texts, position in
                guard !gone.contains(position) else { return }
                func number(_ names: String...) -> Int64 {
                    names.compactMap { texts[$0] }.first.flatMap { Int64($0) } ?? -1
                }
                rows.append(
                    SimulatedDatabase.Row(
                        key: number("id"),
                        value: number("value", "amount"),
                        writer: number("writer")
                    )
                )
            }
        }
        return rows
    }

    private func forEachRow(in file: DataFile, _ body: ([String: String], Int64) -> Void) throws {
        guard let key = disk.locations.key(at: file.path), let bytes = disk.bytes(key) else {
            throw TestSupportError("\(file.path) is not there")
        }
        let parquet = try ParquetFile(bytes: bytes)
        let names = parquet.schema.fields.map(\.name)
        let batches = try parquet.batches()
        var position: Int64 = 0
        while let batch = try batches.next() {
            for row in 0..<batch.rowCount {
                let texts = zip(names, batch.columns).compactMap { name, column in
                    column.text(at: row).map { (name, $0) }
                }
                body(Dictionary(uniqueKeysWithValues: texts), position)
                position += 1
            }
        }
        guard position == file.rowCount else {
            throw TestSupportError("\(file.path) has \(position) rows, not \(file.rowCount)")
        }
    }
}
