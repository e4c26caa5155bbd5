"""Incremental reads of tables that are written, some killed, some after a rollback."""

import datetime
import json
import os
import random
import sqlite3
import subprocess
import threading
import time

import others
from lake_reader import open_table
from load_support import BINARY, Lake, Violation, require

MOMENTS = {
    "clock": "clock_timestamp()", "now": "now()", "forgotten": "t.at", "null": "NULL::timestamptz",
    "past": "clock_timestamp() - random() * interval '1 hour'",
}


# What the user's own sessions may have set: none of it changes a value that is read.
SETTINGS = {
    "timezone": ["Asia/Kathmandu", "America/St_Johns", "UTC"], "datestyle": ["German", "SQL, DMY", "Postgres"],
    "intervalstyle": ["sql_standard", "postgres_verbose"], "extra_float_digits": ["-15", "0"],
    "bytea_output": ["escape"], "search_path": ["load", "pg_catalog", "nowhere"],
    "row_security": ["off"],
    "standard_conforming_strings": ["off"], "enable_seqscan": ["off"], "statement_timeout": ["10min"],
}


class Figures:
    def __init__(self):
        self.cases = self.runs = self.killed = self.resumed = self.rollbacks = self.versions = 0
        self.kept = self.foreign = self.settings = 0

    def __str__(self):
        return (f"{self.cases} cases, {self.runs} runs, {self.killed} killed, {self.resumed} resumed "
                f"({self.kept} rows stayed), {self.rollbacks} rollbacks, "
                f"{self.foreign} commits of others, {self.settings} settings, {self.versions} versions written")


class Writers:
    """Sessions that write load.items, each with its own moments."""

    def __init__(self, database, seed, roles):
        self.database = database
        self.stopping = threading.Event()
        self.failures = []
        self.threads = [threading.Thread(target=self.loop, args=(role, f"{seed}/{n}"))
                        for n, role in enumerate(roles)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
        if self.failures:
            raise self.failures[0]

    def loop(self, role, seed):
        chance = random.Random(seed)
        connection = self.database.connect(autocommit=False)
        first = 1
        try:
            while not self.stopping.is_set():
                with connection.cursor() as cursor:
                    if role == "steady":
                        cursor.execute("SELECT load.step(%s, %s)", (first, chance.randint(1, 9)))
                        first = (first + 9) % 8000
                    elif role == "late":
                        for _ in range(3):
                            moment = MOMENTS[chance.choice(list(MOMENTS))]
                            cursor.execute("SELECT load.touch(%s, %s)", (chance.randint(1, 8), moment))
                            self.stopping.wait(chance.uniform(0, 0.5))
                    else:
                        if chance.random() < 0.3:
                            cursor.execute("SAVEPOINT s")
                        cursor.execute("SELECT load.touch(%s, %s)", (chance.randint(1, 12), MOMENTS[role]))
                connection.rollback() if role != "steady" and chance.random() < 0.1 else connection.commit()
                self.stopping.wait(chance.uniform(0.002, 0.03))
        except Exception as error:
            self.failures.append(error)
        finally:
            connection.close()


def plan_of(chance):
    """What kind of read, and writers that its rule promises to follow."""
    everybody = ["clock", "past", "forgotten", "null", "late"]
    return chance.choice([
        ("heap", "load.items", "merge", [], everybody), ("parted", "load.items", "merge", [], everybody),
        ("heap", "load.items", "append", [], everybody), ("parted", "load.items", "append", [], everybody),
        ("heap", "load.items", "append", [], ["clock", "late", "late"]),
        ("heap", "load.items", "merge", ["--lookback", "2h"], ["clock", "now", "past", "null"]),
        ("heap", "load.items", "append", ["--lookback", "2h"], ["clock", "now", "past", "null"]),
        ("heap", "load.seen", "merge", ["--primary-key", "id"], ["steady"]),
        ("heap", "load.seen", "merge", ["--primary-key", "id", "--lookback", "2h"], ["clock", "now", "past", "null"]),
        ("heap", "load.seen", "append", ["--primary-key", "id"], ["steady"]),
    ])


def run_case(database, seed, figures):
    chance = random.Random(seed)
    if chance.random() < 0.2:
        return run_sqlite(chance, figures)
    kind, stream, conflict, options, roles = plan_of(chance)
    database.run(f"CALL load.make_items('{kind}')")
    story = [f"{kind} {stream} {conflict} {' '.join(options)}"]
    database.run(f"ALTER DATABASE {database.name} RESET ALL")
    for name in chance.sample(sorted(SETTINGS), chance.randint(0, 4)):
        value = chance.choice(SETTINGS[name])
        # A list, as of a date style, stands without quotes.
        text = value if "," in value else f"'{value}'"
        database.run(f"ALTER DATABASE {database.name} SET {name} = {text}")
        figures.settings += 1
        story.append(f"{name} = {value}")
    with Lake(database.url, stream, "--parallel", "2", "--checkpoint-bytes", "1", "--mode", "incremental",
              "--cursor", "at", "--on-conflict", conflict, *options) as lake:
        early = chance.random() < 0.5
        writers = Writers(database, seed, roles) if early else None
        try:
            run_one(lake, chance, figures, story)
            writers = writers or Writers(database, seed, roles)
            for _ in range(chance.randint(2, 4)):
                time.sleep(chance.uniform(0.02, 0.3))
                run_one(lake, chance, figures, story)
                if chance.random() < 0.3:
                    roll_back(lake, chance, figures, story)
                if chance.random() < 0.3:
                    be_others(lake, chance, figures, story)
        finally:
            if writers:
                writers.stop()
        run_one(lake, chance, figures, story)
        try:
            judge(database, lake, stream, conflict, figures, settles=stream == "load.items")
        except Violation as violation:
            raise Violation(f"{violation}\n  {'; '.join(story)}") from None
    figures.cases += 1
    return story


def run_one(lake, chance, figures, story):
    while chance.random() < 0.35:
        by_time = chance.random() < 0.5
        result = lake.interrupted(chance.randint(1, 3), after=chance.uniform(0.02, 0.25) if by_time else None)
        if result is not None:
            break
        figures.killed += 1
        story.append("killed")
        time.sleep(chance.uniform(0, 0.05))
    result = lake.sync()
    figures.runs += 1
    figures.resumed += result["attempts"] > 1
    figures.kept += result["resumed_rows"]
    story.append(f"{result['rows']} rows, {result['replaced_rows']} replaced")
    require(result["consistency"] == "snapshot", "an incremental read is never mixed")


def roll_back(lake, chance, figures, story):
    found = open_table(lake.location).metadata.snapshots
    snapshots = [snapshot.snapshot_id for snapshot in found]
    # A rewrite takes all rows away before it writes them again: nobody goes back to between the two.
    target = chance.choice([s.snapshot_id for s in found if s.summary.operation.value != "delete"])
    subprocess.run([BINARY, "dataset", "rollback", lake.table, "--to", str(target), "--lake", lake.folder],
                   check=True, capture_output=True)
    figures.rollbacks += 1
    story.append(f"rolled back to {snapshots.index(target) + 1} of {len(snapshots)}")


def be_others(lake, chance, figures, story):
    """Maintenance by another engine, which changes no row."""
    for way in chance.choice([["rewrite"], ["expire"], ["rewrite", "expire"]]):
        others.commit(lake.location, way)
        figures.foreign += 1
        story.append(f"others: {way}")


def micros(moment):
    if moment is None:
        return None
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def judge(database, lake, stream, conflict, figures, settles):
    table = open_table(lake.location)
    found = [(r["id"], r["v"], micros(r["at"]), r["note"]) for r in table.scan().to_arrow().to_pylist()]
    source = [(i, v, micros(at), note) for i, v, at, note in database.run(f"SELECT id, v, at, note FROM {stream}")]
    log = database.run("SELECT xid, id, seq FROM load.audit ORDER BY n")
    figures.versions += len(log)
    if conflict == "merge":
        return compare(source, found)
    keys = [(row[0], row[1]) for row in found]
    doubled = {key for key in keys if keys.count(key) > 1} if len(keys) != len(set(keys)) else set()
    require(not doubled, f"versions appended twice: {sorted(doubled)[:3]}")
    lost = set(source) - set(found)
    require(not lost, f"{len(lost)} final rows are not there: {sorted(lost, key=repr)[:3]}")
    strange = set(keys) - {(id, v) for _, id, v in log}
    require(not strange, f"versions that were never committed: {sorted(strange)[:3]}")
    if settles:
        check_settled(table, log, set(keys))


def check_settled(table, log, keys):
    """What every run in the table's history saw as settled has to be there."""
    following, last = {}, {}
    for xid, id, v in log:
        if id in last:
            following[last[id]] = xid
        last[id] = (id, v)
    snapshots = {snapshot.snapshot_id: snapshot for snapshot in table.metadata.snapshots}
    current = table.current_snapshot()
    while current is not None:
        text = (current.summary.additional_properties if current.summary else {}).get("tributary.checkpoint")
        if text:
            facts = json.loads(text)["mark"]["facts"]
            xmin, xmax = int(facts["xmin"]), int(facts["xmax"])
            missed = [(id, v) for xid, id, v in log if xid < xmin and (id, v) not in keys
                      and following.get((id, v), xmax) >= xmax]
            require(not missed, f"versions a run saw and did not append: {missed[:3]}")
        current = snapshots.get(current.parent_snapshot_id)


def compare(source, found):
    require(len(found) == len({row[0] for row in found}), "a key is there twice")
    lost, strange = set(source) - set(found), set(found) - set(source)
    require(not lost and not strange, f"{len(lost)} rows only at the source: {sorted(lost, key=repr)[:2]}; "
            f"{len(strange)} only in the table: {sorted(strange, key=repr)[:2]}")


# SQLite: the cursor grows with every write, and many rows share its highest value.

SQLITE_MOMENTS = {"INTEGER": lambda n: n, "REAL": lambda n: n / 10 + 0.1,
                  "TEXT": lambda n: f"2024-01-01T00:00:{n:08d}"}


def run_sqlite(chance, figures):
    conflict = chance.choice(["merge", "append"])
    type_name = chance.choice(list(SQLITE_MOMENTS))
    moment = SQLITE_MOMENTS[type_name]
    story = [f"sqlite {type_name} {conflict}"]
    with Lake("sqlite:placeholder", "items", "--checkpoint-bytes", "1", "--mode", "incremental", "--cursor", "at",
              "--on-conflict", conflict) as lake:
        path = os.path.join(lake.folder, "source.db")
        lake.arguments[lake.arguments.index("sqlite:placeholder")] = f"sqlite:{path}"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"CREATE TABLE items (id INTEGER PRIMARY KEY, v INTEGER, at {type_name}, note TEXT)")
        versions, state = set(), {"v": 0, "now": 1, "next": 2000}

        def write(count):
            connection.execute("BEGIN")
            for _ in range(count):
                # An append does not see a second version of a row at one moment: rows in turn.
                is_new = chance.random() < 0.4
                if is_new:
                    state["next"] += 1
                state["v"] += 1
                id = state["next"] if is_new else state["v"] % 2000
                row = (id, state["v"], moment(state["now"]), f"note {state['v']}")
                if conflict == "merge" and chance.random() < 0.1:
                    row = (id, state["v"], None, row[3])
                connection.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", row)
                versions.add(row[:2])
                if chance.random() < 0.05:
                    state["now"] += 1
            connection.execute("COMMIT")

        write(2500)
        for _ in range(chance.randint(3, 5)):
            process = lake.start()
            time.sleep(chance.uniform(0, 0.03))
            write(chance.randint(0, 60))
            if chance.random() < 0.3:
                process.kill()
                process.communicate()
                figures.killed += 1
            else:
                result = lake.result(process)
                figures.runs += 1
                story.append(f"{result['rows']} rows")
            if os.path.exists(os.path.join(lake.location, "metadata")):
                if chance.random() < 0.3:
                    roll_back(lake, chance, figures, story)
                if chance.random() < 0.3:
                    be_others(lake, chance, figures, story)
            write(chance.randint(0, 60))
        lake.sync()
        figures.runs += 1
        source = connection.execute("SELECT id, v, at, note FROM items").fetchall()
        connection.close()
        found = [(r["id"], r["v"], r["at"], r["note"]) for r in open_table(lake.location).scan().to_arrow().to_pylist()]
        figures.versions += len(versions)
        try:
            if conflict == "merge":
                compare(source, found)
            else:
                keys = [row[:2] for row in found]
                require(len(keys) == len(set(keys)), "versions appended twice")
                require(not set(source) - set(found), f"final rows lost: {sorted(set(source) - set(found))[:3]}")
                require(not set(keys) - versions, "rows that were never there")
        except Violation as violation:
            raise Violation(f"{violation}\n  {'; '.join(story)}") from None
    figures.cases += 1
    return story
