"""What a server may go through between two attempts: its ids go round, it crashes and forgets what it
had shown, it is set back, a standby takes its place. Each case has a server of its own."""

import os
import shutil
import subprocess
import time

from load_bench import OPTIONS, Bench
from load_later import Items
from load_support import Database, Lake, Violation, execute, require
from private_server import SEGMENT, Server

# A step below the 2^30 that are compared, and one above.
NEAR, FAR = 953, 1100


def burn(connection, count=60):
    for _ in range(count):
        execute(connection, "SELECT pg_current_xact_id()")


def turned_round():
    """Past 2^30, 2^31 and 2^32 in steps that are compared, and one that is not."""
    said = []
    with Server() as server, Database(server.url) as database:
        bench = Bench(database)
        merge, append = Items(database, "heap", "merge"), Items(database, "heap", "append")
        merge.lake.sync()
        append.lake.sync()
        segments = 0
        for number, step in enumerate([NEAR] * 5 + [FAR]):
            bench.cut_off()
            segments += step
            for session in (bench, merge, append):
                (session.main if session is bench else session.connection).close()
            server.jump(segments)
            bench.sessions = []
            bench.main, merge.connection = bench.session(), database.connect()
            append.connection = merge.connection
            bench.update(bench.id_in(bench.there[1][1]))
            # Behind 2^32 the ids of all rows look as if they had been given out just now.
            is_compared = step == NEAR and segments * SEGMENT < 1 << 32
            said.append(f"{segments * SEGMENT / 2**30:.1f} * 2^30: " + bench.finish(
                [bench.there[1]] if is_compared else "all"))
            merge.run("SELECT load.touch(40, 'now()')")
            burn(merge.connection, 5)
            check_runs(merge, append, step, segments)
            bench.lake.__exit__()
            bench.lake = Lake(database.url, "load.plain", *OPTIONS)
        for session in (bench, merge, append):
            session.close()
    return "; ".join(said)


def check_runs(merge, append, step, segments):
    if step == FAR:
        require(merge.lake.sync()["rows"] == merge.run("SELECT count(*) FROM load.items")[0][0],
                "rows were compared over too many transactions")
        return merge_equal(merge)
    merge.lake.sync()
    merge_equal(merge)
    if segments * SEGMENT < 1 << 32:
        append.lake.sync()
        append.expect_once()
    else:
        words = append.lake.sync(fails=True)
        require("more than once" in words, words)


def merge_equal(items):
    source, found = set(items.source()), items.found()
    require(len(found) == len(set(found)) and set(found) == source,
            f"{len(source - set(found))} rows lost, {len(set(found) - source)} strange")


def crashed(later=0):
    """The server shows what it has not written yet (synchronous_commit = off), and crashes."""
    with Server() as server:
        server.set(wal_writer_delay="10s", bgwriter_lru_maxpages="0", autovacuum="off")
        with Database(server.url) as database:
            bench = Bench(database)
            bench.make_room()
            bench.run("CHECKPOINT")
            for _ in range(4):
                bench.insert()
                burn(bench.main)
                bench.cut_off()
                server.control("stop", "-m", "immediate")
                server.control("start")
                bench.main = bench.session()
                if not bench.run("SELECT FROM load.plain WHERE id >= 90000"):
                    break
                bench.run("DELETE FROM load.plain WHERE id >= 90000", "VACUUM load.plain", "CHECKPOINT")
                bench.lake.__exit__()
                bench.lake = Lake(database.url, "load.plain", *OPTIONS)
            return follow(bench, later)


def crashed_durably():
    """All that is committed is on disk; transactions that came to nothing leave no trace, and after a
    crash their ids are given out again."""
    with Server() as server:
        server.set(wal_writer_delay="10s", bgwriter_lru_maxpages="0", autovacuum="off", synchronous_commit="on")
        with Database(server.url) as database:
            bench, items = Bench(database, fill=80), Items(database, "heap", "merge")
            bench.run("CHECKPOINT")
            burn(bench.main)
            items.lake.sync()
            bench.cut_off()
            server.control("stop", "-m", "immediate")
            server.control("start")
            bench.main, items.connection = bench.session(), database.connect()
            bench.update(bench.id_in(bench.there[1][1]))
            items.run("SELECT load.touch(10, 'now()')")
            failures = []
            for prove in (lambda: bench.finish([bench.there[1], bench.range_of(bench.page(bench.changed))],
                                               keeps=False),
                          lambda: (burn(items.connection), items.lake.sync(), merge_equal(items))):
                try:
                    prove()
                except Violation as violation:
                    failures.append(str(violation))
            bench.close()
            items.close()
            require(not failures, "; ".join(failures))
            return "both hold"


def follow(bench, later):
    require(not bench.run("SELECT FROM load.plain WHERE id >= 90000"), "the server has forgotten nothing")
    try:
        bench.land(lambda session: execute(session, "INSERT INTO load.plain VALUES (95000 + (random() * 1e6)::int, "
                                           "2, 'another')"),
                   lambda: bench.run("SELECT max(id) FROM load.plain")[0][0])
        burn(bench.main, later)
        return bench.finish([bench.there[0]], keeps=False)
    finally:
        bench.close()


def set_back():
    """The disk is put back to an earlier copy, as from a snapshot of a machine. Where the log has grown
    past the place it had come to, nothing tells."""
    with Server() as server:
        database = Database(server.url)
        database.__enter__()
        bench = Bench(database)
        bench.make_room()
        bench.main.close()
        copy = server.data + "-copy"
        server.control("stop", "-m", "fast")
        subprocess.run(["cp", "-a", server.data, copy], check=True)
        server.control("start")
        bench.main = bench.session()
        bench.insert()
        burn(bench.main)
        bench.cut_off()
        server.control("stop", "-m", "fast")
        shutil.rmtree(server.data)
        os.rename(copy, server.data)
        server.control("start")
        bench.main = bench.session()
        return follow(bench, 0)


def promoted(later=0):
    """A standby that has not come as far takes the server's place and its address."""
    with Server() as server:
        database = Database(server.url)
        database.__enter__()
        bench = Bench(database)
        bench.make_room()
        bench.main.close()
        standby = server.data + "-standby"
        make_folder(standby, os.stat(server.data))
        server.tool(f"{server.bin}/pg_basebackup", "-h", "127.0.0.1", "-p", server.port, "-U", "postgres", "-D", standby,
                    "-c", "fast", "-X", "stream")
        bench.main = bench.session()
        # It has come as far as this. Many pages to write: the checkpoint behind the promotion, which
        # makes the new timeline known, takes its time.
        bench.run("CREATE TABLE load.filler AS SELECT i, load.pad(i, 1) FROM generate_series(1, 60000) i",
                  "SELECT pg_switch_wal()")
        for name in os.listdir(os.path.join(server.data, "pg_wal")):
            if len(name) == 24:
                subprocess.run(["cp", "-a", os.path.join(server.data, "pg_wal", name),
                                os.path.join(standby, "pg_wal", name)], check=True)
        bench.insert()
        burn(bench.main)
        bench.cut_off()
        server.control("stop", "-m", "immediate")
        os.rename(server.data, server.data + "-old")
        os.rename(standby, server.data)
        open(os.path.join(server.data, "standby.signal"), "w").close()
        server.control("start")
        server.control("promote")
        bench.main = bench.session()
        told = bench.run("SELECT timeline_id, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) "
                         "FROM pg_control_checkpoint()")
        try:
            return f"timelines {told}: " + follow(bench, later)
        except Violation as violation:
            raise Violation(f"timelines {told}: {violation}") from None


def make_folder(folder, like):
    os.mkdir(folder, 0o700)
    os.chown(folder, like.st_uid, like.st_gid)


CASES = {
    "turned-round": turned_round, "crashed": crashed, "crashed-durably": crashed_durably, "crashed-long-ago": lambda: crashed(200),
    "set-back": set_back, "promoted": promoted,
    "promoted-long-ago": lambda: promoted(200),
}


def run(names):
    failures = 0
    for name, case in CASES.items():
        if names and name not in names:
            continue
        started = time.monotonic()
        try:
            print(f"{name}: {case()} ({time.monotonic() - started:.0f} s)", flush=True)
        except Violation as violation:
            failures += 1
            print(f"{name}: VIOLATION: {violation}", flush=True)
    return failures
