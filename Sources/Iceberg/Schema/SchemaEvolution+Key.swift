import Basics

extension SchemaEvolution {
    /// Refuses to merge by another key than the one the table's rows were merged by.
    ///
    /// Rows that are one under the new key may stand apart in the table, or the other way round;
    /// only reading everything again sets that right. The order of the columns does not matter,
    /// and a renamed or widened column is still the same.
    ///
    /// - Parameters:
    ///   - old: The key's columns by their names in the table before.
    ///   - new: The key's columns by their names at the source now.
    /// - Throws: `IcebergError` `schemaDrift`.
    package func checkMergeKey(old: [String], new: [String]) throws {
        guard !new.isEmpty else {
            throw IcebergError(
                .schemaDrift,
                "there is no primary key to merge by; name one with \(Remedy.primaryKey), or append "
                    + "with \(Remedy.onConflict.to("append"))"
            )
        }
        var renames: [String: String] = [:]
        var others: Set<String> = []
        for change in changes {
            switch change {
            case .renamed(let from, let to): renames[from] = to
            case .replaced(let name, _, _), .retyped(let name, _, _): others.insert(name)
            default: break
            }
        }
        let expected = Set(old.map { renames[$0] ?? $0 })
        if expected != Set(new) {
            guard Set(old) != Set(new) else {
                throw Self.keyChange("the primary key \(list(new)) is made of other columns now")
            }
            let before =
                old.isEmpty ? "there was no primary key" : "the primary key was \(list(old))"
            throw Self.keyChange("\(before), it is \(list(new)) now")
        }
        let changed = new.filter(others.contains)
        guard changed.isEmpty else {
            throw Self.keyChange(
                "the primary key \(list(new)) has other columns or types now: \(list(changed))"
            )
        }
    }

    private func list(_ names: [String]) -> String {
        "(" + names.joined(separator: ", ") + ")"
    }

    private static func keyChange(_ what: String) -> IcebergError {
        IcebergError(
            .schemaDrift,
            "\(what), so that rows cannot be matched with those of the table; read it again with "
                + "\(Remedy.restart), or take the change back at the source"
        )
    }
}
