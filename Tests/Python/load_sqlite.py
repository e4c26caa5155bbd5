"""What may happen to a SQLite file between two runs, one thing at a time."""

import os
import sqlite3

from lake_reader import open_table
from load_support import Lake, Violation, require


class File:
    """A database file, and a lake of one of its tables."""

    def __init__(self, *options, link=False):
        self.lake = Lake("sqlite:placeholder", "t", "--checkpoint-bytes", "1", *options)
        self.path = os.path.join(self.lake.folder, "source.db")
        shown = self.path
        if link:
            shown = os.path.join(self.lake.folder, "link.db")
            os.symlink(self.path, shown)
        self.lake.arguments[self.lake.arguments.index("sqlite:placeholder")] = f"sqlite:{shown}"
        self.connection = sqlite3.connect(self.path, isolation_level=None)

    def run(self, *statements):
        for statement in statements:
            rows = self.connection.execute(statement).fetchall()
        return rows

    def found(self, *columns):
        rows = open_table(self.lake.location).scan().to_arrow().to_pylist()
        return sorted((tuple(row[c] for c in columns) for row in rows), key=repr)

    def expect_equal(self, *columns):
        source = sorted(self.run(f"SELECT {', '.join(columns)} FROM t"), key=repr)
        require(self.found(*columns) == source, f"{self.found(*columns)[:5]}, the source has {source[:5]}")

    def close(self):
        self.connection.close()
        self.lake.__exit__()


def incremental(conflict, *options):
    return ("--mode", "incremental", "--cursor", "u", "--on-conflict", conflict, *options)


def half_a_key():
    file = File(*incremental("merge", "--columns", "a,v,u"))
    file.run("CREATE TABLE t (a int, b int, v text, u int, PRIMARY KEY (a, b))", "INSERT INTO t VALUES (1, 1, 'x', 1)")
    require("is not read with a column b" in file.lake.sync(fails=True), "half of a key merges nothing")
    return file


def another_key():
    file = File(*incremental("merge"))
    file.run("CREATE TABLE t (a text PRIMARY KEY, b text, u int)", "INSERT INTO t VALUES ('1', 'x', 1), ('2', 'y', 1)")
    file.lake.sync()
    file.run("INSERT INTO t VALUES ('3', 'z', 2)")
    require("primary key" in file.lake.sync("--primary-key", "b", fails=True), "another key was merged by")
    file.lake.sync()
    file.expect_equal("a", "b")
    return file


def type_grows():
    file = File(*incremental("merge"))
    file.run("CREATE TABLE t (a INTEGER PRIMARY KEY, price NUMERIC, u int)", "INSERT INTO t VALUES (1, 10, 1)")
    file.lake.sync()
    file.run("INSERT INTO t VALUES (2, 10.5, 2)")
    file.lake.sync()
    file.expect_equal("a", "price")
    return file


def column_with_default():
    file = File(*incremental("merge"))
    file.run("CREATE TABLE t (a INTEGER PRIMARY KEY, u int)", "INSERT INTO t VALUES (1, 1), (2, 1)")
    file.lake.sync()
    file.run("ALTER TABLE t ADD COLUMN plain int", "INSERT INTO t VALUES (3, 2, 9)")
    require(file.lake.sync()["rows"] == 3, "rows at the boundary and the new one")
    file.run("INSERT INTO t VALUES (4, 3, 9)")
    require(file.lake.sync()["rows"] == 2, "a column without a value had everything read again")
    file.run("ALTER TABLE t ADD COLUMN filled int DEFAULT 5")
    file.lake.sync()
    file.expect_equal("a", "plain", "filled")
    return file


def many_at_the_boundary():
    file = File(*incremental("append"))
    file.run("CREATE TABLE t (a int, b text, u int, PRIMARY KEY (a, b))", """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO t SELECT i, CASE WHEN i % 2 THEN 'x' END, 1 FROM n""")
    file.lake.sync()
    file.run("INSERT INTO t VALUES (5001, NULL, 1), (5002, 'it''s', 1)")
    require(file.lake.sync()["rows"] == 2, "rows at the boundary came twice")
    file.expect_equal("a", "b")
    return file


def without_a_key():
    file = File(*incremental("append"))
    file.run("CREATE TABLE t (a int, u int)", "INSERT INTO t VALUES (1, 1)")
    require("no key" in file.lake.sync(fails=True), "row ids are used again")
    return file


def other_rule():
    file = File(*incremental("merge"))
    file.run("CREATE TABLE t (a INTEGER PRIMARY KEY, u int)", "INSERT INTO t VALUES (1, 1)")
    file.lake.sync()
    require("--on-conflict merge" in file.lake.sync("--on-conflict", "append", fails=True), "rows come twice")
    return file


def behind_a_link():
    """The log lies beside the file, not beside the link."""
    file = File("--max-bytes-per-second", "2M", link=True)
    file.run("PRAGMA journal_mode = WAL", "CREATE TABLE t (a INTEGER PRIMARY KEY, v text)", """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
        INSERT INTO t SELECT i, hex(randomblob(40)) FROM n""", "PRAGMA wal_checkpoint(TRUNCATE)")
    require(file.lake.interrupted(2) is None, "the attempt ended before it was killed")
    file.run("UPDATE t SET v = 'new' WHERE a <= 1000")
    file.lake.sync()
    file.expect_equal("a", "v")
    return file


CASES = {
    "half-a-key": half_a_key, "another-key": another_key, "type-grows": type_grows,
    "column-with-default": column_with_default, "many-at-the-boundary": many_at_the_boundary,
    "without-a-key": without_a_key, "other-rule": other_rule, "behind-a-link": behind_a_link,
}


def run(names):
    failures = 0
    for name, case in CASES.items():
        if names and name not in names:
            continue
        try:
            case().close()
            print(f"{name}: holds", flush=True)
        except Violation as violation:
            failures += 1
            print(f"{name}: VIOLATION: {violation}", flush=True)
    return failures
