"""One change between two attempts, each with the page ranges that may and must not stay after it.

A change is told what the first attempt had read and names the page ranges it has touched; all
other ranges have to stay, for else the proof would be of no use, and none of these may.
"""

import io
import time

from load_bench import ROWS, Bench
from load_support import Database, Violation, execute, require

# Each case: what it does, then the ranges it must have touched.


def nothing(bench):
    bench.cut_off()
    return []


def aborted(bench):
    bench.cut_off()
    bench.run("BEGIN", f"UPDATE load.plain SET v = 0 WHERE id < {ROWS // 2}", "ROLLBACK")
    bench.run("BEGIN", "SAVEPOINT a", f"DELETE FROM load.plain WHERE id < {ROWS // 2}", "ROLLBACK TO a", "COMMIT")
    return []


def hot_update(bench):
    bench.cut_off()
    id = bench.id_in(bench.there[1][1])
    before = bench.page(id)
    bench.update(id)
    require(bench.page(id) == before, "the row moved")
    return [bench.range_of(before)]


def moved_back(bench):
    """A row from pages not yet read comes into room among those that were."""
    bench.make_room()
    bench.cut_off()
    id = bench.unread()
    bench.land(lambda session: bench.update(id, session), lambda: id)
    return [bench.there[0]]


def moved_on(bench):
    """A row that was read goes behind all that was: seen twice or changed, if the range stayed."""
    bench.cut_off()
    id = bench.id_in(bench.there[0][1])
    bench.update(id)
    require(not bench.range_of(bench.page(id)), "the row stayed near")
    return [bench.there[0]]


def swapped(bench):
    """As many rows taken out as put in, in one range."""
    bench.make_room()
    bench.cut_off()
    bench.run(f"DELETE FROM load.plain WHERE id = {bench.id_in(bench.there[0][1] + 10)}")
    bench.insert()
    return [bench.there[0]]


def exchanged(bench):
    """A transaction open at the first snapshot is committed, another row goes: counts are equal."""
    bench.make_room()
    other = bench.session()
    execute(other, "BEGIN", "SAVEPOINT s", "INSERT INTO load.plain VALUES (90000, 1, load.pad(90000, 1))",
            "RELEASE s")
    for _ in range(50):
        bench.run("SELECT pg_current_xact_id()")
    bench.cut_off()
    execute(other, "COMMIT")
    require(bench.range_of(bench.page(90000)) == bench.there[0], "the new row lies elsewhere")
    bench.run(f"DELETE FROM load.plain WHERE id = {bench.id_in(bench.there[0][1] + 10)}")
    return [bench.there[0]]


def subtransaction_later(bench):
    """The parent was open at the first snapshot; the subtransaction wrote after it."""
    other = bench.session()
    execute(other, "BEGIN", "SELECT pg_current_xact_id()")
    for _ in range(50):
        bench.run("SELECT pg_current_xact_id()")
    bench.cut_off()
    execute(other, "SAVEPOINT s")
    id = bench.id_in(bench.there[1][1])
    bench.update(id, other)
    execute(other, "RELEASE s", "COMMIT")
    return [bench.there[1]]


def prepared(bench):
    other = bench.session()
    execute(other, "BEGIN")
    bench.update(20, other)
    execute(other, "PREPARE TRANSACTION 'targeted'")
    for _ in range(50):
        bench.run("SELECT pg_current_xact_id()")
    bench.cut_off()
    bench.run("COMMIT PREPARED 'targeted'")
    return [bench.range_of(0)]


def frozen(bench):
    """Rows that were changed and then frozen still count as changed, all others as before."""
    bench.cut_off()
    bench.update(bench.id_in(bench.there[1][1]))
    bench.run("VACUUM (FREEZE, DISABLE_PAGE_SKIPPING) load.plain")
    return [bench.there[1]]


def locked(bench):
    """Locks and multixacts are no changes."""
    bench.cut_off()
    other = bench.session()
    bench.run("BEGIN", "SELECT FROM load.plain WHERE id < 2000 FOR KEY SHARE")
    execute(other, "BEGIN", "SELECT FROM load.plain WHERE id < 2000 FOR SHARE")
    execute(other, "COMMIT")
    bench.run("COMMIT")
    return []


def copy_freeze(bench):
    bench.cut_off()
    bench.run("BEGIN", "CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM load.plain", "TRUNCATE load.plain")
    with bench.main.cursor() as cursor:
        buffer = io.BytesIO()
        cursor.copy_expert("COPY (SELECT id, v + 1, load.pad(id, v + 1), extra FROM kept ORDER BY id) TO STDOUT", buffer)
        cursor.copy_expert("COPY load.plain FROM STDIN (FREEZE)", io.BytesIO(buffer.getvalue()))
    bench.run("COMMIT")
    return "all"


def statements(*list, touched="all"):
    def change(bench):
        bench.cut_off()
        bench.run(*list)
        return touched
    return change


def detached_and_back(bench):
    bench.cut_off(6)
    bench.run("ALTER TABLE load.plain DETACH PARTITION load.p0",
              "UPDATE load.p0 SET v = 2, pad = load.pad(id, 2) WHERE id = 5",
              "ALTER TABLE load.plain ATTACH PARTITION load.p0 FOR VALUES FROM (0) TO (14000)")
    leaf = bench.run("SELECT 'load.p0'::regclass::oid::text")[0][0]
    # The row went to another page of its partition.
    pages = (0, bench.page(5))
    return [r for r in bench.there if r[0].startswith(leaf + "/")
            and any(r[1] <= page and (r[2] is None or page < r[2]) for page in pages)]


def detached(bench):
    bench.cut_off(6)
    bench.run("ALTER TABLE load.plain DETACH PARTITION load.p0")
    leaf = bench.run("SELECT 'load.p0'::regclass::oid::text")[0][0]
    return [r for r in bench.there if r[0].startswith(leaf + "/")]


def renamed_reference(bench):
    """The text of a regclass is a name, which changes without a write to the row."""
    bench.run("DROP TABLE IF EXISTS load.target, load.target2", "CREATE TABLE load.target ()",
              "UPDATE load.plain SET extra = 'load.target'",
              "VACUUM FULL load.plain")
    bench.cut_off()
    bench.run("ALTER TABLE load.target RENAME TO target2")
    return "all"


RENAME = "ALTER TYPE load.mood RENAME VALUE 'bad' TO 'sad'"


def mood(columns, value, statement=RENAME):
    def change(bench):
        bench.run(f"UPDATE load.plain SET extra = {value}", "VACUUM FULL load.plain")
        bench.settle()
        bench.cut_off()
        bench.run(statement)
        return "all"
    change.columns = columns
    return change


renamed_reference.columns = "extra regclass"
hot_update.fill = 80
for case in (detached, detached_and_back):
    case.partitioned = True

CASES = {
    "nothing": nothing, "aborted": aborted, "hot-update": hot_update, "moved-back": moved_back,
    "moved-on": moved_on, "swapped": swapped, "exchanged": exchanged,
    "subtransaction-later": subtransaction_later, "prepared": prepared, "frozen": frozen, "locked": locked,
    "copy-freeze": copy_freeze,
    "vacuum-full": statements("VACUUM FULL load.plain"),
    "cluster": statements("CLUSTER load.plain USING plain_id_idx"),
    "truncate": statements("TRUNCATE load.plain"),
    "truncate-and-fill": statements("TRUNCATE load.plain",
                                    "INSERT INTO load.plain SELECT i, 2, load.pad(i, 2), 1 "
                                    f"FROM generate_series(1, {ROWS - 1}) i"),
    "add-column": statements("ALTER TABLE load.plain ADD COLUMN more int DEFAULT 5"),
    "drop-column": statements("ALTER TABLE load.plain DROP COLUMN extra"),
    "type-rewrite": statements("ALTER TABLE load.plain ALTER extra TYPE bigint USING 5"),
    "type-kept": statements("ALTER TABLE load.plain ALTER pad TYPE varchar"),
    "rename-column": statements("ALTER TABLE load.plain RENAME extra TO other"),
    "detached": detached, "detached-and-back": detached_and_back,
    "label": mood("extra load.mood", "'bad'"),
    "label-in-array": mood("extra load.mood[]", "'{good,bad}'"),
    "label-in-composite": mood("extra load.pair", "'(1,bad)'"),
    "label-in-domain": mood("extra load.moods", "'bad'"),
    "label-in-range": mood("extra load.moodspan", "'[good,bad]'"),
    "attribute-renamed": mood("extra load.pair", "'(1,bad)'", "ALTER TYPE load.pair RENAME ATTRIBUTE a TO b"),
    "attribute-added": mood("extra load.pair", "'(1,bad)'", "ALTER TYPE load.pair ADD ATTRIBUTE c int"),
    "renamed-reference": renamed_reference,
}


def run(names):
    failures = 0
    with Database() as database:
        prepares = int(database.run("SHOW max_prepared_transactions")[0][0]) > 0
        for name, case in CASES.items():
            if (names and name not in names) or (name == "prepared" and not prepares):
                continue
            started = time.monotonic()
            bench = Bench(database, getattr(case, "columns", "extra int"), getattr(case, "fill", 100),
                          partitioned=getattr(case, "partitioned", False))
            try:
                dropped = case(bench)
                words = bench.finish(dropped) if dropped is not None else "equal"
                print(f"{name}: {words} ({time.monotonic() - started:.1f} s)", flush=True)
            except Violation as violation:
                failures += 1
                print(f"{name}: VIOLATION: {violation}", flush=True)
            finally:
                bench.close()
    return failures
