"""Loads the tables of one source and takes their figures; what is there already is left alone.

A process of its own: generating a large table takes memory that the runner must never have had.
The ledger of what is loaded lies in the database itself, so it cannot outlive the data.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from data import TABLES, Table
from engine import connect, literal
from figures import source_query

if TYPE_CHECKING:
    import duckdb

DATABASE = "bench"
LEDGER = "bench_ledger"


def say(message: str) -> None:
    print(f"bench: {message}", file=sys.stderr, flush=True)


class Rows:
    """Makes the rows of tables as CSV files, which both servers read by themselves."""

    def __init__(self, scale: float, work: str) -> None:
        self.scale = scale
        self.work = work
        self.connection: duckdb.DuckDBPyConnection | None = None
        self.has_tpch = False

    def write(self, table: Table) -> str:
        """The path of a CSV file with a table's rows."""
        path = os.path.join(self.work, f"{table.name}.csv")
        connection = self.open(table.tpch)
        query = table.rows_sql(self.scale)
        # An empty text is written in quotes; only a null is this bare word.
        connection.execute(
            f"COPY ({query}) TO {literal(path)} (FORMAT csv, HEADER false, NULLSTR 'NULL')"
        )
        return path

    def open(self, needs_tpch: bool) -> duckdb.DuckDBPyConnection:
        if self.connection is None:
            # On disk: at a large scale the generator's tables do not fit into memory.
            path = os.path.join(self.work, "generator.duckdb")
            for leftover in (path, path + ".wal"):
                if os.path.exists(leftover):
                    os.unlink(leftover)
            self.connection = connect(("tpch",), path)
        if needs_tpch and not self.has_tpch:
            self.connection.execute(f"CALL dbgen(sf={self.scale!r})")
            self.has_tpch = True
        return self.connection


class Server(Protocol):
    """What loading asks of a source."""

    def ledger(self, name: str) -> tuple[str, str] | None:
        """The digest and the figures of a loaded table."""

    def fill(self, table: Table, path: str) -> None:
        """Creates a table anew with the rows of a CSV file, in the state it is measured in."""

    def figures(self, table: Table) -> list[str | None]:
        """The figures of a loaded table."""

    def size(self, table: Table) -> int:
        """The bytes a table takes in the source."""

    def record(self, name: str, digest: str, figures: str) -> None:
        """Writes a table into the ledger."""

    def version(self) -> str:
        """The server's version."""


class Postgres:
    def __init__(self, url: str) -> None:
        import psycopg2

        admin = psycopg2.connect(url)
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(f"create database {DATABASE}")
        admin.close()
        # A worker that happens to clean up would be counted as the contender's; scripts/servers
        # writes the settings anew at each start, so nothing of this stays.
        self.connection = psycopg2.connect(url, dbname=DATABASE)
        self.connection.autocommit = True
        self.run("alter system set autovacuum = off")
        self.run("select pg_reload_conf()")
        # In a schema of its own: tools that read a whole schema must not find it.
        self.run(
            "create schema if not exists ledger;"
            f"create table if not exists ledger.{LEDGER}"
            "(name text primary key, digest text not null, figures text not null)"
        )

    def run(self, sql: str, *values: Any) -> Any:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchone() if cursor.description else None

    def ledger(self, name: str) -> tuple[str, str] | None:
        found = self.run(f"select digest, figures from ledger.{LEDGER} where name = %s", name)
        return None if found is None else (found[0], found[1])

    def fill(self, table: Table, path: str) -> None:
        self.run(f"delete from ledger.{LEDGER} where name = %s", table.name)
        with self.connection.cursor() as cursor, open(path, "rb") as rows:
            cursor.execute(f"drop table if exists {table.name}")
            cursor.execute(table.ddl("postgres"))
            cursor.copy_expert(f"copy {table.name} from stdin (format csv, null 'NULL')", rows)
        # All rows visible and frozen: a first reader would else pay for hint bits.
        self.run(f"vacuum (freeze, analyze) {table.name}")
        self.run("checkpoint")

    def figures(self, table: Table) -> list[str | None]:
        query = source_query(table.columns, table.name, "postgres")
        return [None if value is None else str(value) for value in self.run(query)]

    def size(self, table: Table) -> int:
        return int(self.run("select pg_table_size(%s::regclass)", table.name)[0])

    def record(self, name: str, digest: str, figures: str) -> None:
        self.run(f"insert into ledger.{LEDGER} values (%s, %s, %s)", name, digest, figures)
        self.run("checkpoint")

    def version(self) -> str:
        words = str(self.run("show server_version")[0])
        return "PostgreSQL " + words.split(" ")[0]


class MariaDB:
    def __init__(self, url: str) -> None:
        import pymysql

        parts = urlsplit(url)
        self.connection = pymysql.connect(
            host=parts.hostname,
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            charset="utf8mb4",
            autocommit=True,
            local_infile=True,
        )
        # The ledger lies in a database of its own: tools that read a whole one must not find it.
        for sql in (
            f"create database if not exists {DATABASE} character set utf8mb4",
            f"create database if not exists {LEDGER} character set utf8mb4",
            f"create table if not exists {LEDGER}.loaded"
            "(name varchar(64) primary key, digest text not null, figures longtext not null)",
            f"use {DATABASE}",
            # Dates and numbers that do not fit are errors, not something near.
            "set sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
            "set time_zone = '+00:00'",
        ):
            self.run(sql)

    def run(self, sql: str, *values: Any) -> Any:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchone() if cursor.description else None

    def ledger(self, name: str) -> tuple[str, str] | None:
        found = self.run(f"select digest, figures from {LEDGER}.loaded where name = %s", name)
        return None if found is None else (found[0], found[1])

    def fill(self, table: Table, path: str) -> None:
        self.run(f"delete from {LEDGER}.loaded where name = %s", table.name)
        self.run(f"drop table if exists {table.name}")
        self.run(table.ddl("mariadb"))
        # MariaDB reads true and false of a CSV file as text, not as numbers.
        columns, sets = [], []
        for column in table.columns:
            if column.kind == "bool":
                columns.append(f"@{column.name}")
                sets.append(f"{column.name} = if(@{column.name} is null, null, @{column.name} = 'true')")
            else:
                columns.append(column.name)
        tail = f" set {', '.join(sets)}" if sets else ""
        self.run(
            f"load data local infile {literal(path)} into table {table.name} character set utf8mb4 "
            "fields terminated by ',' optionally enclosed by '\"' escaped by '' "
            f"lines terminated by '\\n' ({', '.join(columns)}){tail}"
        )
        with self.connection.cursor() as cursor:
            cursor.execute("show warnings")
            warning = cursor.fetchone()
        if warning is not None:
            raise SystemExit(f"bench: MariaDB changed a value of {table.name} while loading: {warning}")
        self.run(f"analyze table {table.name}")

    def figures(self, table: Table) -> list[str | None]:
        query = source_query(table.columns, table.name, "mariadb")
        return [None if value is None else str(value) for value in self.run(query)]

    def size(self, table: Table) -> int:
        sql = "select data_length from information_schema.tables where table_schema=%s and table_name=%s"
        return int(self.run(sql, DATABASE, table.name)[0])

    def record(self, name: str, digest: str, figures: str) -> None:
        self.run(f"insert into {LEDGER}.loaded values (%s, %s, %s)", name, digest, figures)

    def version(self) -> str:
        found = re.match(r"[0-9.]+", str(self.run("select version()")[0]))
        return "MariaDB " + (found.group() if found else "of unknown version")


def load(server: Server, source: str, tables: list[Table], scale: float, work: str) -> dict[str, Any]:
    """Brings a source to the state the benchmark needs; answers with figures and sizes."""
    import duckdb

    rows = Rows(scale, work)
    answer: dict[str, Any] = {"version": server.version(), "tables": {}}
    for table in tables:
        digest = table.definition(source, scale, duckdb.__version__)
        known = server.ledger(table.name)
        if known is None or known[0] != digest:
            say(f"{source}: making and loading {table.name} at scale {scale:g}")
            started = time.monotonic()
            path = rows.write(table)
            server.fill(table, path)
            os.unlink(path)
            figures = json.dumps(server.figures(table))
            server.record(table.name, digest, figures)
            known = (digest, figures)
            say(f"{source}: {table.name} is loaded in {time.monotonic() - started:.0f} s")
        counts: list[str | None] = json.loads(known[1])
        answer["tables"][table.name] = {
            "figures": counts,
            "rows": int(counts[0] or 0),
            "bytes": server.size(table),
        }
    return answer


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", choices=("postgres", "mariadb"), required=True)
    parser.add_argument("--scale", type=float, required=True)
    parser.add_argument("--tables", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    # The address holds a password: it comes by the environment, which others cannot read.
    url = os.environ["BENCH_SOURCE"]
    server: Server = Postgres(url) if options.source == "postgres" else MariaDB(url)
    os.makedirs(options.work, exist_ok=True)
    tables = [TABLES[name] for name in options.tables.split(",")]
    answer = load(server, options.source, tables, options.scale, options.work)
    with open(options.output, "w", encoding="utf-8") as file:
        json.dump(answer, file)


if __name__ == "__main__":
    main()
