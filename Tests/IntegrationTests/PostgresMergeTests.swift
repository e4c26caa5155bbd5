import TestSupport
import Testing

/// Merges of Postgres tables whose keys, columns or conditions are not what they seem.
@Suite struct PostgresMergeTests {
    private static let keys: [MergeCase] = [
        MergeCase(
            name: "columns behind INCLUDE are no part of the key",
            make: """
                CREATE TABLE t (id int, v text, u int, PRIMARY KEY (id) INCLUDE (v));
                INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 1)
                """,
            change: "UPDATE t SET v = 'c', u = 2 WHERE id = 1"
        ),
        MergeCase(
            name: "citext keys are equal without regard to case",
            make: """
                CREATE EXTENSION citext; CREATE TABLE t (id citext PRIMARY KEY, v int, u int);
                INSERT INTO t VALUES ('Bob@x.org', 1, 1), ('ann', 2, 1)
                """,
            change: "DELETE FROM t WHERE v = 1; INSERT INTO t VALUES ('bob@X.org', 3, 2)"
        ),
        MergeCase(
            name: "keys of a collation that is not deterministic are refused",
            make: """
                CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
                CREATE TABLE t (id text COLLATE loose PRIMARY KEY, v int, u int)
                """,
            refusal: ["collation", "--primary-key"]
        ),
        MergeCase(
            name: "0 and -0 are one key",
            make: """
                CREATE TABLE t (id float8 PRIMARY KEY, v int, u int); INSERT INTO t VALUES (0, 1, 1), (2, 2, 1)
                """,
            change: "DELETE FROM t WHERE v = 1; INSERT INTO t VALUES ('-0', 3, 2)",
            columns: "v",
            order: "1"
        ),
        MergeCase(
            name: "intervals that are equal are written in several ways",
            make: "CREATE TABLE t (id interval PRIMARY KEY, v int, u int)",
            refusal: ["interval", "--primary-key"]
        ),
        MergeCase(
            name: "so are numbers in jsonb",
            make: "CREATE TABLE t (id jsonb PRIMARY KEY, v int, u int)",
            refusal: ["jsonb"]
        ),
        MergeCase(
            name: "and bounds of numeric ranges",
            make: "CREATE TABLE t (id numrange PRIMARY KEY, v int, u int)",
            refusal: ["numrange"]
        ),
        MergeCase(
            name: "a numeric key with more digits than a decimal has",
            make: """
                CREATE TABLE t (id numeric PRIMARY KEY, v int, u int);
                INSERT INTO t VALUES (1234567890123456789012345678901234567890, 1, 1)
                """,
            refusal: ["1 and 1.0"]
        ),
        MergeCase(
            name: "a numeric key of any scale",
            make:
                "CREATE TABLE t (id numeric PRIMARY KEY, v int, u int); INSERT INTO t VALUES (1.0, 1, 1)",
            change: "DELETE FROM t; INSERT INTO t VALUES (1, 2, 2)",
            columns: "v",
            order: "1"
        ),
        MergeCase(
            name: "a list is no key",
            make: "CREATE TABLE t (id int[] PRIMARY KEY, v int, u int)",
            refusal: ["--primary-key"]
        ),
        MergeCase(
            name: "a key that its policy would null",
            make: "CREATE TABLE t (id date PRIMARY KEY, v int, u int)",
            options: ["--mode", "incremental", "--cursor", "u", "--policy", "id=null"],
            refusal: ["policy null"]
        ),
        MergeCase(
            name: "blanks at the end of a key of any length",
            make:
                "CREATE TABLE t (id bpchar PRIMARY KEY, v int, u int); INSERT INTO t VALUES ('a', 1, 1)",
            change: "DELETE FROM t; INSERT INTO t VALUES ('a  ', 2, 2)",
            columns: "v",
            order: "1"
        ),
        MergeCase(
            name: "a key that is not unique loses no row in silence",
            make:
                "CREATE TABLE t (id int, v text, u int); INSERT INTO t VALUES (1,'x',1), (1,'y',1), (2,'z',1)",
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            refusal: ["several rows have the same", "1", "--primary-key"]
        ),
        MergeCase(
            name: "nor does one that is unique no longer",
            make:
                "CREATE TABLE t (id int, v text, u int); INSERT INTO t VALUES (1,'x',1), (2,'z',1)",
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: "INSERT INTO t VALUES (1, 'y', 2)",
            refusal: ["several rows have the same"]
        ),
        MergeCase(
            name: "a unique index keeps its columns apart",
            make: """
                CREATE TABLE t (id int NOT NULL, v text, u int, UNIQUE (id) INCLUDE (v) DEFERRABLE);
                INSERT INTO t VALUES (1,'x',1), (2,'z',1)
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: "UPDATE t SET v = 'y', u = 2 WHERE id = 1"
        ),
    ]

    private static let conditions: [MergeCase] = [
        MergeCase(
            name: "a condition that asks other rows",
            make: """
                CREATE TABLE a (id int); CREATE TABLE t (id int PRIMARY KEY, v int, u int);
                INSERT INTO t SELECT i, i, i FROM generate_series(1, 5) i
                """,
            options: [
                "--mode", "incremental", "--cursor", "u", "--where",
                "id IN (SELECT id FROM public.a)",
            ],
            refusal: ["without a write", "--accept-unseen-changes"]
        ),
        MergeCase(
            name: "one that asks for the time",
            make: "CREATE TABLE t (id int PRIMARY KEY, v int, u int, due timestamptz)",
            options: ["--mode", "incremental", "--cursor", "u", "--where", "due < now()"],
            refusal: ["now", "--accept-unseen-changes"]
        ),
        MergeCase(
            name: "what it misses can be accepted, and is told",
            make: """
                CREATE TABLE t (id int PRIMARY KEY, v int, u int, due timestamptz DEFAULT '2020-01-01');
                INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)
                """,
            options: [
                "--mode", "incremental", "--cursor", "u", "--where", "due < now()",
                "--accept-unseen-changes",
            ],
            change: "UPDATE t SET v = 3, u = 3 WHERE id = 1",
            risk: "without a write"
        ),
        MergeCase(
            name: "a condition on the row alone is no matter",
            make: """
                CREATE TABLE t (id int PRIMARY KEY, v int, u int); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)
                """,
            options: [
                "--mode", "incremental", "--cursor", "u", "--where", "coalesce(v, 0) IN (1, 2, 3)",
            ],
            change: "UPDATE t SET v = 3, u = 3 WHERE id = 1"
        ),
        MergeCase(
            name: "a view that joins",
            make: """
                CREATE TABLE a (id int, v int); CREATE TABLE b (id int, u int);
                CREATE VIEW t AS SELECT a.id, a.v, b.u FROM a JOIN b USING (id)
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            refusal: ["view", "--accept-unseen-changes"]
        ),
        MergeCase(
            name: "a view of one table's rows",
            make: """
                CREATE TABLE a (id int PRIMARY KEY, v int, u int); INSERT INTO a VALUES (1, 1, 1), (2, 2, 2);
                CREATE VIEW t AS SELECT id, lower(v::text) AS v, u FROM a WHERE v > 0
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: "UPDATE a SET v = 3, u = 3 WHERE id = 1"
        ),
        MergeCase(
            name: "another definition of a view reads everything",
            make: """
                CREATE TABLE a (id int PRIMARY KEY, v int, u int); INSERT INTO a VALUES (1, 1, 1), (2, 2, 2);
                CREATE VIEW t AS SELECT id, v, u FROM a
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: "CREATE OR REPLACE VIEW t AS SELECT id, v * 10 AS v, u FROM a"
        ),
        MergeCase(
            name: "so does another source of a function that it calls",
            make: """
                CREATE TABLE a (id int PRIMARY KEY, v int, u int); INSERT INTO a VALUES (1, 1, 1), (2, 2, 2);
                CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
                CREATE VIEW t AS SELECT id, f(v) AS v, u FROM a
                """,
            options: [
                "--mode", "incremental", "--cursor", "u", "--primary-key", "id",
                "--accept-unseen-changes",
            ],
            change:
                "CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'"
        ),
        MergeCase(
            name: "a condition's columns that swapped their names",
            make:
                "CREATE TABLE t (id int PRIMARY KEY, v int, b int, u int); INSERT INTO t VALUES (1, 1, 0, 1), (2, 0, 1, 1)",
            options: [
                "--mode", "incremental", "--cursor", "u", "--where", "v = 1", "--columns", "id,u",
            ],
            change:
                "ALTER TABLE t RENAME v TO c; ALTER TABLE t RENAME b TO v; ALTER TABLE t RENAME c TO b",
            columns: "id",
            order: "1",
            // A row that left the condition stays, as is told; the one that came is read.
            expected: [["1"], ["2"]]
        ),
        MergeCase(
            name: "a label that a condition asks for",
            make: """
                CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (id int PRIMARY KEY, v e, u int);
                INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 1)
                """,
            options: [
                "--mode", "incremental", "--cursor", "u", "--where", "v = 'a'", "--columns", "id,u",
            ],
            change: "ALTER TYPE e RENAME VALUE 'a' TO 'x'; ALTER TYPE e RENAME VALUE 'b' TO 'a'",
            columns: "id",
            order: "1",
            expected: [["1"], ["2"]]
        ),
        MergeCase(
            name: "a label that a view shows as text",
            make: """
                CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE base (id int PRIMARY KEY, v e, u int);
                INSERT INTO base VALUES (1, 'a', 1); CREATE VIEW t AS SELECT id, v::text AS v, u FROM base
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: "ALTER TYPE e RENAME VALUE 'a' TO 'zz'"
        ),
        MergeCase(
            name: "another time zone of the database",
            make: """
                CREATE TABLE base (id int PRIMARY KEY, at timestamptz, u int);
                INSERT INTO base VALUES (1, '2024-01-01 23:00Z', 1);
                CREATE VIEW t AS SELECT id, at::date AS v, u FROM base
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: """
                DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = %L', current_database(), 'Asia/Tokyo'); END $$
                """,
            expected: [["1", "2024-01-02"]]
        ),
        MergeCase(
            name: "a condition is one expression",
            make:
                "CREATE TABLE t (id int PRIMARY KEY, v int, u int); INSERT INTO t VALUES (1, 1, 1)",
            options: ["--where", "id < 0) OR (id > 0"],
            refusal: ["no single expression"]
        ),
        MergeCase(
            name: "a column that was left out comes back",
            make:
                "CREATE TABLE t (id int PRIMARY KEY, v int, u int); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)",
            middleOptions: ["--columns", "id,u"],
            change:
                "UPDATE t SET v = 7, u = 3 WHERE id = 1; UPDATE t SET v = 8, u = 4 WHERE id = 2"
        ),
        MergeCase(
            name: "a column that came with a value before the table was rewritten",
            make:
                "CREATE TABLE t (id int PRIMARY KEY, v int, u int); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)",
            change: "ALTER TABLE t ADD w int DEFAULT 5; CLUSTER t USING t_pkey",
            columns: "id, v, w"
        ),
        MergeCase(
            name: "a partition with old rows further down, below a view",
            make: """
                CREATE TABLE base (id int, v int, u int) PARTITION BY RANGE (id);
                CREATE TABLE base_1 PARTITION OF base FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (id);
                CREATE TABLE base_1a PARTITION OF base_1 FOR VALUES FROM (0) TO (10);
                INSERT INTO base VALUES (1, 1, 5); CREATE VIEW t AS SELECT id, v, u FROM base;
                CREATE TABLE old (id int, v int, u int); INSERT INTO old VALUES (20, 7, 1)
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: "ALTER TABLE base_1 ATTACH PARTITION old FOR VALUES FROM (20) TO (30)"
        ),
        MergeCase(
            name: "a label within an array and a domain below a view",
            make: """
                CREATE TYPE e AS ENUM ('a', 'b'); CREATE DOMAIN d AS e;
                CREATE TABLE base (id int PRIMARY KEY, v e[], w d, u int);
                INSERT INTO base VALUES (1, '{a}', 'a', 1);
                CREATE VIEW t AS SELECT id, v::text || w::text AS v, u FROM base
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: "ALTER TYPE e RENAME VALUE 'a' TO 'zz'"
        ),
        MergeCase(
            name: "row-level security below a view",
            make: """
                CREATE TABLE base (id int PRIMARY KEY, v int, u int); ALTER TABLE base ENABLE ROW LEVEL SECURITY;
                CREATE VIEW t WITH (security_invoker) AS SELECT id, v, u FROM base
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            refusal: ["row-level security", "--accept-unseen-changes"]
        ),
        MergeCase(
            name: "a value that is cast to a composite joins nothing",
            make: """
                CREATE TYPE ct AS (x int, y int); CREATE TABLE base (id int PRIMARY KEY, v text, u int);
                INSERT INTO base VALUES (1, '(1,2)', 1);
                CREATE VIEW t AS SELECT id, (v::ct).x AS v, u FROM base
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: "UPDATE base SET v = '(3,4)', u = 2"
        ),
        MergeCase(
            name: "a foreign table that points elsewhere",
            make: """
                CREATE EXTENSION postgres_fdw; CREATE TABLE r1 (id int, v int, u int); CREATE TABLE r2 (LIKE r1);
                INSERT INTO r1 VALUES (1, 1, 5); INSERT INTO r2 VALUES (1, 2, 5);
                DO $$ BEGIN EXECUTE format(
                    'CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)',
                    host(inet_server_addr()), inet_server_port(), current_database()); END $$;
                CREATE USER MAPPING FOR CURRENT_USER SERVER here
                    OPTIONS (user 'postgres', password 'tributary-test-secret');
                CREATE FOREIGN TABLE t (id int, v int, u int) SERVER here OPTIONS (table_name 'r1')
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--primary-key", "id"],
            change: "ALTER FOREIGN TABLE t OPTIONS (SET table_name 'r2')"
        ),
        MergeCase(
            name: "a row that is asked for as a whole",
            make: "CREATE TABLE t (id int PRIMARY KEY, v int, u int)",
            options: ["--mode", "incremental", "--cursor", "u", "--where", "t::text LIKE '%5%'"],
            refusal: ["as a whole", "--accept-unseen-changes"]
        ),
        MergeCase(
            name: "an operator of users",
            make: """
                CREATE TABLE t (id int PRIMARY KEY, v int, u int); CREATE FUNCTION f(int, int) RETURNS bool
                    LANGUAGE sql AS 'SELECT $1 < $2'; CREATE OPERATOR ## (FUNCTION = f, LEFTARG = int, RIGHTARG = int)
                """,
            options: ["--mode", "incremental", "--cursor", "u", "--where", "id ## 1"],
            refusal: ["##", "--accept-unseen-changes"]
        ),
        MergeCase(
            name: "another policy reads its values again",
            make: """
                CREATE TABLE t (id int PRIMARY KEY, v date, u int);
                INSERT INTO t VALUES (1, 'infinity', 1), (2, '2024-01-01', 1)
                """,
            laterOptions: ["--policy", "v=clamp"],
            columns: "id, v IS NULL AS v",
            expected: [["1", "False"], ["2", "False"]]
        ),
        MergeCase(
            name: "appended keys are compared by what they are, whatever the settings",
            make: """
                CREATE TABLE base (k timestamptz PRIMARY KEY, v int, u int);
                INSERT INTO base VALUES ('2024-01-01 00:00Z', 1, 1), ('2024-01-01 01:00Z', 2, 1);
                CREATE VIEW t AS SELECT k, v, u FROM base
                """,
            options: [
                "--mode", "incremental", "--cursor", "u", "--primary-key", "k", "--on-conflict",
                "append",
            ],
            change: """
                DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = %L', current_database(), 'Asia/Tokyo'); END $$;
                INSERT INTO base VALUES ('2024-01-01 02:00Z', 3, 1)
                """,
            columns: "v",
            order: "1"
        ),
        MergeCase(
            name: "appended rows of one key are not told apart",
            make: """
                CREATE TABLE base (k int, v int, u int); INSERT INTO base VALUES (1, 1, 1);
                CREATE VIEW t AS SELECT k, v, u FROM base
                """,
            options: [
                "--mode", "incremental", "--cursor", "u", "--primary-key", "k", "--on-conflict",
                "append",
            ],
            change: "INSERT INTO base VALUES (1, 2, 1), (2, 3, 2)",
            refusal: ["several rows have the same", "--primary-key"]
        ),
        MergeCase(
            name: "a text takes no lookback",
            make:
                "CREATE TABLE t (id int PRIMARY KEY, v int, u text); INSERT INTO t VALUES (1, 1, 'a')",
            options: ["--mode", "incremental", "--cursor", "u", "--lookback", "10"],
            refusal: ["leave it out"]
        ),
        MergeCase(
            name: "a lookback ends where the numbers do",
            make:
                "CREATE TABLE t (id int PRIMARY KEY, v int, u int); INSERT INTO t VALUES (1, 1, -2147483648)",
            options: ["--mode", "incremental", "--cursor", "u", "--lookback", "10"],
            change: "UPDATE t SET v = 2"
        ),
        MergeCase(
            name: "a lookback has the cursor's own sort",
            make: "CREATE TABLE t (id int PRIMARY KEY, v int, u int)",
            options: ["--mode", "incremental", "--cursor", "u", "--lookback", "1h"],
            refusal: ["without a unit"]
        ),
    ]

    @Test(arguments: keys + conditions)
    func `what is equal at the source is one row in the lake`(example: MergeCase) async throws {
        try await PostgresDatabase.withNew { database in
            try await Lake.withNew { lake in
                try await example.check(
                    source: database.url,
                    stream: "public.t",
                    lake: lake,
                    separator: "|"
                ) { try await database.run($0) }
            }
        }
    }
}
