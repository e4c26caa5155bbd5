import GRDB
import GRDBSQLite
import Glibc
import Streams

/// What a database says about itself.
struct SQLiteCatalog {
    let db: Database

    // MARK: The file

    var journalMode: String {
        get throws { try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? "delete" }
    }

    var encoding: String {
        get throws { try String.fetchOne(db, sql: "PRAGMA encoding") ?? "UTF-8" }
    }

    /// Whether text can be had as it lies in the file.
    var isUTF8: Bool {
        get throws { try encoding == "UTF-8" }
    }

    private var byteCount: Int64 {
        get throws { try pragma("page_count") * pragma("page_size") }
    }

    private func pragma(_ name: String) throws -> Int64 {
        try Int64.fetchOne(db, sql: "PRAGMA \(name)") ?? 0
    }

    func check() throws -> SourceCheck {
        let tables = try tables()
        let journalMode = try journalMode
        let version = try String.fetchOne(db, sql: "SELECT sqlite_version()") ?? "unknown"
        let pageCount = try pragma("page_count")
        var warnings: [String] = []
        if tables.isEmpty {
            warnings.append("The database holds no tables.")
        }
        if journalMode != "wal" {
            warnings.append(
                "The journal mode is \(journalMode): programs that write wait while a table is "
                    + "read."
            )
        }
        let counts = [SQLiteTable.Kind.table, .view, .virtual].compactMap { kind in
            let count = tables.count { $0.kind == kind }
            return count == 0 ? nil : "\(count) \(kind.rawValue)\(count == 1 ? "" : "s")"
        }
        return SourceCheck(
            version: "SQLite \(version)",
            facts: [
                "journal mode \(journalMode)", "encoding \(try encoding)",
                "\(pageCount) pages of \(try pragma("page_size")) bytes",
                counts.isEmpty ? "no tables" : counts.joined(separator: ", "),
                "opened read-only",
            ],
            warnings: warnings,
            streamCount: tables.count
        )
    }

    // MARK: Tables

    func streams() throws -> [StreamDescriptor] {
        try tables().map { listed in
            let table = try described(listed)
            return StreamDescriptor(
                name: StreamName(namespace: nil, name: table.name),
                kind: table.kind.rawValue,
                columns: table.columns.map {
                    DescribedColumn(
                        name: $0.name,
                        sourceType: $0.sourceType,
                        isNullable: !$0.isNotNull && !$0.isRowID
                    )
                },
                primaryKey: table.primaryKey,
                estimatedRowCount: try estimatedRowCount(of: table),
                estimatedByteCount: try estimatedByteCount(of: table),
                access: table.access,
                resume: table.resume
            )
        }
    }

    /// The table of that name: exactly, else without regard to case as SQLite does.
    ///
    /// - Throws: `SourceError`, `notFound`.
    func table(_ stream: StreamName) throws -> SQLiteTable {
        let tables = try tables()
        let isMain = stream.namespace.map { $0.isSameName(as: "main") } ?? true
        let found =
            tables.first { $0.name.isSameBytes(as: stream.name) }
            ?? tables.first { $0.name.isSameName(as: stream.name) }
        guard isMain, let found else {
            let near = NearNames.of(stream.name, among: tables.map(\.name))
            throw SourceError(
                .notFound,
                "there is no table or view \(stream)"
                    + (near.isEmpty ? "" : "; near it are: " + near.joined(separator: ", "))
            )
        }
        var table = try described(found)
        try addIndexes(&table)
        try addDefinition(&table)
        return table
    }

    /// Tables and views by name, without SQLite's own and the storage of virtual tables.
    private func tables() throws -> [SQLiteTable] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT name, type, wr, strict FROM pragma_table_list
                WHERE schema = 'main' AND type IN ('table', 'view', 'virtual')
                  AND lower(substr(name, 1, 7)) <> 'sqlite_'
                ORDER BY name
                """
        )
        return rows.map { row in
            let kind: SQLiteTable.Kind =
                switch row["type"] as String {
                case "view": .view
                case "virtual": .virtual
                default: .table
                }
            return SQLiteTable(
                name: row["name"],
                kind: kind,
                isStrict: row["strict"],
                isWithoutRowID: row["wr"]
            )
        }
    }

    private func described(_ listed: SQLiteTable) throws -> SQLiteTable {
        var table = listed
        let rows = try columnRows(of: table)
        // Hidden columns of virtual tables are 1; generated ones, which are read, 2 and 3.
        for row in rows where row["hidden"] as Int != 1 {
            let filling = (row["dflt_value"] as String?)?.isSameName(as: "NULL") == false
            table.columns.append(
                SQLiteColumn(
                    name: row["name"],
                    declaration: row["type"],
                    isNotNull: row["notnull"],
                    keyPosition: row["pk"],
                    fillsOldRows: filling || row["hidden"] as Int > 1
                )
            )
        }
        try markRowID(&table)
        return table
    }

    private func columnRows(of table: SQLiteTable) throws -> [Row] {
        let query = "PRAGMA main.table_xinfo(\(SQLiteSyntax.quoted(table.name)))"
        do {
            return try withOldTexts(table) { try Row.fetchAll(db, sql: query) }
        } catch let failure as DatabaseError where failure.resultCode == .SQLITE_ERROR {
            guard table.kind != .table else { throw failure }
            // A view of a dropped table, or a virtual table whose module is not here, has no
            // columns to tell; the other tables are still of use.
            return []
        }
    }

    /// Lets old views hold texts in double quotes, for the time of `body` alone: in a condition, a
    /// misspelt column has to be an error.
    func withOldTexts<Result>(_ table: SQLiteTable, _ body: () throws -> Result) throws -> Result {
        guard table.kind == .view else { return try body() }
        _enableDoubleQuotedStringLiterals(db.sqliteConnection)
        defer { _disableDoubleQuotedStringLiterals(db.sqliteConnection) }
        return try body()
    }

    /// Finds what keeps rows unique, and what columns are compared by.
    private func addIndexes(_ table: inout SQLiteTable) throws {
        guard table.kind == .table else { return }
        for index in table.columns.indices {
            table.columns[index].collation = collation(
                of: table.columns[index].name,
                in: table.name
            )
        }
        let indexes = try String.fetchAll(
            db,
            sql: "SELECT name FROM pragma_index_list(?) WHERE \"unique\" = 1 AND partial = 0",
            arguments: [table.name]
        )
        for name in indexes {
            let rows = try Row.fetchAll(
                db,
                sql: "SELECT cid, name, coll FROM pragma_index_xinfo(?) WHERE key = 1",
                arguments: [name]
            )
            // An expression has no column.
            guard rows.allSatisfy({ $0["cid"] as Int >= 0 }) else { continue }
            table.uniqueIndexes.append(
                SQLiteUniqueIndex(
                    parts: rows.map { row in
                        SQLiteUniqueIndex.Part(
                            column: row["name"] as String? ?? "",
                            collation: (row["coll"] as String? ?? "BINARY").uppercased()
                        )
                    }
                )
            )
        }
    }

    /// The collation that a column was declared with.
    private func collation(of column: String, in table: String) -> String {
        var name: UnsafePointer<CChar>?
        let code = sqlite3_table_column_metadata(
            db.sqliteConnection,
            "main",
            table,
            column,
            nil,
            &name,
            nil,
            nil,
            nil
        )
        guard code == SQLITE_OK, let name else { return "BINARY" }
        return String(cString: name).uppercased()
    }

    /// Notes what the table was made by, so that another one in its place is noticed.
    private func addDefinition(_ table: inout SQLiteTable) throws {
        let rows = try Row.fetchAll(
            db,
            sql:
                "SELECT name, type, rootpage, sql FROM main.sqlite_schema WHERE sql IS NOT NULL ORDER BY 1"
        )
        if table.kind == .view {
            addQueries(&table, of: rows)
        } else {
            try addPlace(&table, among: rows)
        }
    }

    /// Notes of a table where it lies, and what its columns were made by.
    private func addPlace(_ table: inout SQLiteTable, among rows: [Row]) throws {
        guard
            let row = rows.first(where: {
                ($0["name"] as String).isSameBytes(as: table.name) && $0["type"] == "table"
            })
        else { return }
        table.identity = "\(try fileIdentity()) \(row["rootpage"] as Int? ?? 0)"
        let sql = row["sql"] as String? ?? ""
        guard table.kind == .table, let parts = SQLiteSyntax.columnTexts(of: sql) else {
            table.definition = sql
            return
        }
        for index in table.columns.indices {
            let name = table.columns[index].name
            table.columns[index].definition =
                parts.first { $0.name.isSameName(as: name) }?.text
        }
    }

    /// Notes of a view what it is made of, all the way down; it may read any of the others.
    private func addQueries(_ table: inout SQLiteTable, of rows: [Row]) {
        table.definition = rows.map { row in
            "\(row["rootpage"] as Int? ?? 0) \(row["sql"] as String? ?? "")"
        }.joined(separator: "; ")
        var views: [String: String] = [:]
        for row in rows where row["type"] == "view" {
            views[(row["name"] as String? ?? "").lowercased()] = row["sql"]
        }
        var pending = [table.name.lowercased()]
        var seen: Set<String> = []
        while let name = pending.popLast() {
            guard let sql = views[name], seen.insert(name).inserted else { continue }
            table.viewQueries.append(sql)
            var query = SQLText(sql, .sqlite)
            query.dropViewHead()
            pending += views.keys.filter { query.names.contains($0) }
        }
    }

    /// What tells the file and its schema from others: the file's number, and the count of changes of what
    /// is defined in it, as a table made again by the same words lies where the old one did.
    private func fileIdentity() throws -> String {
        let version = try Int.fetchOne(db, sql: "PRAGMA main.schema_version") ?? 0
        let path = try String.fetchOne(
            db,
            sql: "SELECT file FROM pragma_database_list WHERE name = 'main'"
        )
        var status = stat()
        guard let path, stat(path, &status) == 0 else { return "\(version)" }
        return "\(version) \(status.st_dev) \(status.st_ino)"
    }

    /// Finds the column that is the row id: the only key column, declared `INTEGER`, unless
    /// SQLite keeps an index for the key (`INTEGER PRIMARY KEY DESC` is no row id).
    private func markRowID(_ table: inout SQLiteTable) throws {
        let keys = table.columns.indices.filter { table.columns[$0].keyPosition > 0 }
        guard table.kind == .table, !table.isWithoutRowID, keys.count == 1,
            table.columns[keys[0]].declaration.isSameName(as: "INTEGER")
        else { return }
        let index = try Row.fetchOne(
            db,
            sql: "SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk'",
            arguments: [table.name]
        )
        table.columns[keys[0]].isRowID = index == nil
    }

    // MARK: Sizes

    /// Rows, from the statistics of ANALYZE or the span of row ids; nil where neither is.
    func estimatedRowCount(of table: SQLiteTable) throws -> Int64? {
        guard table.kind == .table else { return nil }
        if try db.tableExists("sqlite_stat1") {
            let counts = try String.fetchAll(
                db,
                sql: "SELECT stat FROM main.sqlite_stat1 WHERE tbl = ? AND stat IS NOT NULL",
                arguments: [table.name]
            ).compactMap { $0.split(separator: " ").first.flatMap { Int64($0) } }
            if let count = counts.max() { return count }
        }
        guard let rowID = table.rowIDName else { return nil }
        let name = SQLiteSyntax.quoted(table.name)
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT (SELECT min(\(rowID)) FROM main.\(name)) AS first,
                       (SELECT max(\(rowID)) FROM main.\(name)) AS last
                """
        )
        guard let first = row?["first"] as Int64?, let last = row?["last"] as Int64? else {
            return 0
        }
        let (span, overflow) = last.subtractingReportingOverflow(first)
        return overflow || span == .max ? nil : span + 1
    }

    /// Bytes of the table's pages; nil where counting them would take long or cannot be done.
    func estimatedByteCount(of table: SQLiteTable) throws -> Int64? {
        guard table.kind == .table, try byteCount <= SQLiteLimits.pageCountFileByteCount else {
            return nil
        }
        do {
            return try Int64.fetchOne(
                db,
                sql: "SELECT sum(pgsize) FROM dbstat('main', 1) WHERE name = ?",
                arguments: [table.name]
            )
        } catch let failure as DatabaseError where failure.resultCode == .SQLITE_ERROR {
            // Not every build of SQLite has the dbstat table.
            return nil
        }
    }
}
