"""Attempts that are killed while a table is written, and the last one that is published."""

import io
import random
import time

import duckdb
import pyarrow as pa
import pyarrow.csv

from lake_reader import open_table
from load_support import Lake, Violation, execute, require
from load_writers import COUNT, Writers

ROWS = 42_000
LABELS = ["red", "green", "blue"]

# What is done to a table between two attempts, and what of them may then stay.
REWRITES = ["VACUUM FULL", "CLUSTER", "TRUNCATE", "drop", "type"]
CHANGES = ["add column", "rename column", "rename label"]
PARTITION_CHANGES = ["attach", "detach", "reattach"]


class Table:
    """A table of load.sql, filled by a seed."""

    def __init__(self, connection, kind, chance):
        self.connection, self.kind, self.chance = connection, kind, chance
        self.name = "load.subject"
        self.labels = list(LABELS)
        # Writers change a part of the pages; the room they find may be elsewhere.
        self.still = chance.random() < 0.5
        span = int(ROWS * chance.choice([0.03, 0.1, 0.25]))
        self.low = chance.randrange(6, ROWS - span)
        self.high = self.low + span
        self.story = f"{kind}, ids {self.low}-{self.high}{' still' if self.still else ''}"
        self.make()

    def run(self, *statements):
        return execute(self.connection, *statements)

    def make(self):
        chance = self.chance
        hole = chance.randrange(0, ROWS - 3000)
        fill = chance.choice([50, 70] if self.still else [60, 90, 100])
        self.story += f", fillfactor {fill}, room at {hole}"
        labels = ", ".join(f"'{label}'" for label in LABELS)
        self.run("DROP TABLE IF EXISTS load.subject, load.part0, load.part1, load.part2, load.part3, "
                 "load.part4 CASCADE", "DROP TYPE IF EXISTS load.label",
                 f"CREATE TYPE load.label AS ENUM ({labels})", "TRUNCATE load.audit",
                 "SELECT setval('load.ids', 100000)", self.definition(fill))
        counters = chance.choice(["9e9", "id"])
        self.run(
            f"""INSERT INTO load.subject (id, w, v, pad, big)
                SELECT id, greatest(id % 6, 0), 1, load.pad(id, 1), load.big(id, 1)
                FROM generate_series(-{COUNT}, {ROWS}) id
                ORDER BY CASE WHEN id <= 0 THEN {counters} ELSE id END""",
            f"DELETE FROM load.subject WHERE id BETWEEN {hole} AND {hole + 3000} AND id > 0 AND id % 2 = 0",
            "UPDATE load.subject SET v = 2 WHERE id = 0",
            f"VACUUM{chance.choice([' (FREEZE)', ''])} load.subject")

    def definition(self, fill):
        columns = f"""(id bigint, w int NOT NULL, v bigint NOT NULL, pad text,
            label load.label GENERATED ALWAYS AS (CASE v % 3 WHEN 0 THEN 'red'::load.label
                WHEN 1 THEN 'green' ELSE 'blue' END) STORED, extra int, big text"""
        if self.kind != "parted":
            storage = "EXTERNAL" if self.kind == "toast" else "EXTENDED"
            return (f"CREATE TABLE load.subject {columns}, PRIMARY KEY (id)) WITH (fillfactor = {fill}); "
                    f"ALTER TABLE load.subject ALTER big SET STORAGE {storage}")
        parts = [("MINVALUE", ROWS // 3), (ROWS // 3, ROWS * 2 // 3), (ROWS * 2 // 3, 100_000),
                 (100_000, "MAXVALUE")]
        return f"CREATE TABLE load.subject {columns}, PRIMARY KEY (id)) PARTITION BY RANGE (id); " + "; ".join(
            f"CREATE TABLE load.part{n} PARTITION OF load.subject FOR VALUES FROM ({low}) TO ({high}) "
            f"WITH (fillfactor = {fill})" for n, (low, high) in enumerate(parts))

    def base(self):
        """The rows as they are, as an Arrow table; nobody writes now."""
        buffer = io.BytesIO()
        with self.connection.cursor() as cursor:
            cursor.copy_expert("COPY (SELECT id, v FROM load.subject) TO STDOUT (FORMAT csv, HEADER)", buffer)
        self.run("TRUNCATE load.audit")
        return pa.csv.read_csv(pa.BufferReader(buffer.getvalue()))

    def alter(self, kind):
        """One change of the definition; the writers stand still."""
        if kind in ("VACUUM FULL", "CLUSTER"):
            self.run(*([f"CLUSTER {name} USING {name.split('.')[1]}_pkey" for name in self.heaps()]
                       if kind == "CLUSTER" else ["VACUUM FULL load.subject"]))
        elif kind == "TRUNCATE":
            self.run("BEGIN", "CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM load.subject",
                     "TRUNCATE load.subject", "INSERT INTO load.subject (id, w, v, pad, big) "
                     "SELECT id, w, v, pad, big FROM kept WHERE id <= 0 OR id % 7 > 0", "COMMIT")
        elif kind == "drop":
            self.make()
        elif kind == "type":
            self.run("ALTER TABLE load.subject ALTER extra TYPE bigint USING 7")
        elif kind == "add column":
            self.run("ALTER TABLE load.subject ADD COLUMN more int DEFAULT 5")
        elif kind == "rename column":
            self.run("ALTER TABLE load.subject RENAME extra TO other")
        elif kind == "rename label":
            self.run("ALTER TYPE load.label RENAME VALUE 'green' TO 'lime'")
            self.labels[1] = "lime"
        elif kind == "attach":
            self.run("DELETE FROM load.part3", "ALTER TABLE load.subject DETACH PARTITION load.part3",
                     "CREATE TABLE load.part4 (LIKE load.subject INCLUDING ALL)",
                     "INSERT INTO load.part4 (id, w, v, pad, big) SELECT id, 0, 1, load.pad(id, 1), "
                     "load.big(id, 1) FROM generate_series(100000, 101000) id",
                     "ALTER TABLE load.subject ATTACH PARTITION load.part4 FOR VALUES FROM (100000) TO (MAXVALUE)")
        else:
            self.run("ALTER TABLE load.subject DETACH PARTITION load.part1")
            if kind == "reattach":
                self.run("DELETE FROM load.part1 WHERE id % 97 = 0", f"ALTER TABLE load.subject ATTACH "
                         f"PARTITION load.part1 FOR VALUES FROM ({ROWS // 3}) TO ({ROWS * 2 // 3})")

    def heaps(self):
        if self.kind != "parted":
            return ["load.subject"]
        return [row[0] for row in self.run("SELECT inhrelid::regclass::text FROM pg_inherits "
                                           "WHERE inhparent = 'load.subject'::regclass")]


class Judge:
    """Decides whether a published table is one snapshot of the source."""

    def __init__(self, table, base):
        self.table, self.base = table, base

    def check(self, lake):
        files = [task.file.file_path.removeprefix("file://")
                 for task in open_table(lake.location).scan().plan_files()]
        duck = duckdb.connect()
        duck.execute("SET threads = 1")
        log = self.table.run("SELECT xid, w, seq, id, gone, n FROM load.audit ORDER BY n")
        audit = pa.table([pa.array(column, kind) for column, kind in zip(
            zip(*log) if log else [[]] * 6, [pa.int64()] * 4 + [pa.bool_(), pa.int64()])],
            names=["xid", "w", "seq", "id", "gone", "n"])
        duck.register("audit", audit)
        duck.register("base", self.base)
        duck.execute("CREATE TEMP TABLE lake AS SELECT id, w, v, pad, label, big FROM read_parquet($1)", [files])
        self.inside(duck)
        return self.bounds(duck, lake)

    def rows(self, duck, query):
        return duck.execute(query + " LIMIT 5").fetchall()

    def inside(self, duck):
        doubled = self.rows(duck, "SELECT id, count(*) FROM lake GROUP BY id HAVING count(*) > 1")
        require(not doubled, f"rows are there twice: {doubled}")
        tick, sums = duck.execute("SELECT (SELECT v FROM lake WHERE id = 0), "
                                  "(SELECT sum(v) FROM lake WHERE id IN (-1, -2))").fetchone()
        require(tick == sums, f"writers 1 and 2 are of different moments: {tick} and {sums}")
        count = duck.execute("SELECT count(*) FROM lake WHERE id < 0").fetchone()[0]
        require(count == COUNT, f"{count} counters instead of {COUNT}")
        wrong = self.rows(duck, """
            WITH counters AS (SELECT -id AS w, v AS seq FROM lake WHERE id < 0),
            done AS (
                SELECT id, arg_max(audit.seq, n) AS v, arg_max(gone, n) AS gone
                FROM audit JOIN counters USING (w) WHERE audit.seq <= counters.seq GROUP BY id
            ), expected AS (
                SELECT id, v FROM done WHERE NOT gone
                UNION ALL SELECT id, v FROM base WHERE id > 0 AND id NOT IN (SELECT id FROM done)
            )
            SELECT id, e.v AS expected, l.v AS found FROM expected e
            FULL JOIN (SELECT id, v FROM lake WHERE id > 0) l USING (id) WHERE e.v IS DISTINCT FROM l.v""")
        require(not wrong, f"rows that are not of the snapshot (id, expected, found): {wrong}")
        labels = ", ".join(f"'{label}'" for label in self.table.labels)
        torn = self.rows(duck, f"""
            SELECT id, v, label FROM lake WHERE id > 0 AND (pad <> repeat(md5(id || ':' || v), 6)
                OR label <> [{labels}][v % 3 + 1]
                OR big IS DISTINCT FROM CASE WHEN id % 50 = 7 THEN repeat(md5(v || ':' || id), 100) END)""")
        require(not torn, f"rows whose values do not belong together: {torn}")

    def bounds(self, duck, lake):
        """The snapshot has to be the one the run names: what was over is in it, what came later not."""
        mark = lake.mark()
        wrong = self.rows(duck, f"""
            SELECT audit.w, audit.seq, audit.xid FROM audit JOIN lake ON lake.id = -audit.w
            WHERE (audit.xid < {mark["xmin"]} AND audit.seq > lake.v)
                OR (audit.xid >= {mark["xmax"]} AND audit.seq <= lake.v)""")
        require(not wrong, f"the rows are not of the snapshot {mark['xmin']}:{mark['xmax']}: {wrong}")


def run_case(database, connection, seed, can_prepare, figures, forges=False):
    """One table, some attempts, one judgement; its story."""
    chance = random.Random(seed)
    kind = chance.choice(["heap", "heap", "parted", "toast"])
    table = Table(connection, kind, chance)
    change = None
    if chance.random() < 0.4:
        change = chance.choice(REWRITES + CHANGES + (PARTITION_CHANGES * 2 if kind == "parted" else []))
    kills = chance.choice([1, 1, 2, 3])
    changed_after = chance.randrange(kills)
    base = table.base()
    rate = chance.choice(["30M", "45M"])
    story = [table.story]
    writers = Writers(database, table.name, seed, table.low, table.high, can_prepare, table.still)
    try:
        with Lake(database.url, table.name, "--parallel", "2", "--checkpoint-bytes", "1",
                  "--max-bytes-per-second", rate) as lake, writers:
            result = None
            for attempt in range(kills):
                after = chance.uniform(0.02, 0.5) if chance.random() < 0.15 else None
                wanted = chance.randint(1, 9)
                result = lake.interrupted(wanted, after=after)
                if result is not None:
                    story.append("ended before it was killed")
                    break
                story.append(f"killed after {after or wanted}")
                if forges:
                    lake.forge()
                time.sleep(chance.uniform(0, 0.1))
                if change and attempt == changed_after:
                    writers.pause()
                    table.alter(change)
                    if change in ("drop", "TRUNCATE", *PARTITION_CHANGES):
                        base = table.base()
                    story.append(change)
                    writers.resume()
            result = result or lake.sync()
            writers.stop()
            story.append(f"{result['consistency']}, {result['resumed_rows']} rows stayed")
            require(result["consistency"] == "snapshot", "a Postgres table is never mixed")
            Judge(table, base).check(lake)
            figures.note(lake.resumes(), result, change, writers)
            if change in REWRITES + CHANGES and changed_after == kills - 1 and kills == result["attempts"] - 1:
                require(result["resumed_rows"] == 0, f"rows from before {change} stayed")
    except Violation as violation:
        raise Violation(f"{violation}\n  {'; '.join(story)}") from None
    return story


class Figures:
    """What the cases saw: a load under which nothing ever stays proves nothing."""

    def __init__(self):
        self.cases = self.resumes = self.keeping = self.parts = self.kept = 0
        self.rows = self.transactions = self.dropping = 0

    def note(self, resumes, result, change, writers):
        self.cases += 1
        self.transactions += writers.transactions
        self.rows += result["resumed_rows"]
        for there, kept in resumes:
            if not there:
                continue
            self.resumes += 1
            self.parts += len(there)
            self.kept += len(kept)
            self.keeping += bool(kept)
            self.dropping += len(kept) < len(there)

    def __str__(self):
        return (f"{self.cases} cases, {self.transactions} transactions beside them; {self.resumes} resumes with "
                f"checkpoints: {self.keeping} kept some, {self.dropping} dropped some; {self.kept} of "
                f"{self.parts} checkpoints and {self.rows} rows stayed")
