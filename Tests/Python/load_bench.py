"""A table, an attempt at it that is cut off, and the judgement of the one that goes on."""

import time

from lake_reader import open_table
from load_support import Lake, Violation, execute, ranges, require

ROWS = 42_000
OPTIONS = ("--parallel", "1", "--checkpoint-bytes", "1", "--max-bytes-per-second", "25M")


class Bench:
    """A table, an attempt that is cut off, and sessions to change the table with."""

    def __init__(self, database, columns="extra int", fill=100, options=OPTIONS, partitioned=False):
        self.database = database
        self.sessions = []
        # Until an attempt was made: the pages that make_room empties.
        self.there = [("", 0, 3)]
        self.main = self.session()
        self.run("DROP TABLE IF EXISTS load.plain, load.p0, load.p1, load.p2 CASCADE",
                 "DROP TYPE IF EXISTS load.mood, load.pair, load.moodspan CASCADE")
        self.setup(columns, fill, partitioned)
        self.lake = Lake(database.url, "load.plain", *options)

    def setup(self, columns, fill, partitioned):
        if "load." in columns:
            self.run("CREATE TYPE load.mood AS ENUM ('good', 'bad')",
                     "CREATE TYPE load.pair AS (a int, m load.mood)", "CREATE DOMAIN load.moods AS load.mood",
                     "CREATE TYPE load.moodspan AS RANGE (subtype = load.mood)")
        shape = f"(id bigint, v bigint, pad text, {columns})"
        if partitioned:
            self.run(f"CREATE TABLE load.plain {shape} PARTITION BY RANGE (id)")
            for n in range(3):
                self.run(f"CREATE TABLE load.p{n} PARTITION OF load.plain "
                         f"FOR VALUES FROM ({n * 14_000}) TO ({n * 14_000 + 14_000})")
        else:
            self.run(f"CREATE TABLE load.plain {shape} WITH (fillfactor = {fill}, autovacuum_enabled = off)")
        self.run("INSERT INTO load.plain (id, v, pad) SELECT i, 1, load.pad(i, 1) "
                 f"FROM generate_series(1, {ROWS - 1}) i", "CREATE INDEX ON load.plain (id)",
                 "VACUUM load.plain")
        self.settle()

    def session(self):
        connection = self.database.connect()
        self.sessions.append(connection)
        return connection

    def close(self):
        for session in self.sessions:
            session.close()
        self.lake.__exit__()

    def run(self, *statements):
        return execute(self.main, *statements)

    def cut_off(self, count=4):
        require(self.lake.interrupted(count) is None, "the attempt ended before it was killed")
        there = self.parts()
        require(len(there) >= 2, "an attempt without checkpoints")
        self.known, self.there = there, ranges(there)

    def parts(self):
        there = {}
        for number, event in enumerate(list(self.lake.ledgers().values())[-1]):
            if "checkpoint" in event:
                there[number] = event["checkpoint"]["part"]
        return there

    def update(self, id, session=None):
        self.changed = id
        execute(session or self.main, f"UPDATE load.plain SET v = v + 1, pad = load.pad(id, v + 1) WHERE id = {id}")

    def page(self, id):
        return int(self.run(f"SELECT (ctid::text::point)[0]::int FROM load.plain WHERE id = {id}")[0][0])

    def id_in(self, first):
        """A row of the page `first` or soon after."""
        return self.run(f"SELECT id FROM load.plain WHERE ctid >= '({first},0)' ORDER BY ctid LIMIT 1 OFFSET 7")[0][0]

    def make_room(self):
        self.run("DELETE FROM load.plain WHERE ctid < '(3,0)'",
                 "VACUUM (INDEX_CLEANUP ON) load.plain")
        self.settle()

    def settle(self):
        """Waits until no transaction is open that began before the rows were written: one of another
        database would do, and lets every row look as if it may be new."""
        written = int(self.run("SELECT pg_current_xact_id()::text")[0][0])
        for _ in range(1000):
            if int(self.run("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")[0][0]) > written:
                return
            time.sleep(0.02)
        raise Violation("another session of the server keeps a transaction open")

    def land(self, write, id):
        """Writes a row until it comes into the first range: a new session looks for room first."""
        for _ in range(20):
            write(self.session())
            if self.range_of(self.page(id())) == self.there[0]:
                return
        raise Violation("the row never came into the room there is")

    def insert(self):
        ids = []

        def write(session):
            ids.append(90000 + len(ids))
            execute(session, f"INSERT INTO load.plain VALUES ({ids[-1]}, 1, load.pad({ids[-1]}, 1))")
        self.land(write, lambda: ids[-1])

    def range_of(self, page):
        return next((r for r in self.there if r[1] <= page and (r[2] is None or page < r[2])), None)

    def unread(self):
        """A row behind all that was read."""
        return self.id_in(max(r[2] for r in self.there if r[2] is not None) + 3)

    def finish(self, dropped, keeps=True):
        """The second attempt; `dropped` are the ranges that must not stay; all others must, if `keeps`."""
        result = self.lake.sync()
        require(result["consistency"] == "snapshot", "not one snapshot")
        resumes = self.lake.resumes()
        kept = ranges(resumes[-1][1]) if resumes else []
        dropped = list(self.there) if dropped == "all" else dropped
        self.compare()
        wrong = [r for r in kept if r in dropped]
        require(not wrong, f"stayed: {wrong}")
        # A part stays or goes as a whole.
        free = [part for part in self.known.values() if not set(ranges({0: part})) & set(dropped)]
        missing = [r for part in free for r in ranges({0: part}) if r not in kept]
        require(not missing or not keeps, f"read again without need: {missing} ({result.get('resumption')})")
        return f"{len(kept)} of {len(self.there)} stayed, {result['resumed_rows']} rows"

    def compare(self):
        schema = open_table(self.lake.location).scan().to_arrow()
        names = [name for name in schema.column_names]
        texts = ", ".join(f'"{name}"::text' for name in names)
        source = sorted(tuple(row) for row in self.run(f"SELECT {texts} FROM load.plain"))
        found = sorted(tuple(text(v) for v in row) for row in zip(*(c.to_pylist() for c in schema.columns)))
        if source != found:
            left, right = set(source), set(found)
            raise Violation(f"{len(source)} rows at the source, {len(found)} in the table; only there "
                            f"{short(left - right)}, only here {short(right - left)}")


def text(value):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "(" + ",".join(text(v) or "" for v in value.values()) + ")"
    if isinstance(value, list):
        return "{" + ",".join(text(v) for v in value) + "}"
    return str(value)


def short(rows):
    return [tuple(str(v)[:24] for v in row) for row in sorted(rows, key=repr)[:2]]
