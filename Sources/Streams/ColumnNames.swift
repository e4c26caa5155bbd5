import Basics
import Columnar

/// What the names of a plan's columns mean to the engines that read the table.
///
/// A sync keeps the names of its source. The way round a name is a view at the source that gives the
/// column another one, or a selection of columns that leaves it out.
extension ReadPlan {
    /// Columns by whose names engines know something of their own (Iceberg specification, "Reserved
    /// Field IDs", and the metadata columns of its library for Spark).
    private static let metadataColumns: Set = [
        "_file", "_pos", "_deleted", "_spec_id", "_partition", "_row_id",
        "_last_updated_sequence_number", "_change_type", "_change_ordinal",
        "_commit_snapshot_id",
    ]

    /// What could surprise the reader of the table about its names, one sentence each.
    package var nameRisks: [String] {
        let alike = Dictionary(grouping: columns.map(\.name)) { $0.lowercased() }.values
            .filter { $0.count > 1 }.map { names in
                "the columns \(names.sorted().joined(separator: ", ")) differ in case only: engines "
                    + "that ignore case cannot tell them apart; a view at the source can name one of "
                    + "them otherwise"
            }
        let reserved = columns.map(\.name).filter { Self.metadataColumns.contains($0.lowercased()) }
            .map { name in
                "the column \(name) has the name of a metadata column of Iceberg: engines may show "
                    + "their own instead, or refuse the table; a view at the source can name it "
                    + "otherwise"
            }
        return (alike + reserved).sorted()
    }

    /// Refuses columns that no engine could tell apart: a table knows its nested fields by full
    /// names, so that a column `a.b` and the member `b` of a column `a` are one name.
    ///
    /// - Throws: `SourceError` `unsupported`.
    package func requireDistinctNames() throws {
        guard let name = schema.repeatedFullName else { return }
        throw SourceError(
            .unsupported,
            "\(stream): two of its columns have the full name \(name): members of a column are "
                + "known by its name, a dot and their own, and no engine reads a table where a name "
                + "stands for two. Read a view at the source that names one of them otherwise, or "
                + "leave one out with \(Remedy.columns)"
        )
    }
}
