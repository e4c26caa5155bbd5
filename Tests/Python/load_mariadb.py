"""Incremental reads of a MariaDB table: each kind of cursor, ties at its highest value, and what may happen
to the table between two runs."""

import itertools
import os
import random
import shutil
import socket
import tempfile
import threading
from urllib.parse import unquote, urlsplit

import pymysql

from lake_reader import open_table
from load_support import Lake, Violation, require
from private_server import MariaDB

# The cursor's type, its values by a number that grows, and whether seconds or units can be taken from it.
CURSORS = {
    "int": (lambda n: n - 40, "5"),
    "bigint unsigned": (lambda n: 2**63 - 20 + n, "5"),
    "decimal(38,10)": (lambda n: f"{10**26 + n}.0000000{n:03d}", "5"),
    "double": (lambda n: 0.1 * n, "5"),
    "date": (lambda n: f"2024-{1 + n // 28:02d}-{1 + n % 28:02d}", "5d"),
    "datetime(6)": (lambda n: f"2024-01-01 00:00:{n // 10:02d}.{n % 10}00001", "5s"),
    "timestamp(3)": (lambda n: f"2024-03-31 01:59:{n // 10:02d}.{n % 10}01", "5s"),
    "varchar(20) charset utf8mb4": (lambda n: f"Ä{n:04d}", None),
    "varchar(20) charset latin1 collate latin1_german1_ci": (lambda n: f"ö'\\{n:04d}", None),
    "char(9) charset utf8mb4 collate utf8mb4_bin": (lambda n: f"\U0001f600{n:04d}", None),
}


class Table:
    """The table `t` of a database of its own, and a lake of it."""

    def __init__(self, *options, definition, engine="", server=None, parameters=""):
        self.server = server or os.environ["TRIBUTARY_TEST_MARIADB"]
        self.name = f"load_{os.getpid()}"
        self.connection = self.connect()
        self.run(f"DROP DATABASE IF EXISTS {self.name}", f"CREATE DATABASE {self.name}", f"USE {self.name}",
                 "SET time_zone = '+00:00'", f"CREATE TABLE t ({definition}) {engine}")
        self.lake = Lake(f"{self.server}{self.name}{parameters}", "t", "--checkpoint-bytes", "1", *options)
        self.lake.table = f"{self.name}.t"

    def connect(self):
        url = urlsplit(self.server)
        return pymysql.connect(host=url.hostname, port=url.port, user=unquote(url.username), charset="utf8mb4",
                               password=unquote(url.password or ""), autocommit=True, max_allowed_packet=1 << 27)

    def run(self, *statements):
        with self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    def insert(self, rows):
        with self.connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO t VALUES ({', '.join(['%s'] * len(rows[0]))})", rows)

    def found(self, *columns):
        rows = open_table(self.lake.location).scan().to_arrow().to_pylist()
        return sorted((tuple(row[c] for c in columns) for row in rows), key=repr)

    def expect_equal(self, *columns):
        source = sorted(self.run(f"SELECT {', '.join(columns)} FROM t"), key=repr)
        found = self.found(*columns)
        require(found == source, f"{found[:5]} of {len(found)}, the source has {source[:5]} of {len(source)}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run(f"DROP DATABASE {self.name}")
        self.connection.close()
        self.lake.__exit__()


def incremental(conflict, *options):
    return ("--mode", "incremental", "--cursor", "u", "--on-conflict", conflict, *options)


def each_cursor():
    chance = random.Random(7)
    for kind, (value, lookback) in CURSORS.items():
        for conflict in ("merge", "append"):
            options = incremental(conflict, *(["--lookback", lookback] if lookback and conflict == "merge" else []))
            try:
                with Table(*options, definition=f"a varchar(9), b int, v text, u {kind}, PRIMARY KEY (a, b)") as table:
                    follow(table, conflict, value, chance)
            except Violation as violation:
                raise Violation(f"{kind}, {conflict}: {violation}") from None


def follow(table, conflict, value, chance):
    moment, count = 0, 0
    for number in range(5):
        rows = []
        for _ in range(chance.randint(1, 12)):
            # Ties within a run, and with the highest value of the run before.
            moment += chance.randint(0, 1) if rows or number == 0 else 0
            tick = None if chance.random() < 0.1 and number == 0 else value(moment)
            rows.append((chance.choice(["x", "É", "it's"]), count, f"v{count}", tick))
            count += 1
        table.insert(rows)
        changed = 0
        if conflict == "merge" and number > 0:
            moment += 1
            with table.connection.cursor() as cursor:
                changed = cursor.execute("UPDATE t SET v = concat(v, '!'), u = %s WHERE b %% 3 = 0", (value(moment),))
        result = table.lake.sync()
        if conflict == "append":
            require(result["rows"] == len(rows), f"run {number}: {result['rows']} rows, {len(rows)} are new")
        else:
            require(result["rows"] >= changed, f"run {number}: {result['rows']} rows, {changed} were changed")
        table.expect_equal("a", "b", "v")


def new_column():
    with Table(*incremental("merge"), definition="a int PRIMARY KEY, u int") as table:
        table.insert([(1, 1), (2, 1)])
        table.lake.sync()
        table.run("ALTER TABLE t ADD COLUMN filled int DEFAULT 5", "INSERT INTO t VALUES (3, 2, 9)")
        table.lake.sync()
        table.expect_equal("a", "filled")
        table.run("INSERT INTO t VALUES (4, 3, 9)")
        require(table.lake.sync()["rows"] == 2, "a column that is known had everything read again")
        table.expect_equal("a", "filled")


def emptied():
    with Table(*incremental("append"), definition="a int PRIMARY KEY, u int") as table:
        table.insert([(1, 1), (2, 5)])
        table.lake.sync()
        table.run("DELETE FROM t")
        require(table.lake.sync()["rows"] == 0, "an empty table has rows")
        table.insert([(3, 5), (4, 6)])
        require(table.lake.sync()["rows"] == 2, "rows at and above the cursor are new")
        require(table.found("a") == [(1,), (2,), (3,), (4,)], f"{table.found('a')}")


def killed():
    """A run that dies goes on; what it read once it does not publish twice."""
    with Table(*incremental("append", "--max-bytes-per-second", "400k"),
               definition="a int PRIMARY KEY, v varchar(99), u int") as table:
        table.run("INSERT INTO t SELECT seq, repeat('x', 90), seq DIV 100 FROM seq_1_to_20000")
        require(table.lake.interrupted(9, after=0.6) is None, "the attempt ended before it was killed")
        table.run("INSERT INTO t SELECT seq, repeat('y', 90), seq DIV 100 FROM seq_20001_to_21000")
        table.lake.sync("--max-bytes-per-second", "100M")
        table.expect_equal("a", "v", "u")
        table.run("INSERT INTO t SELECT seq, repeat('z', 90), 210 FROM seq_21001_to_21010")
        require(table.lake.sync("--max-bytes-per-second", "100M")["rows"] == 10, "not the new rows alone")
        table.expect_equal("a", "v", "u")


def refused():
    for options, definition, words, *engine in [
        (incremental("merge"), "a int, u int", "no primary key to merge by"),
        (incremental("append"), "a int, u int", "no key to tell the rows"),
        (incremental("append", "--lookback", "5"), "a int PRIMARY KEY, u int", "a lookback is read twice"),
        (incremental("merge"), "a int PRIMARY KEY, u float", "a cursor is a number"),
        (incremental("merge"), "a int PRIMARY KEY, u varbinary(9)", "a cursor is a number"),
        (incremental("merge", "--lookback", "5"), "a int PRIMARY KEY, u varchar(9)", "u is varchar(9): leave it out"),
        (incremental("merge", "--lookback", "5"), "a int PRIMARY KEY, u datetime", "write it with its unit"),
        (incremental("append", "--primary-key", "f"), "a int PRIMARY KEY, u int, f double", "cannot be told apart"),
        (incremental("append"), "a int PRIMARY KEY, u int", "has no snapshots", "ENGINE = MyISAM"),
    ]:
        with Table(*options, definition=definition, engine="".join(engine)) as table:
            found = table.lake.sync(fails=True)
            require(words in found, f"{definition}: {found}")


def clock_of_a_condition():
    """NOW() is one moment for all ranges and for the count."""
    with Table("--where", "at > now(6) - interval 3 second", "--parallel", "2", "--max-bytes-per-second", "3M",
               definition="a int PRIMARY KEY, v varchar(99), at datetime(6)") as table:
        table.run("INSERT INTO t SELECT seq, repeat('x', 90), now(6) - interval 3 second + interval seq * 50 microsecond"
                  " FROM seq_1_to_100000", "ANALYZE TABLE t")
        result = table.lake.sync()
        highest = table.found("a")[-1]
        require(result["rows"] == len(table.found("a")) and highest, "the rows are not those of one moment")


def another_key():
    with Table(*incremental("append"), definition="a int PRIMARY KEY, b int UNIQUE, u int") as table:
        table.insert([(1, 99, 5)])
        table.lake.sync("--primary-key", "b")
        table.insert([(99, 7, 5)])
        require("the primary key was (b)" in table.lake.sync("--primary-key", "a", fails=True), "keys of another column")
        require(table.lake.sync("--primary-key", "b")["rows"] == 1, "not the new row alone")
        table.expect_equal("a", "b")


def bits_as_key():
    with Table(*incremental("append"), definition="a bit(8) PRIMARY KEY, u int") as table:
        table.run("INSERT INTO t VALUES (200, 1)")
        table.lake.sync()
        table.run("INSERT INTO t VALUES (201, 1)")
        require(table.lake.sync()["rows"] == 1, "a row at the boundary came twice or not at all")
        require(table.found("a") == [(200,), (201,)], f"{table.found('a')}")


def date_of_zeros():
    with Table(*incremental("merge", "--lookback", "5s"), definition="a int PRIMARY KEY, u datetime") as table:
        table.run("SET sql_mode = ''", "INSERT INTO t VALUES (1, '0000-00-00')")
        table.lake.sync()
        table.run("INSERT INTO t VALUES (2, '2026-01-01')")
        require(table.lake.sync()["rows"] == 2, "nothing is before a date of zeros, and it is before all others")


def other_settings():
    """What an option file, and so a server's init_connect, may set for a session."""
    folder = tempfile.mkdtemp(prefix="tributary-load-")
    path = os.path.join(folder, "client.cnf")
    with open(path, "w") as file:
        file.write("[client]\ninit-command=SET SESSION sql_mode = 'PAD_CHAR_TO_FULL_LENGTH,ANSI_QUOTES', "
                   "sql_select_limit = 1, sql_big_selects = 0, max_join_size = 1, character_set_results = latin1, "
                   "idle_transaction_timeout = 1, max_statement_time = 1\n")
    try:
        with Table(definition="a int PRIMARY KEY, c char(9), v varchar(9) charset utf8mb4") as table:
            table.run("INSERT INTO t VALUES (1, 'ab', '\U0001f600\u00e9'), (2, 'cd', 'x')", "CREATE VIEW w AS SELECT * FROM t")
            for stream in ("t", "w"):
                arguments = table.lake.arguments
                arguments[arguments.index("--source") + 1] += "" if stream == "w" else f"?defaults-file={path}"
                arguments[arguments.index("--stream") + 1] = stream
                table.lake.table = f"{table.name}.{stream}"
                require(table.lake.sync()["rows"] == 2, f"{stream}: rows are missing")
                table.expect_equal("a", "c", "v")
    finally:
        shutil.rmtree(folder)


def text_by_policy():
    """Numbers and bits as text lose nothing; an expression of a view is not sent as what it is called."""
    with Table("--policy", "f=string", "--policy", "b=string", definition="a int PRIMARY KEY, f float, b bit(64)") as table:
        table.run("INSERT INTO t VALUES (1, 16777216, b'1'), (2, 1234567.875, 18446744073709551615)")
        table.lake.sync()
        require(table.found("f", "b") == [("1234567.875", "18446744073709551615"), ("16777216", "1")],
                f"{table.found('f', 'b')}")
    with Table(definition="a int PRIMARY KEY, b bit(8)") as table:
        table.run("INSERT INTO t VALUES (1, 255), (2, 65)", "RENAME TABLE t TO s",
                  "CREATE VIEW t AS SELECT a, if(a = 1, b, b) AS b FROM s")
        table.lake.sync()
        require(table.found("b") == [(255,), (65,)], f"{table.found('b')}")


def filled_up_keys():
    """The order of a CHAR in an index without padding is not that of comparing."""
    with Table("--parallel", "2", definition="k char(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin PRIMARY KEY, "
                                             "v varchar(900)") as table:
        table.run("INSERT INTO t SELECT concat('k', seq DIV 32, if(seq % 32 = 0, '', char(seq % 32 USING utf8mb4))), "
                  "repeat('x', 800) FROM seq_1_to_16000", "ANALYZE TABLE t")
        result = table.lake.sync()
        require(result["rows"] == table.run("SELECT count(*) FROM t")[0][0], f"{result['rows']} rows")


def server_dies():
    with MariaDB() as server:
        with Table("--max-bytes-per-second", "1M", "--parallel", "2", server=server.url,
                   definition="a int PRIMARY KEY, v varchar(999)") as table:
            fill = "INSERT INTO t SELECT seq, repeat('x', 900) FROM seq_1_to_20000"
            table.run(fill, "ANALYZE TABLE t")
            table.lake.sync("--max-bytes-per-second", "1G")
            process = table.lake.start()
            while not table.run("SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT `a`%'"):
                require(process.poll() is None, "the sync ended before the server was killed")
            server.kill()
            words = table.lake.result(process, fails=True)
            require("connection was lost" in words, words)
            require(len(table.found("a")) == 20_000, "the table is not what it was")
            server.start()
            table.connection = table.connect()
            table.run(f"USE {table.name}", "DROP TABLE t", "CREATE TABLE t (a int PRIMARY KEY, v varchar(999))", fill)
            require(table.lake.sync("--max-bytes-per-second", "1G")["rows"] == 20_000, "rows are missing")


def large_rows():
    """Rows of several packets, and one that ends where a packet does."""
    sizes = [10, 16_777_204, 16_777_205, 16_777_206, 3, 34_000_000, 33_554_425, 0, 20_000_000]
    with MariaDB("--max-allowed-packet=256M") as server:
        for mode in ("disabled", "required"):
            with Table(server=server.url, parameters=f"?ssl-mode={mode}",
                       definition="a int PRIMARY KEY, b longblob") as table:
                for place, size in enumerate(sizes):
                    table.run(f"INSERT INTO t VALUES ({place}, repeat('{'abcdefghi'[place]}', {size}))")
                table.lake.sync()
                found = [(a, len(b), set(b)) for a, b in table.found("a", "b")]
                wanted = [(place, size, {ord("abcdefghi"[place])} if size else set())
                          for place, size in enumerate(sizes)]
                require(sorted(found) == wanted, f"{mode}: {[f[:2] for f in found]}")


def log_of_commits():
    """Snapshots compared by the binary log: what is left out of it is seen as well."""
    with MariaDB("--log-bin=log", "--log-slave-updates") as server:
        with Table("--parallel", "2", server=server.url, definition="a int PRIMARY KEY, v int, w varchar(999)") as table:
            table.run("INSERT INTO t SELECT seq, 0, repeat('x', 900) FROM seq_1_to_20000", "ANALYZE TABLE t")
            stopping = threading.Event()

            def write(is_logged):
                connection = table.connect()
                chance = random.Random(is_logged)
                with connection.cursor() as cursor:
                    cursor.execute(f"USE {table.name}")
                    cursor.execute(f"SET SESSION sql_log_bin = {is_logged}")
                    while not stopping.is_set():
                        cursor.execute("BEGIN")
                        cursor.execute("UPDATE t SET v = v + 1 WHERE a = %s", (chance.randint(1, 10_000),))
                        cursor.execute("UPDATE t SET v = v - 1 WHERE a = %s", (chance.randint(10_001, 20_000),))
                        cursor.execute("COMMIT")
                        stopping.wait(0.001)
                connection.close()

            writers = [threading.Thread(target=write, args=(is_logged,)) for is_logged in (0, 1)]
            for writer in writers:
                writer.start()
            try:
                several = 0
                for _ in range(8):
                    result = table.lake.sync()
                    several += "over 2 connections" in result["access"]
                    total = sum(v for (v,) in table.found("v"))
                    require(total == 0, f"rows of two snapshots: {total}; {result['access']}")
                require(several > 0, "no read was shared")
            finally:
                stopping.set()
                for writer in writers:
                    writer.join()


def incomplete_answers():
    """What the server leaves out by its settings, with no more than a warning."""
    with Table(definition="a int PRIMARY KEY") as table:
        table.run("DROP TABLE t", "CREATE VIEW t AS WITH RECURSIVE n AS (SELECT 1 a UNION ALL SELECT a + 1 FROM n"
                  " WHERE a < 5000) SELECT a FROM n")
        require(table.lake.sync()["rows"] == 5000, "a recursion was cut")


def other_tables():
    """A condition that asks for rows of another table, which a lock of the stream's own does not cover."""
    with Table("--where", "g IN (SELECT g FROM other)", "--parallel", "2",
               definition="a int PRIMARY KEY, g int, v varchar(999)") as table:
        table.run("INSERT INTO t SELECT seq, 1, repeat('x', 900) FROM seq_1_to_20000", "ANALYZE TABLE t",
                  "CREATE TABLE other (g int PRIMARY KEY)", "INSERT INTO other VALUES (1)")
        require("one connection" in table.lake.sync()["access"], "lanes do not see one moment of other tables")


def other_type_of_key():
    with Table(*incremental("append"), definition="a datetime PRIMARY KEY, u int") as table:
        table.run("INSERT INTO t VALUES ('2026-01-01', 1), ('2026-01-02', 1)")
        table.lake.sync()
        table.run("ALTER TABLE t MODIFY a datetime(6)")
        require("the key was datetime" in table.lake.sync(fails=True), "rows were appended twice")


def option_file_that_weakens():
    folder = tempfile.mkdtemp(prefix="tributary-load-")
    path = os.path.join(folder, "client.cnf")
    try:
        for line, words in [("local-infile=1", "local-infile"), ("reconnect=1", None)]:
            with open(path, "w") as file:
                file.write(f"[client]\n{line}\n")
            with Table(definition="a int PRIMARY KEY", parameters=f"?defaults-file={path}") as table:
                table.run("INSERT INTO t VALUES (1)")
                if words:
                    require(words in table.lake.sync(fails=True), f"{line} was taken")
                else:
                    require(table.lake.sync()["rows"] == 1, f"{line} is in the way")
    finally:
        shutil.rmtree(folder)


class RoundRobin:
    """A port that leads to one server after the other."""

    def __init__(self, *urls):
        self.places = itertools.cycle([(urlsplit(url).hostname, urlsplit(url).port) for url in urls])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(next(self.places))
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=ends, daemon=True).start()

    @staticmethod
    def pump(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # One of the ends is gone.


def several_servers():
    """An address that leads to another server each time: rows are of one of them."""
    definition = "a int PRIMARY KEY, v int, w varchar(999)"
    with MariaDB() as first, MariaDB() as second:
        with Table("--parallel", "2", server=first.url, definition=definition) as one, \
                Table(server=second.url, definition=definition) as other:
            for number, table in enumerate((one, other)):
                table.run(f"INSERT INTO t SELECT seq, {number}, repeat('x', 900) FROM seq_1_to_20000", "ANALYZE TABLE t")
            place = urlsplit(first.url).netloc.rpartition(":")[0]
            address = f"mysql://{place}:{RoundRobin(first.url, second.url).port}/{one.name}"
            one.lake.arguments[one.lake.arguments.index("--source") + 1] = address
            result = one.lake.sync()
            require("more than one server" in result["access"], result["access"])
            require(len(set(one.found("v"))) == 1 and result["rows"] == 20_000, "rows of two servers")


CASES = {
    "several-servers": several_servers,
    "incomplete-answers": incomplete_answers, "other-tables": other_tables, "other-type-of-key": other_type_of_key,
    "option-file-that-weakens": option_file_that_weakens,
    "server-dies": server_dies, "large-rows": large_rows, "log-of-commits": log_of_commits,
    "another-key": another_key, "bits-as-key": bits_as_key, "date-of-zeros": date_of_zeros,
    "other-settings": other_settings, "text-by-policy": text_by_policy, "filled-up-keys": filled_up_keys,
    "each-cursor": each_cursor, "new-column": new_column, "emptied": emptied, "killed": killed,
    "refused": refused, "clock-of-a-condition": clock_of_a_condition,
}


def run(names):
    failures = 0
    for name, case in CASES.items():
        if names and name not in names:
            continue
        try:
            case()
            print(f"{name}: holds", flush=True)
        except Violation as violation:
            failures += 1
            print(f"{name}: VIOLATION: {violation}", flush=True)
    return failures
