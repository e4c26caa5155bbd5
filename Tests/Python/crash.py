"""Runs the real program with a fault at every step that can be named, and compares each table it
publishes with its source, row by row.

    crash.py --seed 1 --cases 300 [--workers 2] [--postgres URL] [--mariadb URL]
    crash.py --replay CASE_SEED [--verbose]
    crash.py --list

A case is a table, a lake and one to four attempts at a sync, each with one fault; between attempts
the source may change. After each attempt the published table has to be readable and equal to what
was published before or to the source; after an attempt that says it succeeded, to the source. At
the end one attempt without a fault has to succeed. Everything a case does follows from its seed,
except for the moments of signals that are sent from outside.

The program is TRIBUTARY_BINARY or .build/release/tributary. What it cannot do yet (by its --help)
is left out.
"""

import argparse
import dataclasses
import fnmatch
import functools
import glob
import hashlib
import io
import json
import multiprocessing
import os
import queue
import random
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
from collections import Counter

import cut_proxy
import others
import private_server
from faults import built_shim

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# Where every case lands its table.
NAMESPACE, TABLE = "crash", "t"
# An attempt takes a fifth of a second where nothing else runs; one that takes this long hangs.
DEADLINE = 240.0
# How long an attempt may wait for one that is stopped before it counts as blocked by it.
PATIENCE = 10.0
PUBLISHING = ("link", "rename")


class Violation(Exception):
    """Something that must never be."""


# What a case counts that is no violation, but worth knowing.
NOTABLE = ("hint behind a success", "published, but said it failed", "older rows published over newer",
           "blocked by a stopped one", "mixed", "mixed results", "files left")


# MARK: The program


class Program:
    """The binary, and what it can do."""

    def __init__(self):
        self.path = os.environ.get("TRIBUTARY_BINARY") or os.path.join(ROOT, ".build/release/tributary")
        if not os.access(self.path, os.X_OK):
            raise SystemExit(f"{self.path} is no program; set TRIBUTARY_BINARY")
        self.sync_help = self.help("sync")
        self.has_runs = bool(re.search(r"^  ledger\s", self.help(), re.M))
        self.clean_help = self.help("ledger", "clean") if self.has_runs else ""
        self.statuses = self.documented_statuses()

    def help(self, *command):
        return subprocess.run([self.path, *command, "--help"], capture_output=True, text=True,
                              check=True).stdout

    def can(self, option):
        return re.search(rf"^\s+(-\w, )?{option}\b", self.sync_help, re.M) is not None

    @functools.cached_property
    def is_incremental(self):
        return all(self.can(o) for o in ("--mode", "--cursor", "--primary-key", "--on-conflict"))

    @staticmethod
    def documented_statuses():
        with open(os.path.join(ROOT, "docs/cli.md")) as file:
            section = file.read().split("## Exit statuses")[1].split("\n## ")[0]
        return {int(found) for found in re.findall(r"^\| (\d+) \|", section, re.M)}


# MARK: Contents


def arrow():
    """pyarrow, which takes a second to load: the main process does not need it."""
    import pyarrow
    return pyarrow


def canonical(table):
    """The rows of an Arrow table in one order and with one type per kind of value, all exact."""
    pa = arrow()
    columns = []
    for column in table.columns:
        kind = column.type
        if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
            column = column.cast(pa.int64())
        elif pa.types.is_float64(kind):
            # By their bits: NaN and minus zero are values like others.
            column = pa.chunked_array([c.view(pa.int64()) for c in column.chunks], pa.int64())
        elif pa.types.is_timestamp(kind):
            if kind.unit != "us":
                raise Violation(f"a time of {kind}")
            column = pa.chunked_array([c.view(pa.int64()) for c in column.chunks], pa.int64())
        elif pa.types.is_decimal(kind):
            column = column.cast(pa.decimal128(38, kind.scale))
        else:
            column = column.cast(pa.string())
        columns.append(column)
    table = pa.Table.from_arrays(columns, names=table.column_names)
    return table.sort_by([(name, "ascending") for name in table.column_names])


def difference(found, expected, whose):
    """How two contents differ, in a few words."""
    if found.column_names != expected.column_names:
        return f"columns {found.column_names}, {whose} has {expected.column_names}"
    ours, theirs = (Counter(zip(*(c.to_pylist() for c in t.columns))) for t in (found, expected))
    lost, extra = theirs - ours, ours - theirs
    words = f"{found.num_rows} rows, {whose} has {expected.num_rows}: {lost.total()} lost"
    if lost:
        words += f" (as {next(iter(lost))!r:.150})"
    words += f", {extra.total()} that are not there"
    if extra:
        sample = next(iter(extra))
        words += f" (as {sample!r:.150}{', a second time' if sample in theirs else ''})"
    return words


# MARK: Sources

PG_COLUMNS = """id bigint{key}, word text NOT NULL, part float8, amount numeric(12,2), at timestamptz,
    flag boolean, note text, updated_at timestamptz NOT NULL"""
# {0} is the number of a row.
PG_VALUES = """{0}, md5(({0})::text) || md5(({0} + 1)::text), ({0}) / 7.0::float8,
    (({0}) % 100000 / 100.0)::numeric(12,2), timestamptz '2024-01-01Z' + ({0}) * interval '1.000001 s',
    ({0}) % 3 = 0, CASE WHEN ({0}) % 5 = 0 THEN NULL WHEN ({0}) % 7 = 0 THEN ''
    ELSE 'a "note", and' || chr(10) || 'more of it ' || ({0}) END,
    timestamptz '2024-06-01Z' + ({0}) / 100 * interval '1 s'"""
OLD_ROWS = 400
# Tables of fewer rows are read by one connection whatever --parallel says.
SEVERAL_LANES = 50_000


@dataclasses.dataclass(frozen=True)
class Kind:
    """A shape of source tables, and how often it comes."""

    name: str
    rows: int
    weight: int
    has_key: bool = True
    server: str | None = "postgres"


KINDS = {kind.name: kind for kind in (
    Kind("heap", 75_000, 30),  # above 8 MiB: two connections read it
    Kind("small", 3_000, 30),
    Kind("partitioned", 70_000, 14),
    Kind("keyless", 20_000, 11, has_key=False),
    Kind("sqlite", 25_000, 15, server=None),
    Kind("mariadb", 56_000, 18, server="mariadb"),
)}


class PostgresSource:
    """One database of a worker: the shared tables of all kinds, and tables of single cases."""

    def __init__(self, url, name):
        import psycopg2
        self.psycopg2 = psycopg2
        self.url, self.name = url, name
        self.cached = {}
        with_admin(url, f'CREATE DATABASE "{name}"')
        self.connection = psycopg2.connect(self.database_url())
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.run("SET lock_timeout = '3s'; SET timezone = 'UTC'")
        for kind in KINDS.values():
            if kind.server == "postgres":
                self.make(f"shared_{kind.name}", kind, kind.rows)
                self.make(f"old_{kind.name}", kind, OLD_ROWS)

    def close(self):
        self.connection.close()
        with_admin(self.url, f'DROP DATABASE "{self.name}" WITH (FORCE)')

    def run(self, sql):
        self.cursor.execute(sql)

    def settle(self):
        """Waits until every transaction is over that began before this moment."""
        self.run("SELECT txid_current()")
        written = self.cursor.fetchone()[0]
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            self.run("SELECT txid_snapshot_xmin(txid_current_snapshot())")
            if self.cursor.fetchone()[0] > written:
                return
            time.sleep(0.005)
        raise RuntimeError("a transaction stays open")

    def database_url(self, host=None, port=None, tls=None):
        parts = urllib.parse.urlsplit(self.url)
        login = parts.netloc.rpartition("@")[0]
        place = f"{host or parts.hostname}:{port or parts.port or 5432}"
        query = {True: "sslmode=require", False: "sslmode=disable", None: parts.query}[tls]
        return urllib.parse.urlunsplit(parts._replace(
            netloc=f"{login}@{place}" if login else place, path="/" + self.name, query=query))

    def make(self, table, kind, rows, copying=None):
        key = " PRIMARY KEY" if kind.has_key else ""
        tail = " PARTITION BY RANGE (id)" if kind.name == "partitioned" else ""
        self.run(f"CREATE TABLE {table} ({PG_COLUMNS.format(key=key)}){tail}")
        leaves = [table]
        if kind.name == "partitioned":
            step = kind.rows // 3
            leaves = [f"{table}_{i}" for i in range(3)] + [f"{table}_rest"]
            for i in range(3):
                self.run(f"CREATE TABLE {table}_{i} PARTITION OF {table}"
                         f" FOR VALUES FROM ({i * step}) TO ({(i + 1) * step})")
            self.run(f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT")
        for leaf in leaves:
            # Cases say themselves when their tables are vacuumed.
            self.run(f"ALTER TABLE {leaf} SET (autovacuum_enabled = off)")
        self.fill(table, kind, rows, copying)

    def fill(self, table, kind, rows, copying=None, condition="true"):
        if copying:
            self.run(f"INSERT INTO {table} SELECT * FROM {copying} WHERE {condition}")
        else:
            number = "i" if kind.has_key else "(i / 3)"
            self.run(f"INSERT INTO {table} SELECT {PG_VALUES.format(number)}"
                     f" FROM generate_series(1, {rows}) i")

    def drop(self, table):
        # A backend whose client was killed a moment ago may still hold its lock.
        for _ in range(20):
            try:
                return self.run(f"DROP TABLE IF EXISTS {table}")
            except self.psycopg2.errors.LockNotAvailable:
                self.end_readers()
        raise RuntimeError(f"{table} stays locked")

    def end_readers(self):
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                 " WHERE datname = current_database() AND pid <> pg_backend_pid()")

    def content(self, table):
        """All rows, as Arrow. Kept for the tables that never change."""
        if table in self.cached:
            return self.cached[table]
        pa = arrow()
        import pyarrow.csv
        self.run(f"SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
                 f" WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
                 f" ORDER BY attnum")
        # How a value is asked for so that its text is exact, and what it is then.
        forms = {
            "bigint": ("{}", pa.int64()), "integer": ("{}", pa.int64()),
            "boolean": ("{}::int", pa.int64()), "text": ("{}", pa.string()),
            "double precision": ("{}", pa.float64()), "numeric": ("{}", pa.decimal128(12, 2)),
            "timestamp with time zone": ("(extract(epoch from {}) * 1000000)::bigint", pa.int64()),
        }
        names, asked, types = [], [], {}
        for name, kind in self.cursor.fetchall():
            form, types[name] = forms[kind]
            names.append(name)
            asked.append(form.format(name))
        buffer = io.BytesIO()
        self.cursor.copy_expert(
            f"COPY (SELECT {', '.join(asked)} FROM {table}) TO STDOUT (FORMAT csv)", buffer)
        if buffer.tell():
            read = pa.csv.read_csv(
                pa.py_buffer(buffer.getvalue()),
                read_options=pa.csv.ReadOptions(column_names=names),
                parse_options=pa.csv.ParseOptions(newlines_in_values=True),
                convert_options=pa.csv.ConvertOptions(
                    column_types=types, null_values=[""], strings_can_be_null=True,
                    quoted_strings_can_be_null=False))
        else:
            read = pa.table({name: pa.array([], types[name]) for name in names})
        content = canonical(read)
        if table.startswith("shared_"):
            self.cached[table] = content
        return content

    def change(self, rng, table, kind, incremental, held):
        """Changes a table in one of many ways and says how. `held`: somebody reads it now."""
        new = rng.randrange(1_000_000, 900_000_000)
        part = rng.choice([2, 10, 100, 1000])
        rest = rng.randrange(part)
        hit = f"(id % {part}) = {rest}" if kind.has_key else f"abs(hashtext(word)) % {part} = {rest}"
        stamp = "updated_at = clock_timestamp()"
        ways = {
            "insert": lambda: self.run(
                f"INSERT INTO {table} (id, word, note, updated_at) SELECT {new} + i, md5(i::text),"
                f" 'new', clock_timestamp() FROM generate_series(1, {rng.randrange(1, 500)}) i"),
        }
        if incremental != "append":
            ways["update"] = lambda: self.run(
                f"UPDATE {table} SET note = 'updated {new}', {stamp} WHERE {hit}")
            ways["update in a subtransaction"] = lambda: self.run(
                f"BEGIN; SAVEPOINT s; UPDATE {table} SET word = word || '+', {stamp} WHERE {hit};"
                f" RELEASE s; SAVEPOINT s; UPDATE {table} SET word = '-', {stamp} WHERE {hit};"
                f" ROLLBACK TO s; COMMIT")
        if incremental is None:
            ways["delete"] = lambda: self.run(f"DELETE FROM {table} WHERE {hit}")
            if kind.has_key:
                ways["move"] = lambda: self.run(
                    f"UPDATE {table} SET id = id + {new} WHERE id < 1000000 AND {hit}")
            ways["delete and insert as many"] = lambda: self.delete_and_insert(table, hit, new, held)
        if not held:
            if kind.name == "partitioned":
                ways["VACUUM FULL of a partition"] = lambda: self.run(f"VACUUM FULL {table}_1")
            ways["VACUUM FULL"] = lambda: self.run(f"VACUUM FULL {table}")
            ways["ADD COLUMN"] = lambda: self.run(
                f"ALTER TABLE {table} ADD COLUMN more_{new} integer"
                + ("" if incremental else rng.choice(["", " DEFAULT 7"])))
            if incremental is None:
                ways["TRUNCATE and fill"] = lambda: self.truncate_and_fill(table, kind, new)
        way = rng.choice(sorted(ways))
        for _ in range(5):
            try:
                ways[way]()
                return way
            except self.psycopg2.errors.LockNotAvailable:
                if held:
                    return "nothing"
                self.end_readers()
        raise RuntimeError(f"{table} stays locked against {way}")

    def delete_and_insert(self, table, hit, new, held):
        """As many rows as before, in the same pages where VACUUM can free them."""
        self.run(f"DELETE FROM {table} WHERE {hit}")
        count = self.cursor.rowcount
        if not held:
            self.run(f"VACUUM {table}")
        self.run(f"INSERT INTO {table} (id, word, note, updated_at) SELECT {new} + i, md5(i::text),"
                 f" 'in its place', clock_timestamp() FROM generate_series(1, {count}) i")

    def truncate_and_fill(self, table, kind, new):
        names = [c.split()[0] for c in PG_COLUMNS.replace("(12,2)", "").split(",")]
        self.run(f"BEGIN; TRUNCATE {table}; INSERT INTO {table} ({', '.join(names)})"
                 f" SELECT * FROM shared_{kind.name} WHERE id % 3 = {new % 3}; COMMIT")


def with_admin(url, sql):
    import psycopg2
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        connection.cursor().execute(sql)
    finally:
        connection.close()


class MariaDBSource:
    """One database of a worker: the shared table, and tables of single cases."""

    COLUMNS = """id bigint PRIMARY KEY, word varchar(200) NOT NULL, part double, amount decimal(12,2),
        at datetime(6), flag boolean, note text, updated_at datetime(6) NOT NULL"""
    # Of the number `seq` of a row.
    VALUES = """seq, concat(md5(seq), md5(seq + 1), md5(seq + 2), md5(seq + 3)), seq / 7e0, seq % 100000 / 100,
        timestamp'2024-01-01 00:00:00' + interval seq * 1000001 microsecond, seq % 3 = 0,
        CASE WHEN seq % 5 = 0 THEN NULL WHEN seq % 7 = 0 THEN '' ELSE concat('a "note", and\\nmore ', seq) END,
        timestamp'2024-06-01 00:00:00' + interval seq DIV 100 second"""

    def __init__(self, url, name):
        import pymysql
        self.pymysql = pymysql
        self.url, self.name = url, name
        self.cached = {}
        place = urllib.parse.urlsplit(url)
        self.connection = pymysql.connect(
            host=place.hostname, port=place.port, user=urllib.parse.unquote(place.username),
            password=urllib.parse.unquote(place.password), autocommit=True, charset="utf8mb4")
        self.cursor = self.connection.cursor()
        self.run(f"CREATE DATABASE {name}", f"USE {name}", "SET time_zone = '+00:00', lock_wait_timeout = 3")
        for table, rows in (("shared_mariadb", KINDS["mariadb"].rows), ("old_mariadb", OLD_ROWS)):
            self.run(f"CREATE TABLE {table} ({self.COLUMNS})",
                     f"INSERT INTO {table} SELECT {self.VALUES} FROM seq_1_to_{rows}", f"ANALYZE TABLE {table}")

    def close(self):
        self.run(f"DROP DATABASE {self.name}")
        self.connection.close()

    def run(self, *statements):
        for statement in statements:
            self.cursor.execute(statement)

    def settle(self):
        """A cursor waits for nobody."""

    def database_url(self, host=None, port=None, tls=None):
        parts = urllib.parse.urlsplit(self.url)
        login = parts.netloc.rpartition("@")[0]
        query = {True: "ssl-mode=required", False: "ssl-mode=disabled", None: ""}[tls]
        return urllib.parse.urlunsplit(parts._replace(
            netloc=f"{login}@{host or parts.hostname}:{port or parts.port}", path="/" + self.name, query=query))

    def make(self, table, kind, rows, copying=None):
        self.run(f"CREATE TABLE {table} ({self.COLUMNS})", f"INSERT INTO {table} SELECT * FROM {copying}",
                 f"ANALYZE TABLE {table}")

    def drop(self, table):
        for _ in range(20):
            try:
                return self.run(f"DROP TABLE IF EXISTS {table}")
            except self.pymysql.err.OperationalError:
                # A session whose client was killed a moment ago may still hold its lock.
                self.end_readers()
        raise RuntimeError(f"{table} stays locked")

    def end_readers(self):
        self.run("SELECT id FROM information_schema.processlist"
                 f" WHERE db = '{self.name}' AND id <> connection_id()")
        for (number,) in self.cursor.fetchall():
            try:
                self.run(f"KILL {number}")
            except self.pymysql.err.OperationalError:
                pass  # It has ended by itself.

    def content(self, table):
        if table in self.cached:
            return self.cached[table]
        pa = arrow()
        self.run(f"SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = '{self.name}'"
                 f" AND table_name = '{table}' ORDER BY ordinal_position")
        # How a value is asked for so that it is exact, and what it is then.
        forms = {"bigint": ("{}", pa.int64()), "int": ("{}", pa.int64()), "tinyint": ("{}", pa.int64()),
                 "varchar": ("{}", pa.string()), "text": ("{}", pa.string()), "double": ("{}", pa.float64()),
                 "decimal": ("{}", pa.decimal128(12, 2)),
                 "datetime": ("timestampdiff(microsecond, '1970-01-01', {})", pa.int64())}
        columns = [(name, *forms[kind]) for name, kind in self.cursor.fetchall()]
        self.run(f"SELECT {', '.join(form.format(name) for name, form, _ in columns)} FROM {table}")
        values = list(zip(*self.cursor.fetchall())) or [()] * len(columns)
        content = canonical(pa.table({
            name: pa.array(found, kind) for (name, _, kind), found in zip(columns, values)}))
        if table.startswith("shared_"):
            self.cached[table] = content
        return content

    def change(self, rng, table, kind, incremental, held):
        """Changes a table in one of many ways and says how. `held`: somebody reads it now."""
        new = rng.randrange(1_000_000, 900_000_000)
        part = rng.choice([2, 10, 100, 1000])
        hit = f"id % {part} = {rng.randrange(part)}"
        stamp = "updated_at = now(6)"
        ways = {"insert": [
            f"INSERT INTO {table} (id, word, note, updated_at) SELECT {new} + seq, md5(seq), 'new', now(6)"
            f" FROM seq_1_to_{rng.randrange(1, 500)}"]}
        if incremental != "append":
            ways["update"] = [f"UPDATE {table} SET note = 'updated {new}', {stamp} WHERE {hit}"]
            ways["update in two transactions"] = [
                "BEGIN", f"UPDATE {table} SET word = concat(word, '+'), {stamp} WHERE {hit}", "COMMIT", "BEGIN",
                f"UPDATE {table} SET word = '-', {stamp} WHERE {hit}", "ROLLBACK"]
        if incremental is None:
            ways["delete"] = [f"DELETE FROM {table} WHERE {hit}"]
            ways["move"] = [f"UPDATE {table} SET id = id + {new} WHERE id < 1000000 AND {hit}"]
        if not held:
            ways["ADD COLUMN"] = [f"ALTER TABLE {table} ADD COLUMN more_{new} int"
                                  + ("" if incremental == "append" else rng.choice(["", " DEFAULT 7"]))]
            ways["rebuild"] = [f"ALTER TABLE {table} FORCE"]
            if incremental is None:
                ways["TRUNCATE and fill"] = [
                    f"TRUNCATE {table}",
                    f"INSERT INTO {table} (id, word, part, amount, at, flag, note, updated_at)"
                    f" SELECT * FROM shared_mariadb WHERE id % 3 = {new % 3}"]
        way = rng.choice(sorted(ways))
        for _ in range(5):
            try:
                self.run(*ways[way])
                return way
            except self.pymysql.err.OperationalError:
                if held:
                    return "nothing"
                self.end_readers()
        raise RuntimeError(f"{table} stays locked against {way}")


class SQLiteSource:
    """One file of a worker with the shared tables; a case that changes its table has a file."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "shared.db")
        self.cached = {}
        with sqlite3.connect(self.path) as connection:
            for table, rows in (("shared_sqlite", KINDS["sqlite"].rows), ("old_sqlite", OLD_ROWS)):
                connection.execute(
                    f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, word TEXT NOT NULL, part REAL,"
                    f" note TEXT, updated_at INTEGER NOT NULL)")
                connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", (
                    (i, hashlib.md5(str(i).encode()).hexdigest() * 3, i / 7.0,
                     None if i % 5 == 0 else "" if i % 7 == 0 else f"a \"note\" {i}", 1_700_000_000 + i)
                    for i in range(1, rows + 1)))
        connection.close()

    def content(self, path, table):
        if path == self.path and table in self.cached:
            return self.cached[table]
        pa = arrow()
        connection = sqlite3.connect(path)
        rows = connection.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in rows.description]
        columns = list(zip(*rows.fetchall())) or [()] * len(names)
        connection.close()
        texts, reals = {"word", "note"}, {"part"}
        content = canonical(pa.table({
            name: pa.array(values, pa.string() if name in texts else
                           pa.float64() if name in reals else pa.int64())
            for name, values in zip(names, columns)}))
        if path == self.path:
            self.cached[table] = content
        return content

    def change(self, rng, path, table, incremental):
        new = rng.randrange(1_000_000, 900_000_000)
        part = rng.choice([2, 10, 100, 1000])
        hit = f"id % {part} = {rng.randrange(part)}"
        stamp = time.time_ns()  # behind every row there is
        insert = (f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <"
                  f" {rng.randrange(2, 500)}) INSERT INTO {table} (id, word, note, updated_at)"
                  f" SELECT {new} + i, 'word ' || i, 'new', {stamp} FROM n")
        ways = {"insert": insert}
        if incremental != "append":
            ways["update"] = f"UPDATE {table} SET note = 'updated', updated_at = {stamp} WHERE {hit}"
        if incremental is None:
            ways["delete"] = f"DELETE FROM {table} WHERE {hit}"
            ways["move"] = f"UPDATE {table} SET id = id + {new} WHERE id < 1000000 AND {hit}"
            ways["delete and fill"] = (
                f"DELETE FROM {table}; INSERT INTO {table} (id, word, part, note, updated_at)"
                f" SELECT * FROM shared.shared_sqlite WHERE id % 3 = {new % 3}")
        ways["VACUUM"] = "VACUUM"
        ways["ADD COLUMN"] = f"ALTER TABLE {table} ADD COLUMN more_{new} INTEGER"
        way = rng.choice(sorted(ways))
        connection = sqlite3.connect(path, isolation_level=None, timeout=1)
        try:
            connection.execute("ATTACH ? AS shared", (self.path,))
            if way == "VACUUM":
                connection.execute("VACUUM main")
            else:
                connection.executescript(f"BEGIN; {ways[way]}; COMMIT")
        except sqlite3.OperationalError as error:
            # A stopped reader holds the file.
            if "locked" not in str(error):
                raise
            return "nothing"
        finally:
            connection.close()
        return way


# MARK: The lake


class LakeTable:
    """The one table of a case's lake, as readers find it."""

    def __init__(self, lake):
        self.lake = lake
        self.location = os.path.join(lake, "warehouse", NAMESPACE, TABLE)
        self.metadata = os.path.join(self.location, "metadata")

    def path(self, version):
        return os.path.join(self.metadata, f"v{version}.metadata.json")

    def versions(self):
        try:
            names = os.listdir(self.metadata)
        except FileNotFoundError:
            return []
        found = (re.fullmatch(r"v(\d+)\.metadata\.json", name) for name in names)
        return sorted(int(match[1]) for match in found if match)

    def hint(self):
        try:
            with open(os.path.join(self.metadata, "version-hint.text")) as file:
                return int(file.read())
        except FileNotFoundError:
            return None

    def open(self, version):
        from pyiceberg.table import StaticTable
        return StaticTable.from_metadata(self.path(version))

    def read(self, version):
        """The rows of a version, and what may not change about its files as long as it is there."""
        table = self.open(version)
        if table.current_snapshot() is None:
            return None, ()
        return canonical(table.scan().to_arrow()), self.marks(table)

    def marks(self, table):
        """The files of the current snapshot with what would show that one was touched."""
        snapshot = table.current_snapshot()
        paths = [table.metadata_location, snapshot.manifest_list]
        for manifest in snapshot.manifests(table.io):
            paths.append(manifest.manifest_path)
            paths += [entry.data_file.file_path
                      for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)]
        return tuple(self.mark(path.removeprefix("file://")) for path in paths)

    @staticmethod
    def mark(path):
        status = os.stat(path)
        return path, status.st_ino, status.st_size, status.st_mtime_ns

    def named_files(self, version):
        """All data files that a kept snapshot names, by path."""
        table = self.open(version)
        named = set()
        for snapshot in table.snapshots():
            for manifest in snapshot.manifests(table.io):
                for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
                    named.add(entry.data_file.file_path.removeprefix("file://"))
        return named

    def data_files(self):
        found = glob.glob(os.path.join(glob.escape(self.location), "data", "**"), recursive=True)
        return {path for path in found if os.path.isfile(path)}


# MARK: Steps and faults


def normalised(target):
    """A target as a pattern that also fits it in another run."""
    parts = []
    for part in target.split("/"):
        if parts == ["_staging"] and part != "lock":
            part = "*"
        part = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "*", part)
        part = re.sub(r"\d+", "*", part)
        parts.append(re.sub(r"\*[-*]*\*", "*", part))
    return "/".join(parts)


@dataclasses.dataclass(frozen=True)
class Step:
    op: str
    pattern: str
    nth: int
    total: int  # how many of this pattern there are

    def __str__(self):
        return f"{self.op}:{self.pattern}:{self.nth}"


def steps_of(lines):
    """The steps of a log, each by what finds it again."""
    seen = [tuple(line.split(" ", 2)[1:]) for line in lines if not line.startswith("!")]
    counts, totals, found = Counter(), {}, []
    for op, target in seen:
        pattern = normalised(target)
        if (op, pattern) not in totals:
            totals[op, pattern] = sum(
                o == op and fnmatch.fnmatchcase(t, pattern) for o, t in seen)
        for (other_op, other) in totals:
            if other_op == op and fnmatch.fnmatchcase(target, other):
                counts[other_op, other] += 1
        found.append((op, pattern, counts[op, pattern]))
    return [Step(op, pattern, nth, totals[op, pattern]) for op, pattern, nth in found]


@dataclasses.dataclass
class Fault:
    kind: str  # what the summary counts it as
    text: str = ""  # for the library in the program
    moment: float | None = None  # when a signal comes from outside
    signal: int = 0
    cut: object = None

    def __str__(self):
        if self.cut is not None:
            return f"{self.kind}: {self.cut}"
        if self.moment is not None:
            return f"{self.kind} after {self.moment * 1000:.0f} ms"
        return f"{self.kind}: {self.text}"


@dataclasses.dataclass
class Profile:
    """What a run without a fault does."""

    steps: list
    seconds: float
    bytes: dict


FAULT_WEIGHTS = {
    "kill": 24, "eio": 9, "eio-after": 12, "disk full": 9, "delay": 4, "kill at a moment": 10,
    "stop": 12, "cut": 12, "stall": 3, "interrupt": 3, "interrupt at a moment": 2,
}


def chosen(rng, weights):
    names = sorted(weights)
    return rng.choices(names, [weights[name] for name in names])[0]


# MARK: One worker


class Worker:
    def __init__(self, settings, number):
        self.settings = settings
        self.folder = os.path.join(settings.folder, f"worker-{number}")
        os.makedirs(self.folder)
        self.program = Program()
        self.postgres = None
        if settings.postgres:
            self.postgres = PostgresSource(settings.postgres, f"{settings.database}_{number}")
        self.mariadb = None
        if settings.mariadb:
            self.mariadb = MariaDBSource(settings.mariadb, f"{settings.database}_{number}")
        self.sqlite = SQLiteSource(self.folder)
        self.profiles = {}
        self.folders = 0
        password = urllib.parse.urlsplit(settings.postgres or settings.mariadb or "").password
        self.secret = urllib.parse.unquote(password) if password else None

    def close(self):
        for server in (self.postgres, self.mariadb):
            if server:
                server.close()

    def serves(self, kind):
        return kind.server is None or getattr(self, kind.server) is not None

    def new_folder(self, name):
        self.folders += 1
        folder = os.path.join(self.folder, f"{self.folders}-{name}")
        os.makedirs(folder)
        return folder

    def profile(self, setup, parallel, before):
        """The steps of a run like the one that comes; the same for all cases of one kind.

        `before` says what there is already: nothing, folders, or a published table.
        """
        if setup.kind.rows < SEVERAL_LANES:
            parallel = 1
        key = (setup.kind.name, setup.incremental, setup.checkpoints, parallel, before)
        if key not in self.profiles:
            setup = dataclasses.replace(setup, changing=setup.incremental is not None, tls=False)
            case = Case(self, setup, random.Random(str(key)), self.new_folder("profile"))
            try:
                self.profiles[key] = case.clean_run(parallel, before)
            finally:
                case.remove()
        return self.profiles[key]


@dataclasses.dataclass(frozen=True)
class Setup:
    """What a case syncs, and how."""

    kind: Kind
    changing: bool  # the source changes between the attempts
    incremental: str | None  # None, "append" or "merge"
    checkpoints: tuple  # options
    tls: bool

    @staticmethod
    def choose(rng, program, serves):
        kinds = {k.name: k.weight for k in KINDS.values() if serves(k)}
        kind = KINDS[chosen(rng, kinds)]
        changing = rng.random() < 0.45
        incremental = None
        if program.is_incremental and kind.has_key and rng.random() < 0.35:
            incremental, changing = rng.choice(["append", "merge"]), True
        checkpoints = ()
        if program.can("--checkpoint-bytes") and rng.random() < 0.7:
            checkpoints = ("--checkpoint-bytes", "1")
        elif program.can("--checkpoint-interval") and rng.random() < 0.5:
            checkpoints = ("--checkpoint-interval", "1s")
        return Setup(kind, changing, incremental, checkpoints,
                     kind.name != "sqlite" and rng.random() < 0.2)

    def __str__(self):
        words = [self.kind.name]
        words += ["changing"] if self.changing else []
        words += ["incremental " + self.incremental] if self.incremental else []
        words += [" ".join(self.checkpoints)] if self.checkpoints else []
        words += ["tls"] if self.tls else []
        return ", ".join(words)


class Attempt:
    """One started program."""

    def __init__(self, case, label, parallel, fault=None, options=(), cut=None, proxied=False):
        self.case, self.label = case, label
        self.prefix = os.path.join(case.folder, f"attempt-{label}")
        self.proxy = None
        self.hit = False
        if proxied and case.setup.kind.name != "sqlite":
            place = urllib.parse.urlsplit(case.server.url)
            self.proxy = cut_proxy.CutProxy(place.hostname, place.port or 5432, cut).__enter__()
        environment = dict(
            os.environ, LD_PRELOAD=case.worker.settings.shim, TRIBUTARY_FAULT_ROOT=case.lake,
            TRIBUTARY_FAULT_LOG=self.prefix + ".steps", TRIBUTARY_FAULTS=fault.text if fault else "")
        address = case.address(self.proxy)
        arguments = [case.worker.program.path, "sync", "--json", "--quiet", "--lake", case.lake,
                     "--source", address, "--into", f"{NAMESPACE}.{TABLE}",
                     "--stream", case.stream, "--parallel", str(parallel), *case.options(address), *options]
        self.start = time.monotonic()
        with open(self.prefix + ".out", "w") as out, open(self.prefix + ".err", "w") as err:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err, env=environment)
        self.ended = os.pidfd_open(self.process.pid)

    def wait(self, seconds):
        """Waits for the end; false when it has not come in time."""
        if not select.select([self.ended], [], [], max(0, seconds))[0]:
            return False
        self.seconds = time.monotonic() - self.start
        self.process.wait()
        return True

    def wait_for_stop(self):
        """Waits until the program stopped itself; false when it came to its end instead."""
        limit = time.monotonic() + DEADLINE
        while time.monotonic() < limit:
            state = os.waitid(os.P_PID, self.process.pid,
                              os.WEXITED | os.WSTOPPED | os.WNOHANG | os.WNOWAIT)
            if state is None:
                time.sleep(0.003)
            elif state.si_code == os.CLD_STOPPED:
                return True
            else:
                self.wait(DEADLINE)
                return False
        raise self.hangs()

    def hangs(self):
        return Violation(f"attempt {self.label} has not ended after {DEADLINE:.0f} s")

    def close(self):
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()
        if self.ended is not None:
            os.close(self.ended)
            self.ended = None
        if self.proxy is not None:
            self.proxy.__exit__()
            self.proxy = None

    def text(self, kind):
        try:
            with open(f"{self.prefix}.{kind}", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    @property
    def log(self):
        return self.text("steps").splitlines()

    def has_fault_in_log(self):
        return any(line.startswith("!") for line in self.log)

    def check_end(self, signals=()):
        """What every end has to be like: a documented status, no secret, an honest report."""
        status, said = self.process.returncode, self.text("err")
        secret = self.case.worker.secret
        if secret and (secret in said or secret in self.text("out")):
            raise Violation(f"attempt {self.label} printed the password")
        if status < 0 and -status in signals:
            return
        if status not in self.case.worker.program.statuses:
            raise Violation(f"attempt {self.label} ended with the undocumented status {status}: "
                            f"{said[-500:].strip()}")
        if status == 0:
            self.report = json.loads(self.text("out"))

    def words(self):
        said = self.text("err").strip()
        return f"status {self.process.returncode}" + (f": {said[-300:]}" if said else "")


class Case:
    """One table, one lake, and what is known of them."""

    def __init__(self, worker, setup, rng, folder):
        self.worker, self.setup, self.rng, self.folder = worker, setup, rng, folder
        self.lake = os.path.join(folder, "lake")
        self.table = LakeTable(self.lake)
        self.counts = Counter()
        self.trail = []
        self.living = []
        self.published = None  # the rows readers see
        self.others = None  # the version with rows of another stream
        self.version = 0  # the newest version that was looked at
        self.marks = ()
        self.source_now = None
        self.path = worker.sqlite.path
        self.stream = self.shared = f"shared_{setup.kind.name}"
        if setup.changing:
            self.stream = f"case_{worker.folders}"
            self.make_source()

    # MARK: The source

    @property
    def is_sqlite(self):
        return self.setup.kind.server is None

    @property
    def server(self):
        """The server the table is on."""
        return getattr(self.worker, self.setup.kind.server)

    def make_source(self):
        if self.is_sqlite:
            self.path = os.path.join(self.folder, "source.db")
            shutil.copyfile(self.worker.sqlite.path, self.path)
            connection = sqlite3.connect(self.path)
            connection.execute(f"ALTER TABLE {self.shared} RENAME TO {self.stream}")
            connection.close()
        else:
            self.server.make(self.stream, self.setup.kind, 0, copying=self.shared)
            self.settle()

    def settle(self):
        """An append leaves rows to its next run while transactions that began before them go on, as
        those of the other worker do."""
        if self.setup.incremental == "append" and not self.is_sqlite:
            self.server.settle()

    def address(self, proxy):
        if self.is_sqlite:
            return "sqlite:" + self.path
        if proxy is not None:
            return self.server.database_url("127.0.0.1", proxy.port, self.setup.tls)
        return self.server.database_url(tls=self.setup.tls)

    def options(self, address):
        options = list(self.setup.checkpoints)
        if self.replaces_others(address):
            options.append("--restart")
        if self.setup.incremental and self.stream != f"old_{self.setup.kind.name}":
            options += ["--mode", "incremental", "--cursor", "updated_at", "--primary-key", "id",
                        "--on-conflict", self.setup.incremental]
        return options

    def replaces_others(self, address):
        """Whether a run has to ask for the rows of another stream to go: one that resumes does not."""
        if self.others is None or self.others not in self.table.versions()[-1:]:
            return False
        folder = self.newest_run()
        if folder is None or self.has_ended(folder):
            return True
        # What was asked for at one address does not count at another.
        with open(os.path.join(folder, "0.json")) as file:
            place = json.load(file)["event"]["begun"]["source"].split("://", 1)[1]
        return place not in address

    def source(self):
        """The rows of the source as it is now."""
        if self.source_now is None:
            if self.is_sqlite:
                self.source_now = self.worker.sqlite.content(self.path, self.stream)
            else:
                self.source_now = self.server.content(self.stream)
        return self.source_now

    def change(self, held=False):
        if self.is_sqlite:
            way = self.worker.sqlite.change(self.rng, self.path, self.stream, self.setup.incremental)
        else:
            way = self.server.change(
                self.rng, self.stream, self.setup.kind, self.setup.incremental, held)
            self.settle()
        self.source_now = None
        self.trail.append(way)
        self.counts["changes"] += 1

    def remove(self):
        for attempt in self.living:
            attempt.close()
        if self.setup.changing and not self.is_sqlite:
            self.server.drop(self.stream)
        shutil.rmtree(self.folder)

    # MARK: Checks

    def look(self, exact=False, earlier=()):
        """The table is what was published last or the source as it is now; `exact`: the latter.

        `earlier` holds rows that a running attempt read before the source changed.
        """
        versions = self.table.versions()
        if self.version and self.version not in versions:
            raise Violation(f"v{self.version}.metadata.json was published and is gone")
        for version in versions:
            if version > self.version:
                self.look_at_new(version, earlier)
        if self.version and not self.is_as_it_was():
            found = self.reading(self.version)[0]
            if not self.same(found, self.published):
                raise Violation(f"v{self.version} changed: "
                                + difference(found, self.published, "it before"))
        hint = self.table.hint()
        if hint is not None and hint not in versions:
            raise Violation(f"the hint names version {hint}, there are {versions}")
        if exact:
            self.look_at_success(hint)
        return bool(versions)

    def look_at_success(self, hint):
        if self.published is None:
            raise Violation("an attempt succeeded and there is no table")
        if not self.same(self.published, self.source()) and not self.is_mixed(self.version):
            raise Violation(f"an attempt succeeded; v{self.version} has "
                            + difference(self.published, self.source(), "the source"))
        if hint != self.version:
            # Engines open the table by the hint; ours looks upward from it.
            self.counts["hint behind a success"] += 1

    def reading(self, version):
        try:
            return self.table.read(version)
        except Violation:
            raise
        except Exception as error:
            raise Violation(f"v{version} cannot be read: {error!r:.400}")

    def look_at_new(self, version, earlier):
        found, marks = self.reading(version)
        if found is None and self.published is not None:
            raise Violation(f"v{version} has no snapshot, the version before had one")
        if found is not None and not self.same(found, self.published):
            if self.same(found, self.source()):
                self.counts["publications"] += 1
            elif any(self.same(found, other) for other in earlier):
                self.counts["publications"] += 1
                self.counts["older rows published over newer"] += 1
            elif self.is_mixed(version):
                self.counts["mixed"] += 1
            else:
                words = difference(found, self.source(), "the source")
                if self.published is not None:
                    words += "; " + difference(found, self.published, "the table before")
                raise Violation(f"v{version} has {words}")
        self.published, self.version, self.marks = found, version, marks

    def is_mixed(self, version):
        """Whether the snapshot itself says that it is of several states of the source."""
        summary = self.table.open(version).current_snapshot().summary
        return "mixed" in dict(summary.additional_properties).values()

    @staticmethod
    def same(left, right):
        return left is right or (left is not None and right is not None and left.equals(right))

    def is_as_it_was(self):
        try:
            return all(self.table.mark(mark[0]) == mark for mark in self.marks)
        except OSError:
            return False

    # MARK: Attempts

    def begin(self, *arguments, **named):
        attempt = Attempt(self, len(self.living) + 1, *arguments, **named)
        self.living.append(attempt)
        return attempt

    def succeed(self, parallel, options=(), proxied=False):
        attempt = self.begin(parallel, options=options, proxied=proxied)
        if not attempt.wait(DEADLINE):
            raise attempt.hangs()
        attempt.check_end()
        if attempt.process.returncode != 0:
            raise Violation(f"an attempt without a fault failed, {attempt.words()}")
        self.note_resume(attempt)
        return attempt

    def publish_first(self):
        """What readers have before the first fault: other rows than those to come."""
        if self.setup.changing:
            self.succeed(2)
            self.look(exact=True)
            self.change()
        else:
            stream, self.stream = self.stream, f"old_{self.setup.kind.name}"
            self.source_now = None
            self.succeed(1)
            self.look(exact=True)
            self.others = self.version
            self.stream, self.source_now = stream, None

    def before(self):
        """What the next attempt finds: it makes other steps where folders are missing."""
        if self.version:
            return ("published",)
        return tuple(name for name in ("data", "metadata")
                     if os.path.isdir(os.path.join(self.table.location, name)))

    def clean_run(self, parallel, before):
        """A run without a fault, for what there is to be broken."""
        if before == ("published",):
            self.publish_first()
        else:
            for name in before:
                os.makedirs(os.path.join(self.table.location, name))
        # A change may hold nothing that is new to an incremental read: then there is no commit.
        for _ in range(10):
            attempt = self.succeed(parallel, proxied=True)
            counts = dict(attempt.proxy.counts) if attempt.proxy else {}
            attempt.close()
            self.look(exact=True)
            steps = steps_of(attempt.log)
            if any(s.op == "link" and s.pattern.endswith("metadata.json") for s in steps):
                break
            self.change()
        else:
            raise RuntimeError(f"the log of steps names no commit; is faults.c in force? {steps}")
        return Profile(steps, attempt.seconds, counts)

    def choose_step(self, profile, later, ops=None):
        steps = [s for s in profile.steps if ops is None or s.op in ops]
        named = [s for s in steps if s.op in PUBLISHING]
        step = self.rng.choice(named if named and self.rng.random() < 0.5 else steps)
        if later and self.worker.program.has_runs and step.total > 1:
            # What an earlier attempt has done is not done again: early ones are the sure ones.
            nth = 1 + int(self.rng.random() ** 2 * step.total * 0.7)
            step = dataclasses.replace(step, nth=nth)
        return step

    def choose_fault(self, profile, later):
        rng = self.rng
        weights = dict(FAULT_WEIGHTS)
        if self.is_sqlite:
            del weights["cut"], weights["stall"]
        kind = chosen(rng, weights)
        if kind in ("cut", "stall"):
            direction = rng.choice([cut_proxy.DOWN, cut_proxy.DOWN, cut_proxy.UP])
            share = rng.random() * 0.9
            after = int(profile.bytes[direction] * (share ** 2 if later else share))
            action = "stall" if kind == "stall" else rng.choice(["close", "reset"])
            return Fault(kind, cut=cut_proxy.Cut(
                direction, after, action, rng.uniform(0.05, 0.3), rng.random() < 0.4))
        if kind.endswith("at a moment"):
            number = signal.SIGKILL if kind.startswith("kill") else rng.choice(
                [signal.SIGINT, signal.SIGTERM])
            share = rng.random() * 0.85
            return Fault(kind, moment=profile.seconds * (share ** 2 if later else share),
                         signal=number)
        when = rng.choice(["before", "after"])
        if kind == "disk full":
            step = self.choose_step(profile, later, ("open", "write", "fsync", "link", "mkdir"))
            action = "torn" if step.op == "write" and rng.random() < 0.5 else "enospc"
            # A disk that is full stays so, or somebody makes room.
            lasting = "+" if rng.random() < 0.6 else ""
            text = f"{step}{lasting}:before:{action}"
            if lasting and action == "torn":
                text += ";write:*:1+:after:enospc"
            return Fault(kind, text=text)
        step = self.choose_step(profile, later)
        if kind == "eio":
            text = f"{step}{rng.choice(['', '', '+'])}:before:eio"
        elif kind == "eio-after":
            text = f"{step}:after:eio-after"
        elif kind == "delay":
            text = f"{step}:{when}:delay={rng.randrange(20, 300)}"
        elif kind == "interrupt":
            text = f"{step}:{when}:{rng.choice(['int', 'term'])}"
        else:
            text = f"{step}:{when}:{kind}"
        return Fault(kind, text=text)

    def attempt_with(self, fault, parallel):
        """One attempt with one fault, and the checks after it."""
        self.trail.append(str(fault))
        self.counts["attempts"] += 1
        self.counts["fault " + fault.kind] += 1
        attempt = self.begin(parallel, fault, cut=fault.cut, proxied=fault.cut is not None)
        if fault.kind == "stop":
            return self.go_on_beside(attempt, parallel)
        signals = ()
        if fault.moment is not None:
            attempt.hit = not attempt.wait(fault.moment)
            if attempt.hit:
                attempt.process.send_signal(fault.signal)
                # SIGINT ends a program by itself as long as it does not listen for it yet.
                signals = (fault.signal,)
        if not attempt.wait(DEADLINE):
            raise attempt.hangs()
        fired = attempt.has_fault_in_log() if fault.text else False
        attempt.hit = attempt.hit or fired or bool(attempt.proxy and attempt.proxy.fired)
        if fault.kind == "kill" and fired:
            signals = (signal.SIGKILL,)
            if attempt.process.returncode != -signal.SIGKILL:
                raise RuntimeError(f"the program outlived SIGKILL: {attempt.words()}")
        elif fault.kind == "interrupt" and fired:
            signals = (signal.SIGINT, signal.SIGTERM)
        self.finish(attempt, fault, signals)
        return None

    def finish(self, attempt, fault, signals):
        attempt.check_end(signals)
        attempt.close()
        status = attempt.process.returncode
        self.note(attempt, fault.kind)
        before = self.version
        self.look(exact=status == 0)
        if status > 0 and self.version > before:
            # Nobody loses by it, but somebody is told that nothing was published.
            self.counts["published, but said it failed"] += 1

    def note(self, attempt, kind):
        status = attempt.process.returncode
        self.counts["kills" if status == -signal.SIGKILL else "ends"] += 1
        self.counts[f"status {kind} {status}"] += 1
        self.trail.append(attempt.words() if self.worker.settings.verbose else f"status {status}")
        if not attempt.hit:
            self.counts["missed " + kind] += 1
        if status == 0:
            self.note_resume(attempt)

    def note_resume(self, attempt):
        for stream in attempt.report.get("streams", ()):
            if any(value for key, value in stream.items() if "resum" in key):
                self.counts["resumes"] += 1
            if stream.get("consistency") == "mixed":
                self.counts["mixed results"] += 1

    # MARK: A stopped attempt and one that takes over

    def go_on_beside(self, stopped, parallel):
        stopped.hit = stopped.wait_for_stop()
        if not stopped.hit:
            self.finish(stopped, Fault("stop"), ())
            return
        self.look()
        earlier = []
        if self.setup.changing and self.rng.random() < 0.5:
            # What the stopped one read is what the source was.
            earlier.append(self.source())
            self.change(held=True)
        takes_over = self.worker.program.can("--take-over")
        second = self.begin(parallel, options=("--take-over",) if takes_over else ())
        self.counts["attempts"] += 1
        version = None
        if not second.wait(PATIENCE):
            self.counts["blocked by a stopped one"] += 1
            self.trail.append("blocked")
            if takes_over:
                raise Violation(f"a stopped attempt blocks another one for {PATIENCE:.0f} s")
            earlier.append(self.source())
        else:
            second.check_end()
            self.trail.append(f"second: status {second.process.returncode}")
            self.look(exact=second.process.returncode == 0, earlier=earlier)
            if second.process.returncode == 0:
                self.note_resume(second)
                version = self.version
            elif takes_over:
                raise Violation(f"taking over failed, {second.words()}")
        woken = time.time() * 1000 - 1
        stopped.process.send_signal(signal.SIGCONT)
        for attempt in (stopped, second):
            if not attempt.wait(DEADLINE):
                raise attempt.hangs()
            attempt.check_end()
        self.note(stopped, "stop")
        self.look(earlier=earlier)
        if takes_over and version is not None and self.version != version and self.began() < woken:
            raise Violation(f"v{version} was published by an attempt that took over; the one that "
                            f"was stopped published v{self.version} upon it")
        for attempt in (stopped, second):
            attempt.close()

    def began(self):
        """When the newest run was begun: one that was stopped before it looked at the lake has missed
        nothing."""
        folder = os.path.join(self.lake, "_runs", NAMESPACE, TABLE)
        with open(os.path.join(folder, max(os.listdir(folder), key=int), "0.json")) as file:
            return json.load(file)["at"]

    # MARK: The whole case

    def run(self):
        rng = self.rng
        again = rng.random() < 0.6
        if again:
            self.publish_first()
        for number in range(rng.choice([1, 1, 2, 2, 3, 4])):
            if number > 0 and self.setup.changing and rng.random() < 0.7:
                self.change()
            if number > 0 and rng.random() < 0.25:
                self.by_others()
            parallel = 1 if self.is_sqlite else rng.randrange(1, 4)
            profile = self.worker.profile(self.setup, parallel, self.before())
            self.attempt_with(self.choose_fault(profile, number > 0), parallel)
        if self.setup.changing and rng.random() < 0.5:
            self.change()
        self.trail.append("last")
        self.succeed(2)
        self.look(exact=True)
        if self.is_mixed(self.version):
            # One that resumed with an earlier snapshot says so; the next one starts again.
            self.succeed(2)
            self.look(exact=True)
            if self.is_mixed(self.version):
                raise Violation("a run that had nothing to resume says it is mixed")
        if self.table.hint() != self.version:
            raise Violation(f"the hint is {self.table.hint()} after v{self.version}")
        self.look_at_the_lake()

    def by_others(self):
        """Another program works on the table, or files of an unfinished run are lost: no row of the table is others'."""
        ways = []
        folder = self.newest_run()
        files = self.table.data_files() - (self.table.named_files(self.version) if self.version else set())
        if folder and files and not self.has_ended(folder):
            ways.append("file gone")
        # Rows of another stream are to be replaced as they were when that was asked for.
        if self.version and self.version != self.others:
            ways += ["rewrite", "expire"]
        if not ways:
            return
        way = self.rng.choice(ways)
        self.trail.append(f"others: {way}")
        self.counts[f"others {way}"] += 1
        if way == "file gone":
            os.remove(os.path.join(self.table.location, "data", self.rng.choice(sorted(files))))
            return
        others.commit(self.table.location, way)
        self.look()

    def newest_run(self):
        """The folder of the newest ledger; None where there is none."""
        runs = os.path.join(self.lake, "_runs", NAMESPACE, TABLE)
        numbers = [name for name in (os.listdir(runs) if os.path.isdir(runs) else []) if name.isdigit()]
        return os.path.join(runs, max(numbers, key=int)) if numbers else None

    @staticmethod
    def has_ended(folder):
        """Whether a ledger says that its run is over; one without a beginning is none."""
        entries = sorted((name for name in os.listdir(folder) if name.endswith(".json")), key=lambda n: int(n[:-5]))
        if not entries:
            return True
        with open(os.path.join(folder, entries[-1])) as file:
            event = json.load(file)["event"]
        return "published" in event or "abandoned" in event

    def look_at_the_lake(self):
        """The other commands agree, and nothing is left that nothing names."""
        tables = self.ask("dataset", "list")
        if f"{NAMESPACE}.{TABLE}" not in json.dumps(tables):
            raise Violation(f"dataset list does not name the table: {tables}")
        shown = self.ask("dataset", "show", f"{NAMESPACE}.{TABLE}")
        rows = [v for k, v in shown.items() if k in ("rows", "row_count")]
        if rows != [self.published.num_rows]:
            raise Violation(f"dataset show has rows {rows}, the table {self.published.num_rows}")
        named = self.table.named_files(self.version)
        lacking = named - self.table.data_files()
        if lacking:
            raise Violation(f"kept snapshots name files that are gone: {sorted(lacking)[:3]}")
        staged = [n for n in os.listdir(os.path.join(self.lake, "_staging")) if n != "lock"]
        if staged:
            raise Violation(f"files of dead attempts are left in _staging: {staged[:3]}")
        self.look_for_secret()
        left = self.table.data_files() - named
        self.counts["files left"] += len(left)
        if self.worker.program.has_runs:
            if left:
                self.clean()
            left = self.table.data_files() - named
            if left:
                raise Violation(f"{len(left)} data files are left that nothing names: "
                                f"{[os.path.basename(path) for path in sorted(left)[:3]]}")
            self.look(exact=True)

    def look_for_secret(self):
        """Nothing that is written beside the rows holds the password."""
        if not self.worker.secret:
            return
        for folder, _, names in os.walk(self.lake):
            for name in names:
                if name.endswith(".parquet"):
                    continue
                with open(os.path.join(folder, name), "rb") as file:
                    if self.worker.secret.encode() in file.read():
                        raise Violation(f"{os.path.join(folder, name)} holds the password")

    def clean(self):
        options = [o for o in ("--yes", "--force") if o in self.worker.program.clean_help]
        done = subprocess.run(
            [self.worker.program.path, "ledger", "clean", "--lake", self.lake, *options],
            capture_output=True, text=True, timeout=DEADLINE)
        if done.returncode != 0:
            raise Violation(f"ledger clean failed with {done.returncode}: {done.stderr[-300:]}")

    def ask(self, *command):
        done = subprocess.run([self.worker.program.path, *command, "--lake", self.lake, "--json"],
                              capture_output=True, text=True, timeout=DEADLINE)
        if done.returncode != 0:
            raise Violation(f"{' '.join(command)} failed: {done.stderr[-300:]}")
        return json.loads(done.stdout)


# MARK: All cases


@dataclasses.dataclass
class Settings:
    folder: str
    shim: str
    postgres: str | None
    mariadb: str | None
    database: str
    verbose: bool
    only: str | None = None


def case_seed(seed, number):
    return int.from_bytes(hashlib.sha256(f"{seed}/{number}".encode()).digest()[:6], "big")


def run_case(worker, seed):
    """One case; what it counted, and what it found, if anything."""
    rng = random.Random(seed)
    setup = Setup.choose(rng, worker.program, worker.serves)
    case = Case(worker, setup, rng, worker.new_folder(f"case-{seed}"))
    found = None
    try:
        case.run()
    except Violation as violation:
        found = f"VIOLATION {violation}"
    except Exception:
        found = "HARNESS " + traceback.format_exc(limit=-4)
    story = f"{setup} | " + " -> ".join(case.trail)
    if found is None:
        case.remove()
    else:
        for attempt in case.living:
            attempt.close()
        found = f"case seed {seed}: {found} | {story} | {case.folder}"
    if worker.settings.verbose:
        notes = "".join(f" [{name}]" for name in NOTABLE if case.counts[name])
        print(f"{seed}:{notes} {story}", file=sys.stderr, flush=True)
    return case.counts, found


def work(settings, number, seeds, results):
    """The body of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = Worker(settings, number)
    try:
        while (seed := seeds.get()) is not None:
            results.put(run_case(worker, seed))
    except BaseException:
        results.put((Counter(), "HARNESS " + traceback.format_exc()))
        raise
    finally:
        worker.close()
        results.put(None)


def run_all(settings, seeds, workers):
    context = multiprocessing.get_context("spawn")
    waiting, results = context.Queue(), context.Queue()
    for seed in seeds:
        waiting.put(seed)
    processes = []
    for number in range(workers):
        waiting.put(None)
        process = context.Process(target=work, args=(settings, number, waiting, results))
        process.start()
        processes.append(process)
    counts, failures, done, running = Counter(), 0, 0, workers
    # A runner that ends its tests early does it with SIGTERM.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    while running:
        try:
            result = results.get(timeout=5)
        except queue.Empty:
            # A worker that was killed says nothing more.
            running = sum(process.is_alive() for process in processes)
            continue
        except KeyboardInterrupt:
            print("ending after the cases that run", file=sys.stderr, flush=True)
            while True:
                try:
                    waiting.get_nowait()
                except queue.Empty:
                    break
            for _ in range(workers):
                waiting.put(None)
            continue
        if result is None:
            running -= 1
            continue
        done += 1
        counts += result[0]
        if result[1]:
            failures += 1
            print(result[1], flush=True)
    for process in processes:
        process.join()
        if process.exitcode:
            failures += 1
            print(f"HARNESS a worker ended with {process.exitcode}", flush=True)
    return counts, failures, done


def summary(counts, failures, done, seconds, seed):
    faults = {k.removeprefix("fault "): v for k, v in counts.items() if k.startswith("fault ")}
    missed = sum(v for k, v in counts.items() if k.startswith("missed "))
    by_kind = ", ".join(
        f"{kind} {count}" + (f" ({counts['missed ' + kind]} missed)" if counts["missed " + kind] else "")
        for kind, count in sorted(faults.items()))
    total = sum(faults.values())
    others = "".join(f"; {name}: {counts[name]}" for name in NOTABLE if counts[name])
    return (f"{done} cases, {failures} failed, {counts['attempts']} attempts with {total} faults, "
            f"{missed} missed ({100 * missed / max(1, total):.1f} %), {counts['kills']} kills, "
            f"{counts['resumes']} resumes, {counts['changes']} changes of the source, "
            f"{counts['publications']} publications; {by_kind}{others}; "
            f"{seconds:.0f} s, {60 * done / seconds:.0f} cases per minute; seed {seed}")


def list_steps(settings):
    """Prints the steps of runs without a fault."""
    worker = Worker(settings, 0)
    try:
        for kind in KINDS.values():
            if not worker.serves(kind):
                continue
            checkpoints = ("--checkpoint-bytes", "1") if worker.program.can("--checkpoint-bytes") else ()
            modes = [None] + (["append", "merge"] if worker.program.is_incremental and kind.has_key else [])
            for mode in modes:
                setup = Setup(kind, mode is not None, mode, checkpoints, False)
                for before in ((), ("published",)):
                    profile = worker.profile(setup, 2, before)
                    print(f"# {setup}, {'again' if before else 'first'}: {len(profile.steps)} steps, "
                          f"{profile.seconds:.2f} s, {profile.bytes or 'no connection'}")
                    for step in profile.steps:
                        print(f"{step}  (of {step.total})")
    finally:
        worker.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, help="all cases follow from it; default: a new one")
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--replay", type=int, metavar="CASE_SEED", help="run this case alone")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--postgres", metavar="URL", help="a server; default: one of its own")
    parser.add_argument("--mariadb", metavar="URL", help="the same")
    parser.add_argument("--list", action="store_true", help="print the steps that can be named")
    parser.add_argument("--verbose", action="store_true", help="tell what each case did")
    parser.add_argument("--folder", help="where to work; default: a temporary folder")
    options = parser.parse_args()
    if options.postgres or options.mariadb:
        return attack(options)
    # Transactions of others would keep rows from an append until the next run.
    with private_server.Server(tls="on") as postgres, private_server.MariaDB() as mariadb:
        options.postgres, options.mariadb = postgres.url, mariadb.url
        attack(options)


def attack(options):
    folder = os.path.realpath(tempfile.mkdtemp(prefix="tributary-crash-", dir=options.folder))
    settings = Settings(folder, built_shim(folder), options.postgres, options.mariadb, f"crash_{os.getpid()}",
                        options.verbose)
    if options.list:
        list_steps(settings)
        shutil.rmtree(folder)
        return
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    if options.replay is not None:
        seeds, options.workers, seed = [options.replay], 1, f"of the case {options.replay}"
    else:
        seeds = [case_seed(seed, number) for number in range(options.cases)]
        print(f"crash.py --seed {seed} --cases {options.cases}", file=sys.stderr, flush=True)
    start = time.monotonic()
    counts, failures, done = run_all(settings, seeds, options.workers)
    print(summary(counts, failures, done, time.monotonic() - start, seed))
    if options.verbose:
        for key, count in sorted(counts.items()):
            print(f"  {key}: {count}", file=sys.stderr)
    if failures:
        raise SystemExit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
