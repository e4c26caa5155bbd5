import TestSupport
import Testing

/// Merges of SQLite tables whose keys, cursors or conditions are not what they seem.
@Suite struct SQLiteMergeTests {
    private static let keys: [MergeCase] = [
        MergeCase(
            name: "keys without case",
            make:
                "CREATE TABLE t (id text COLLATE NOCASE PRIMARY KEY, v, u); INSERT INTO t VALUES ('Bob', 1, 1)",
            change: "DELETE FROM t; INSERT INTO t VALUES ('bOB', 2, 2)"
        ),
        MergeCase(
            name: "keys whose index ignores blanks at the end",
            make: """
                CREATE TABLE t (id text, v, u, PRIMARY KEY (id COLLATE RTRIM)); INSERT INTO t VALUES ('a', 1, 1)
                """,
            change: "DELETE FROM t; INSERT INTO t VALUES ('a  ', 2, 2)",
            columns: "v",
            order: "1"
        ),
        MergeCase(
            name: "texts that tell one instant are two keys",
            make: """
                CREATE TABLE t (id datetime PRIMARY KEY, v, u);
                INSERT INTO t VALUES ('2024-01-01 10:00', 1, 1), ('2024-01-01T10:00:00', 2, 1)
                """,
            change: "UPDATE t SET v = 3, u = 2 WHERE v = 1",
            columns: "v",
            order: "1"
        ),
        MergeCase(
            name: "a key of several kinds",
            make:
                "CREATE TABLE t (id PRIMARY KEY, v, u); INSERT INTO t VALUES (1, 1, 1), ('a', 2, 1)",
            refusal: ["several kinds"]
        ),
        MergeCase(
            name: "a key that is not unique loses no row in silence",
            make: "CREATE TABLE t (id, v, u); INSERT INTO t VALUES (1,'x',1), (1,'y',1), (2,'z',1)",
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            refusal: ["several rows have the same", "--primary-key"]
        ),
    ]

    private static let cursors: [MergeCase] = [
        MergeCase(
            name: "texts of times are compared as times",
            make:
                "CREATE TABLE t (id integer PRIMARY KEY, v, u datetime); INSERT INTO t VALUES (1, 1, '2024-01-01T10:00:00')",
            change:
                "INSERT INTO t VALUES (2, 2, '2024-01-01 11:00:00'), (3, 3, '2024-01-01 10:00:00.5')"
        ),
        MergeCase(
            name: "those with zones too",
            make:
                "CREATE TABLE t (id integer PRIMARY KEY, v, u datetime); INSERT INTO t VALUES (1, 1, '2024-01-01 23:00:00Z')",
            change: "INSERT INTO t VALUES (2, 2, '2024-01-01 20:00:00-05:00')"
        ),
        MergeCase(
            name: "a lookback takes its seconds from the time",
            make: """
                CREATE TABLE t (id integer PRIMARY KEY, v, u datetime);
                INSERT INTO t VALUES (1, 1, '2024-01-01 10:00:00'), (2, 2, '2024-01-01 12:00:00')
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--lookback", "1h"],
            change: "UPDATE t SET v = 9; UPDATE t SET u = '2024-01-01 12:30:00' WHERE id = 2",
            // The first row lies further back than an hour.
            expected: [["1", "1"], ["2", "9"]]
        ),
        MergeCase(
            name: "a time takes no lookback without a unit",
            make:
                "CREATE TABLE t (id integer PRIMARY KEY, v, u datetime); INSERT INTO t VALUES (1, 1, '2024-01-01')",
            options: ["--mode", "incremental", "--cursor", "u", "--lookback", "3600"],
            refusal: ["unit"]
        ),
        MergeCase(
            name: "a number behind a text is seen, and told",
            make:
                "CREATE TABLE t (id integer PRIMARY KEY, v, u); INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'b')",
            change: "INSERT INTO t VALUES (3, 3, 7)",
            risk: "read each time"
        ),
        MergeCase(
            name: "appending takes a cursor of one kind",
            make:
                "CREATE TABLE t (id integer PRIMARY KEY, v, u); INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 7)",
            options: ["--mode", "incremental", "--cursor", "u", "--on-conflict", "append"],
            refusal: ["no one order"]
        ),
        MergeCase(
            name: "a table that took another one's place is read whole",
            make: "CREATE TABLE t (id integer PRIMARY KEY, v, u); INSERT INTO t VALUES (1, 1, 5)",
            change: """
                ALTER TABLE t RENAME TO old; CREATE TABLE s (id integer PRIMARY KEY, v, u);
                INSERT INTO s VALUES (1, 9, 1), (2, 2, 2); ALTER TABLE s RENAME TO t
                """
        ),
        MergeCase(
            name: "a table made again by the same words is read whole",
            make:
                "CREATE TABLE t (id integer PRIMARY KEY, v, u); INSERT INTO t VALUES (1, 1, 5), (2, 2, 1)",
            change: """
                DROP TABLE t; CREATE TABLE t (id integer PRIMARY KEY, v, u);
                INSERT INTO t VALUES (1, 8, 5), (2, 9, 1)
                """
        ),
        MergeCase(
            name: "appending goes on behind VACUUM and a new column",
            make:
                "CREATE TABLE t (id integer PRIMARY KEY, v, u); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)",
            options: ["--mode", "incremental", "--cursor", "u", "--on-conflict", "append"],
            change: """
                ALTER TABLE t ADD COLUMN more; DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (1, 1, 1, NULL), (3, 3, 3, 7);
                VACUUM
                """,
            risk: "only rows behind the last ones"
        ),
        MergeCase(
            name: "appending to a table that lacks the last rows is refused",
            make: "CREATE TABLE t (id integer PRIMARY KEY, v, u); INSERT INTO t VALUES (1, 1, 5)",
            options: ["--mode", "incremental", "--cursor", "u", "--on-conflict", "append"],
            change: """
                DROP TABLE t; CREATE TABLE t (id integer PRIMARY KEY, v, u); INSERT INTO t VALUES (2, 2, 6)
                """,
            refusal: ["--restart", "lacks"]
        ),
        MergeCase(
            name: "collations are named in any case",
            make:
                "CREATE TABLE t (id text COLLATE nocase PRIMARY KEY, v, u); INSERT INTO t VALUES ('Bob', 1, 1)",
            change: "DELETE FROM t; INSERT INTO t VALUES ('bOB', 2, 2)"
        ),
        MergeCase(
            name: "a cursor at infinity has nothing behind it",
            make:
                "CREATE TABLE t (id integer PRIMARY KEY, v, u real); INSERT INTO t VALUES (1, 1, 9e999)",
            refusal: ["infinity", "--where"]
        ),
        MergeCase(
            name: "a condition is one expression",
            make: "CREATE TABLE t (id integer PRIMARY KEY, v, u); INSERT INTO t VALUES (1, 1, 1)",
            options: ["--where", "id < 0) OR (id > 0"],
            refusal: ["no single expression"]
        ),
        MergeCase(
            name: "another expression of a generated column reads everything",
            make: """
                CREATE TABLE t (id integer PRIMARY KEY, a, v AS (a * 2), u); INSERT INTO t (id, a, u) VALUES (1, 1, 1)
                """,
            change: "ALTER TABLE t DROP COLUMN v; ALTER TABLE t ADD COLUMN v AS (a * 3)"
        ),
        MergeCase(
            name: "a column that was left out comes back",
            make:
                "CREATE TABLE t (id integer PRIMARY KEY, v int, u int); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)",
            middleOptions: ["--columns", "id,u"],
            change:
                "UPDATE t SET v = 7, u = 3 WHERE id = 1; UPDATE t SET v = 8, u = 4 WHERE id = 2"
        ),
        MergeCase(
            name: "appended rows without a key are not told apart",
            make:
                "CREATE TABLE t (k text PRIMARY KEY, v, u); INSERT INTO t VALUES (NULL, 'z', 1), (NULL, 'x', 1)",
            options: ["--mode", "incremental", "--cursor", "u", "--on-conflict", "append"],
            refusal: ["several rows have the same", "--primary-key"]
        ),
        MergeCase(
            name: "appended keys and cursors keep every character",
            make: """
                CREATE TABLE t (k text PRIMARY KEY, v, u);
                INSERT INTO t VALUES ('a' || char(0) || 'b', 1, 'x' || char(0) || '1'), ('é', 2, 'x' || char(0) || '1')
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--on-conflict", "append"],
            middleOptions: ["--quiet"],
            change: "INSERT INTO t VALUES ('a', 3, 'x' || char(0) || '1')",
            columns: "v",
            order: "1"
        ),
        MergeCase(
            name: "a cursor that is no UTF-8 has its place all the same",
            make: """
                CREATE TABLE t (id integer PRIMARY KEY, v, u text); INSERT INTO t VALUES (1, 1, CAST(x'6180' AS TEXT))
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--policy", "u=clamp"],
            change: "INSERT INTO t VALUES (2, 2, CAST(x'6181' AS TEXT))"
        ),
        MergeCase(
            name: "a condition on another table's rows",
            make: "CREATE TABLE t (id integer PRIMARY KEY, v, u); CREATE TABLE d (id)",
            options: ["--mode", "incremental", "--cursor", "u", "--where", "id in d"],
            refusal: ["other rows", "--accept-unseen-changes"]
        ),
        MergeCase(
            name: "a misspelt column is no text, whatever a view holds",
            make: """
                CREATE TABLE a (id integer PRIMARY KEY, v, u); INSERT INTO a VALUES (1, 1, 1);
                CREATE VIEW t AS SELECT id, v, u FROM a
                """,
            options: ["--where", "\"misspelt\" = 'x'"],
            refusal: ["misspelt"]
        ),
        MergeCase(
            name: "a view that asks for the time",
            make: """
                CREATE TABLE a (id integer PRIMARY KEY, v, u);
                CREATE VIEW t AS SELECT id, v, u FROM a WHERE u < strftime('%s', 'now')
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            refusal: ["--accept-unseen-changes"]
        ),
    ]

    @Test(arguments: keys + cursors)
    func `what is equal at the source is one row in the lake`(example: MergeCase) async throws {
        try await Lake.withNew { lake in
            try await withScratchDirectory { folder in
                let path = folder + "/source.db"
                try await example.check(
                    source: "sqlite:" + path,
                    stream: "t",
                    lake: lake,
                    separator: "|"
                ) { sql in
                    let result = try await Lake.python("sqlite_run.py", [path, sql])
                    try #require(result.succeeded, "\(result.transcript)")
                    return result.standardOutput
                }
            }
        }
    }
}
