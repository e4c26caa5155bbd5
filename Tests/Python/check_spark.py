"""What Spark does to tables, and what the next sync makes of it (make check-spark).

Runs inside of Spark, whose session is `spark`: check_spark.py TRIBUTARY LAKE [CASE…]. Each case is one thing
that Spark does to a table of ours, between two runs of a full refresh, an append and a merge. After the second
run the table has to hold, row by row, what it held before with what was new at the source; Spark reads it.
"""

import json
import os
import sqlite3
import subprocess
import sys
import traceback

INCREMENTAL = ["--mode", "incremental", "--cursor", "u", "--on-conflict"]
MODES = {"full": [], "append": [*INCREMENTAL, "append"], "merge": [*INCREMENTAL, "merge"]}
MERGE = """MERGE INTO {t} AS old USING (SELECT id, concat(v, ' merged') AS v, u FROM {t} WHERE id % 5 = 0
    UNION ALL SELECT 100000L, 'inserted', 1L) AS new ON old.id = new.id
    WHEN MATCHED THEN UPDATE SET v = new.v WHEN NOT MATCHED THEN INSERT (id, v, u) VALUES (new.id, new.v, new.u)"""
MODIFY = "ALTER TABLE {t} SET TBLPROPERTIES ('write.merge.mode'='%s', 'write.update.mode'='%s', 'write.delete.mode'='%s')"
ON_READ, ON_WRITE = MODIFY % (("merge-on-read",) * 3), MODIFY % (("copy-on-write",) * 3)
REWRITE = "CALL lake.system.rewrite_data_files(table => '{t}', options => map('rewrite-all', 'true'))"
EXPIRE = "CALL lake.system.expire_snapshots(table => '{t}', older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => 1)"

# What Spark does: its statements, whose `{t}` is the table.
CASES = {
    "append": ["INSERT INTO {t} VALUES (100001, 'spark', 5), (100002, NULL, NULL)"],
    "delete": [ON_WRITE, "DELETE FROM {t} WHERE id % 7 = 0"],
    "delete on read": [ON_READ, "DELETE FROM {t} WHERE id % 7 = 0"],
    "update": [ON_WRITE, "UPDATE {t} SET v = 'spark' WHERE id % 3 = 0"],
    "update on read": [ON_READ, "UPDATE {t} SET v = 'spark' WHERE id % 3 = 0"],
    "merge": [ON_WRITE, MERGE],
    "merge on read": [ON_READ, MERGE],
    "rewrite": [REWRITE],
    "rewrite manifests": ["INSERT INTO {t} VALUES (100001, 'spark', 5)", "CALL lake.system.rewrite_manifests('{t}')"],
    "rewrite deletes": [ON_READ, "DELETE FROM {t} WHERE id % 7 = 0", "DELETE FROM {t} WHERE id % 7 = 1",
                        "CALL lake.system.rewrite_position_delete_files(table => '{t}',"
                        " options => map('rewrite-all', 'true'))"],
    "expire": [EXPIRE],
    "rewrite and expire": [ON_READ, "DELETE FROM {t} WHERE id % 7 = 0", REWRITE, EXPIRE],
    "orphans": ["CALL lake.system.remove_orphan_files(table => '{t}')"],
    "branch and tag": ["ALTER TABLE {t} CREATE BRANCH side", "ALTER TABLE {t} CREATE TAG then",
                       "INSERT INTO {t}.branch_side VALUES (100001, 'beside', 5)"],
    "column added": ["ALTER TABLE {t} ADD COLUMN extra int", "INSERT INTO {t} VALUES (100001, 'spark', 5, 9)"],
    "column commented": ["ALTER TABLE {t} ALTER COLUMN v COMMENT 'said by others'"],
    "columns moved": ["ALTER TABLE {t} ALTER COLUMN u FIRST"],
    "gzip": ["ALTER TABLE {t} SET TBLPROPERTIES ('write.metadata.compression-codec'='gzip')",
             "INSERT INTO {t} VALUES (100001, 'spark', 5)"],
    "replaced": ["CREATE OR REPLACE TABLE {t} USING iceberg AS SELECT id, v, u FROM {t} WHERE id < 50"],
}
# Rows of others that nobody asked to replace. A full refresh replaces those of its own stream's table.
REFUSED = {("replaced", "append"), ("replaced", "merge")}


class Wrong(Exception):
    pass


class Case:
    def __init__(self, program, lake, name, mode):
        self.program, self.lake, self.name, self.mode = program, lake, name, mode
        self.table = f"c.{name.replace(' ', '_')}_{mode}"
        self.path = os.path.join(lake, "..", self.table + ".db")
        self.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, u INTEGER)",
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
                 " INSERT INTO t SELECT i, 'row ' || i, i FROM n")

    def run(self, *statements):
        with sqlite3.connect(self.path) as database:
            for statement in statements:
                database.execute(statement)
        database.close()

    def source(self, condition="true"):
        with sqlite3.connect(self.path) as database:
            return database.execute(f"SELECT id, v, u FROM t WHERE {condition}").fetchall()

    def rows(self):
        spark.catalog.clearCache()
        spark.sql(f"REFRESH TABLE {self.table}")
        return [tuple(row) for row in spark.sql(f"SELECT id, v, u FROM {self.table}").collect()]

    def sync(self, *options, succeeds=True):
        done = subprocess.run(
            [self.program, "sync", "--source", f"sqlite:{self.path}", "--stream", "t", "--into", self.table, "--lake",
             self.lake, "--json", *MODES[self.mode], *options], capture_output=True, text=True)
        if (done.returncode == 0) != succeeds:
            raise Wrong(f"status {done.returncode}: {done.stderr[-600:]}")
        return json.loads(done.stdout)["streams"][0]

    def check(self):
        self.sync()
        for statement in CASES[self.name]:
            spark.sql(statement.format(t=self.table))
        before = self.rows()
        if self.mode != "append":
            self.run("UPDATE t SET v = 'changed', u = 500 + id WHERE id % 11 = 0", "DELETE FROM t WHERE id = 13")
        self.run("INSERT INTO t VALUES (301, 'new', 1001), (302, 'new', 1002)")
        if (self.name, self.mode) in REFUSED:
            refused = self.sync(succeeds=False)["error"]["message"]
            if "--restart" not in refused or self.rows() != before:
                raise Wrong(f"not refused as it should be: {refused}")
            self.sync("--restart")
            return self.compare(self.source())
        result = self.sync()
        news = self.source("u > 300")
        if self.mode == "full":
            expected = self.source()
            if result["replaced_rows"] != len(before):
                raise Wrong(f"{result['replaced_rows']} rows are said to be replaced, there were {len(before)}")
        elif self.mode == "append":
            expected = before + news
        else:
            # What is at the highest value of the last run is read again: Spark may have changed it.
            news += self.source("u = 300")
            expected = list({row[0]: row for row in before + news}.values())
        self.compare(expected)

    def compare(self, expected):
        found, expected = sorted(self.rows(), key=repr), sorted(expected, key=repr)
        if found != expected:
            more = [row for row in found if row not in expected][:3]
            less = [row for row in expected if row not in found][:3]
            raise Wrong(f"{len(found)} rows, {len(expected)} were expected; too many {more}, missing {less}")


def main():
    program, lake, *names = sys.argv[1:]
    failed = 0
    for name in names or CASES:
        for mode in MODES:
            try:
                Case(program, lake, name, mode).check()
                print(f"{name}, {mode}: holds", flush=True)
            except Exception as error:
                failed += 1
                said = error if isinstance(error, Wrong) else traceback.format_exc(limit=3)[-900:]
                print(f"{name}, {mode}: WRONG: {said}", flush=True)
    print(f"check-spark: {failed} of {len(names or CASES) * len(MODES)} failed")
    sys.exit(1 if failed else 0)


main()
