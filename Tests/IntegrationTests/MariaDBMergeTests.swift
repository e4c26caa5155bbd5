import TestSupport
import Testing

/// Merges of MariaDB tables whose keys, columns or conditions are not what they seem.
@Suite struct MariaDBMergeTests {
    private static func textKey(_ collation: String, _ type: String = "varchar(60)") -> String {
        """
        CREATE TABLE t (id \(type) COLLATE \(collation) PRIMARY KEY, v int, u int) CHARSET utf8mb4;
        INSERT INTO t VALUES ('Bob@x.org', 1, 1), ('ann', 2, 1), ('zoé', 3, 1)
        """
    }

    private static let keys: [MergeCase] = [
        MergeCase(
            name: "keys of a collation without case",
            make: textKey("utf8mb4_general_ci"),
            change: "DELETE FROM t WHERE v = 1; INSERT INTO t VALUES ('bob@X.org', 4, 2)",
            order: "2"
        ),
        MergeCase(
            name: "keys of a collation without accents",
            make: textKey("utf8mb4_unicode_ci"),
            change: "DELETE FROM t WHERE v = 3; INSERT INTO t VALUES ('ZOE', 4, 2)",
            order: "2"
        ),
        MergeCase(
            name: "blanks at the end of a key",
            make: textKey("utf8mb4_bin"),
            change: "DELETE FROM t WHERE v = 2; INSERT INTO t VALUES ('ann  ', 4, 2)",
            columns: "v",
            order: "1"
        ),
        MergeCase(
            name: "blanks that count",
            make: textKey("utf8mb4_nopad_bin"),
            change: "INSERT INTO t VALUES ('ann  ', 4, 2)",
            columns: "v",
            order: "1"
        ),
        MergeCase(
            name: "a CHAR key",
            make: textKey("utf8mb4_general_ci", "char(60)"),
            change: "DELETE FROM t WHERE v = 2; INSERT INTO t VALUES ('ANN ', 4, 2)",
            order: "2"
        ),
        MergeCase(
            name: "a key of the first characters of a text",
            make: """
                CREATE TABLE t (id varchar(60), v int, u int, PRIMARY KEY (id(3)));
                INSERT INTO t VALUES ('abcde', 1, 1), ('xyz', 2, 1)
                """,
            change: "DELETE FROM t WHERE v = 1; INSERT INTO t VALUES ('ABCzz', 4, 2)"
        ),
        MergeCase(
            name: "a key that is not unique loses no row in silence",
            make:
                "CREATE TABLE t (id int, v char(1), u int); INSERT INTO t VALUES (1,'x',1), (1,'y',1), (2,'z',1)",
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            refusal: ["several rows have the same", "--primary-key"]
        ),
        MergeCase(
            name: "a collation whose weights do not tell all texts apart is no key",
            make:
                "CREATE TABLE t (id varchar(9) PRIMARY KEY, v int, u int) CHARSET big5",
            refusal: ["big5_chinese_ci", "--primary-key"]
        ),
        MergeCase(
            name: "a float is no key",
            make: "CREATE TABLE t (id double PRIMARY KEY, v int, u int)",
            refusal: ["--primary-key"]
        ),
    ]

    private static let definitions: [MergeCase] = [
        MergeCase(
            name: "values that ALTER TABLE rewrote are read again",
            make: """
                CREATE TABLE t (id int PRIMARY KEY, v decimal(9,3), u int);
                INSERT INTO t VALUES (1, 1.125, 1), (2, 2.5, 1)
                """,
            laterOptions: ["--allow-type-change"],
            change: "ALTER TABLE t MODIFY v decimal(9,1)",
            expected: [["1", "1.1"], ["2", "2.5"]]
        ),
        MergeCase(
            name: "columns that swapped their names are read again",
            make:
                "CREATE TABLE t (id int PRIMARY KEY, v int, w int, u int); INSERT INTO t VALUES (1, 1, 2, 1)",
            change: "ALTER TABLE t RENAME COLUMN v TO w, RENAME COLUMN w TO v",
            columns: "id, v, w"
        ),
        MergeCase(
            name: "a table that took another one's place is read whole",
            make:
                "CREATE TABLE t (id int PRIMARY KEY, v int, u int); INSERT INTO t VALUES (1, 1, 5)",
            change: """
                CREATE TABLE s (id int PRIMARY KEY, v int, u int); INSERT INTO s VALUES (1, 9, 1), (2, 2, 2);
                RENAME TABLE t TO old, s TO t
                """
        ),
        MergeCase(
            name: "a partition that another table took the place of is read whole",
            make: """
                CREATE TABLE t (id int PRIMARY KEY, v int, u int)
                    PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN (20));
                INSERT INTO t VALUES (1, 1, 1), (11, 1, 2);
                CREATE TABLE x (id int PRIMARY KEY, v int, u int); INSERT INTO x VALUES (1, 100, 1)
                """,
            change: "DO SLEEP(1.1); ALTER TABLE t EXCHANGE PARTITION a WITH TABLE x"
        ),
        MergeCase(
            name: "a column that was dropped and added again is read again",
            make: """
                CREATE TABLE t (id int PRIMARY KEY, v varchar(10) DEFAULT 'D', u int);
                INSERT INTO t VALUES (1, 'D', 1), (2, 'D', 2)
                """,
            change: "DO SLEEP(1.1); ALTER TABLE t DROP v, ADD v varchar(10) DEFAULT 'F' AFTER id"
        ),
        MergeCase(
            name: "a view over a table that another took the place of reads everything",
            make: """
                CREATE TABLE a (id int PRIMARY KEY, v int, u int); INSERT INTO a VALUES (1, 1, 5);
                CREATE VIEW t AS SELECT id, v, u FROM a
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: """
                DO SLEEP(1.1); CREATE TABLE b (id int PRIMARY KEY, v int, u int); INSERT INTO b VALUES (1, 9, 5);
                RENAME TABLE a TO c, b TO a
                """
        ),
        MergeCase(
            name: "another expression of a virtual column reads everything",
            make: """
                CREATE TABLE t (id int PRIMARY KEY, a int, v int AS (a * 2) VIRTUAL, u int);
                INSERT INTO t (id, a, u) VALUES (1, 1, 1), (2, 2, 1)
                """,
            change: "ALTER TABLE t MODIFY v int AS (a * 3) VIRTUAL"
        ),
        MergeCase(
            name: "another expression of a view below the view",
            make: """
                CREATE TABLE a (id int PRIMARY KEY, v int, u int); INSERT INTO a VALUES (1, 1, 1), (2, 2, 1);
                CREATE VIEW w AS SELECT id, v, u FROM a; CREATE VIEW t AS SELECT id, v, u FROM w
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: "CREATE OR REPLACE VIEW w AS SELECT id, v * 10 AS v, u FROM a"
        ),
        MergeCase(
            name: "a view over a view that joins",
            make: """
                CREATE TABLE a (id int, v int); CREATE TABLE b (id int, u int);
                CREATE VIEW w AS SELECT a.id, a.v, b.u FROM a JOIN b ON a.id = b.id;
                CREATE VIEW t AS SELECT id, v, u FROM w
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            refusal: ["view", "--accept-unseen-changes"]
        ),
        MergeCase(
            name: "a partition that another table took the place of below a view",
            make: """
                CREATE TABLE a (id int PRIMARY KEY, v int, u int)
                    PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN (20));
                INSERT INTO a VALUES (1, 1, 1), (11, 1, 2); CREATE VIEW t AS SELECT id, v, u FROM a;
                CREATE TABLE x (id int PRIMARY KEY, v int, u int); INSERT INTO x VALUES (1, 100, 1)
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: "DO SLEEP(1.1); ALTER TABLE a EXCHANGE PARTITION a WITH TABLE x"
        ),
        MergeCase(
            name: "a table of the rows of others",
            make: """
                CREATE TABLE a (id int, v int, u int, KEY (id)) ENGINE=MyISAM;
                CREATE TABLE t (id int, v int, u int, KEY (id)) ENGINE=MERGE UNION=(a)
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            refusal: ["rows of others", "--accept-unseen-changes"]
        ),
        MergeCase(
            name: "a condition within a comment that is run",
            make: "CREATE TABLE t (id int PRIMARY KEY, v int, u int, due datetime)",
            options: [
                "--mode", "incremental", "--cursor", "u", "--where",
                "id > 0 /*! and due < now() */",
            ],
            refusal: ["now", "--accept-unseen-changes"]
        ),
        MergeCase(
            name: "appended rows of one key are not told apart",
            make:
                "CREATE TABLE t (k int UNIQUE, v int, u int); INSERT INTO t VALUES (NULL, 1, 1), (NULL, 2, 1)",
            options: [
                "--mode", "incremental", "--cursor", "u", "--primary-key", "k", "--on-conflict",
                "append",
            ],
            refusal: ["several rows have the same", "--primary-key"]
        ),
        MergeCase(
            name: "a view that joins",
            make: """
                CREATE TABLE a (id int, v int); CREATE TABLE b (id int, u int);
                CREATE VIEW t AS SELECT a.id, a.v, b.u FROM a JOIN b ON a.id = b.id
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            refusal: ["view", "--accept-unseen-changes"]
        ),
        MergeCase(
            name: "a view of one table's rows",
            make: """
                CREATE TABLE a (id int PRIMARY KEY, v int, u int); INSERT INTO a VALUES (1, 1, 1), (2, 2, 2);
                CREATE VIEW t AS SELECT id, v, u FROM a WHERE v > 0
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: "UPDATE a SET v = 3, u = 3 WHERE id = 1"
        ),
        MergeCase(
            name: "a condition that asks for the time",
            make: "CREATE TABLE t (id int PRIMARY KEY, v int, u int, due datetime)",
            options: ["--mode", "incremental", "--cursor", "u", "--where", "due < now()"],
            refusal: ["now", "--accept-unseen-changes"]
        ),
        MergeCase(
            name: "a column that was left out comes back",
            make:
                "CREATE TABLE t (id int PRIMARY KEY, v int, u int); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)",
            middleOptions: ["--columns", "id,u"],
            change:
                "UPDATE t SET v = 7, u = 3 WHERE id = 1; UPDATE t SET v = 8, u = 4 WHERE id = 2"
        ),
    ]

    @Test(arguments: keys + definitions)
    func `what is equal at the source is one row in the lake`(example: MergeCase) async throws {
        try await MariaDBDatabase.withNew { database in
            try await Lake.withNew { lake in
                try await example.check(
                    source: database.url,
                    stream: "t",
                    lake: lake,
                    separator: "\t"
                ) { try await database.run($0) }
            }
        }
    }
}
