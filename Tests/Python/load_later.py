"""What may happen between two incremental runs, one thing at a time."""

import time

from load_incremental import compare, micros
from lake_reader import open_table
from load_support import Database, Lake, Violation, execute, require


class Items:
    """load.items, read by the transactions of its rows unless `options` say otherwise."""

    def __init__(self, database, kind="heap", conflict="merge", *options):
        self.database, self.conflict = database, conflict
        self.connection = database.connect()
        self.run(f"CALL load.make_items('{kind}')")
        self.lake = Lake(database.url, "load.items", "--mode", "incremental", "--cursor", "at",
                         "--on-conflict", conflict, *options)
        self.settle()

    def run(self, *statements):
        return execute(self.connection, *statements)

    def another(self, stream, *options):
        """A lake of another stream of the same database, read in the same way."""
        return Lake(self.database.url, stream, "--mode", "incremental", "--cursor", "at", "--on-conflict",
                    self.conflict, *options)

    def settle(self):
        written = int(self.run("SELECT pg_current_xact_id()::text")[0][0])
        while int(self.run("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")[0][0]) <= written:
            time.sleep(0.02)

    def close(self):
        self.connection.close()
        self.lake.__exit__()

    def found(self, *columns):
        names = columns or ("id", "v", "at", "note")
        return [tuple(micros(r[n]) if n == "at" else r[n] for n in names)
                for r in open_table(self.lake.location).scan().to_arrow().to_pylist()]

    def source(self, *columns):
        names = columns or ("id", "v", "at", "note")
        return [tuple(micros(v) if n == "at" else v for n, v in zip(names, row))
                for row in self.run(f"SELECT {', '.join(names)} FROM load.items")]

    def expect_once(self):
        keys = [(row[0], row[1]) for row in self.found()]
        require(len(keys) == len(set(keys)), f"{len(keys) - len(set(keys))} versions are there twice")
        lost = set(self.source()) - set(self.found())
        require(not lost, f"{len(lost)} rows lost: {sorted(lost, key=repr)[:2]}")


def held_open(items):
    """A transaction is open during a run that finds rows; others, committed beside it, wait for the
    next run, and the cursor of one of them is far behind that of another."""
    other = items.database.connect(autocommit=False)
    items.lake.sync()
    items.run("INSERT INTO load.items VALUES (50000, 900000, now(), 'settled')")
    items.settle()
    execute(other, "SELECT pg_current_xact_id()")
    items.run("INSERT INTO load.items VALUES (50001, 900001, now() + interval '1 hour', 'early')")
    items.run("INSERT INTO load.items VALUES (50002, 900002, now() + interval '3 hours', 'later')")
    items.lake.sync()
    other.commit()
    other.close()
    items.settle()
    items.lake.sync()
    items.expect_once()


def attached(items):
    """A partition comes with rows that were written before the last run."""
    items.run("CREATE TABLE load.more (LIKE load.items INCLUDING ALL)", "DROP TABLE load.items2",
              "INSERT INTO load.more SELECT i, 1000000 + i, now(), 'more' FROM generate_series(20000, 20900) i "
              "WHERE satisfies_hash_partition('load.items'::regclass, 3, 2, i::bigint)")
    items.settle()
    items.lake.sync()
    items.run("ALTER TABLE load.items ATTACH PARTITION load.more FOR VALUES WITH (MODULUS 3, REMAINDER 2)")
    items.lake.sync()
    items.expect_once()


def rewritten(*statements):
    def change(items):
        items.lake.sync()
        items.run(*statements)
        items.settle()
        items.lake.sync("--schema", "evolve")
        items.expect_once()
    return change


def rewritten_refused(items):
    """Every row looks new and is not: to append them would double them."""
    items.lake.sync()
    items.run("DROP VIEW load.seen", "ALTER TABLE load.items ALTER note TYPE text USING note || ''")
    items.settle()
    try:
        items.lake.sync("--schema", "evolve")
    except Violation as violation:
        require("would be appended twice" in str(violation), f"another failure: {violation}")
    else:
        raise Violation("a rewritten table was appended")
    items.expect_once()


def column_with_default(items):
    """A new column has a value in every row, and no row was written."""
    items.lake.sync()
    items.run("ALTER TABLE load.items ADD COLUMN more int DEFAULT 5")
    items.lake.sync()
    compare(items.source("id", "more"), items.found("id", "more"))


def refilled(items):
    """Rows of a table that was emptied stay; those that came since are new."""
    items.lake.sync()
    items.run("TRUNCATE load.items",
              "INSERT INTO load.items SELECT i, nextval('load.versions'), now(), 'again' FROM generate_series(1, 500) i")
    items.settle()
    items.lake.sync()
    items.expect_once()


def label_renamed(items):
    items.run("DROP VIEW load.seen", "DROP TYPE IF EXISTS load.mood", "CREATE TYPE load.mood AS ENUM ('a', 'b')",
              "ALTER TABLE load.items ADD mood load.mood DEFAULT 'b'")
    items.settle()
    items.lake.sync()
    items.run("ALTER TYPE load.mood ADD VALUE 'c'")
    result = items.lake.sync()
    require(result["rows"] < 8000, "a further label had everything read again")
    items.run("ALTER TYPE load.mood RENAME VALUE 'b' TO 'bad'")
    items.lake.sync()
    compare(items.source("id", "mood"), items.found("id", "mood"))


def retyped(items):
    """A type that is sized by its values grows: values of before have to be read again."""
    items.run("DROP VIEW load.seen", "ALTER TABLE load.items ADD amount numeric DEFAULT 1.25")
    items.settle()
    items.lake.sync()
    items.run("INSERT INTO load.items VALUES (50000, 900000, now(), 'fine', 1.255)")
    items.settle()
    items.lake.sync()
    compare(items.source("id", "amount"), items.found("id", "amount"))


def another_under_the_name(items):
    items.run("DROP VIEW load.seen", "ALTER TABLE load.items ADD a int DEFAULT 3")
    items.settle()
    items.lake.sync()
    items.run("ALTER TABLE load.items DROP a", "ALTER TABLE load.items ADD a int DEFAULT 7")
    items.lake.sync()
    compare(items.source("id", "a"), items.found("id", "a"))
    items.run("ALTER TABLE load.items RENAME a TO b", "ALTER TABLE load.items ADD a int DEFAULT 5")
    items.lake.sync()
    compare(items.source("id", "a", "b"), items.found("id", "a", "b"))


def member_renamed(items):
    items.run("DROP VIEW load.seen", "DROP TYPE IF EXISTS load.two CASCADE", "CREATE TYPE load.two AS (x int, y int)",
              "ALTER TABLE load.items ADD pair load.two DEFAULT ROW(1, 2)")
    items.settle()
    items.lake.sync()
    items.run("ALTER TYPE load.two RENAME ATTRIBUTE y TO yy CASCADE")
    items.lake.sync()
    require({row[0]["yy"] for row in items.found("pair")} == {2}, "the values of a member are gone")


def refused(items, words, *options):
    output = items.lake.sync(*options, fails=True)
    require(words in output, f"another failure: {output}")


def other_terms(items):
    """What was loaded under one condition does not add up with what is read under another."""
    items.lake.sync("--where", "id <= 4000")
    refused(items, "--adopt")
    items.lake.sync("--adopt")
    compare(items.source(), items.found())
    refused(items, "--on-conflict merge", "--on-conflict", "append")
    refused(items, "by the cursor at", "--cursor", "v")
    refused(items, "primary key", "--primary-key", "v")


def refreshed(items):
    """Refreshing a materialized view writes all of its rows."""
    items.run("CREATE MATERIALIZED VIEW load.kept AS SELECT * FROM load.items WHERE id <= 100 AND at IS NOT NULL")
    items.settle()
    lake = items.another("load.kept", "--primary-key", "id")
    lake.sync()
    items.run("UPDATE load.items SET v = 900000, at = now() + interval '1 day' WHERE id = 1",
              "REFRESH MATERIALIZED VIEW load.kept")
    items.settle()
    lake.sync()
    found = open_table(lake.location).scan().to_arrow().num_rows
    items.run("DROP MATERIALIZED VIEW load.kept")
    require(found == 98 + 1, f"{found} versions, there are 99")


def without_a_key(items):
    """Rows at the boundary whose key is null are told apart too."""
    items.run("CREATE TABLE load.loose (a int, b int, at timestamptz)", "CREATE VIEW load.loose_view AS TABLE load.loose",
              "INSERT INTO load.loose VALUES (1, NULL, '2024-01-01'), (2, 1, '2024-01-01')")
    lake = items.another("load.loose_view", "--primary-key", "a,b")
    lake.sync()
    items.run("INSERT INTO load.loose VALUES (3, NULL, '2024-01-01'), (NULL, NULL, '2024-01-01')")
    lake.sync()
    lake.sync()
    found = sorted(open_table(lake.location).scan().to_arrow().column("a").to_pylist(), key=repr)
    items.run("INSERT INTO load.loose VALUES (4, 4, 'infinity')")
    require("none to come" in lake.sync(fails=True), "nothing is behind infinity")
    items.run("DROP TABLE load.loose CASCADE")
    require(found == [1, 2, 3, None], f"{found}")


CASES = {
    "held-open": (held_open, "heap", "append"),
    "held-open-lookback": (held_open, "heap", "append", "--lookback", "10m"),
    "held-open-merge": (held_open, "heap", "merge"),
    "attached": (attached, "parted", "merge"),
    "attached-append": (attached, "parted", "append"),
    "vacuum-full-append": (rewritten("VACUUM FULL load.items"), "heap", "append"),
    "cluster-append": (rewritten("CLUSTER load.items USING items_pkey"), "heap", "append"),
    "freeze-append": (rewritten("VACUUM (FREEZE) load.items"), "heap", "append"),
    "rewrite-append": (rewritten_refused, "heap", "append"),
    "emptied-append": (refilled, "heap", "append"),
    "label": (label_renamed, "heap", "merge"),
    "retyped": (retyped, "heap", "merge"),
    "another-under-the-name": (another_under_the_name, "heap", "merge"),
    "member-renamed": (member_renamed, "heap", "merge"),
    "other-terms": (other_terms, "heap", "merge"),
    "refreshed-append": (refreshed, "heap", "append"),
    "without-a-key-append": (without_a_key, "heap", "append"),
    "rewrite-merge": (rewritten("DROP VIEW load.seen",
                                "ALTER TABLE load.items ALTER note TYPE text USING note || '!'"), "heap", "merge"),
    "column-with-default": (column_with_default, "heap", "merge"),
}


def run(names):
    failures = 0
    with Database() as database:
        for name, (case, *arguments) in CASES.items():
            if names and name not in names:
                continue
            database.run("DROP TABLE IF EXISTS load.more")
            items = Items(database, *arguments)
            try:
                case(items)
                print(f"{name}: holds", flush=True)
            except Violation as violation:
                failures += 1
                print(f"{name}: VIOLATION: {violation}", flush=True)
            finally:
                items.close()
    return failures
