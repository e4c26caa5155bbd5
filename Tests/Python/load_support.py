"""What the load tests share: the server, the program, the ledgers of a lake."""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg2

from private_server import ROOT, with_admin

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = os.environ.get("TRIBUTARY_BINARY") or os.path.join(ROOT, ".build/release/tributary")
# The server's address; load.py sets it.
SERVER = ""


class Violation(Exception):
    """What must never be."""


def require(holds, words):
    if not holds:
        raise Violation(words)


class Database:
    """A database of this process, dropped at the end."""

    def __init__(self, server=None):
        self.server = server or SERVER
        self.name = f"load_{os.getpid()}"
        self.url = re.sub(r"/[^/?]*(\?|$)", f"/{self.name}\\1", self.server)

    def __enter__(self):
        with_admin(self.server, f"DROP DATABASE IF EXISTS {self.name}", f"CREATE DATABASE {self.name}")
        with open(os.path.join(HERE, "load.sql")) as file:
            self.run(file.read())
        return self

    def __exit__(self, *_):
        # What a failed case left prepared would keep the database.
        for (name,) in self.run("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"):
            self.run(f"ROLLBACK PREPARED '{name}'")
        with_admin(self.server, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def connect(self, autocommit=True):
        connection = psycopg2.connect(self.url)
        connection.autocommit = autocommit
        return connection

    def run(self, *statements):
        """Runs statements, each by itself; the rows of the last one."""
        connection = self.connect()
        try:
            return execute(connection, *statements)
        finally:
            connection.close()


def execute(connection, *statements):
    rows = None
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else None
    return rows


class Lake:
    """A lake of its own, removed at the end, and the runs of one table in it."""

    def __init__(self, source, stream, *options):
        self.folder = tempfile.mkdtemp(prefix="tributary-load-")
        self.table = stream if "." in stream else f"main.{stream}"
        self.arguments = [BINARY, "sync", "--source", source, "--stream", stream, "--lake", self.folder,
                          "--json", "--quiet", *options]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def location(self):
        return os.path.join(self.folder, "warehouse", *self.table.split("."))

    def start(self, *options):
        return subprocess.Popen([*self.arguments, *options], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def sync(self, *options, fails=False):
        """Runs to the end; the result of the stream."""
        return self.result(self.start(*options), fails)

    def result(self, process, fails=False):
        output, errors = process.communicate(timeout=600)
        if fails:
            require(process.returncode != 0, f"the sync should have failed: {output}")
            return errors + output
        require(process.returncode == 0, f"the sync failed ({process.returncode}): {errors} {output}")
        return json.loads(output)["streams"][0]

    def checkpoints(self):
        """Files of the ledgers: about the number of checkpoints."""
        return len(glob.glob(os.path.join(self.folder, "_runs", *self.table.split("."), "*", "*.json")))

    def interrupted(self, count, *options, after=None):
        """Kills an attempt when `count` more checkpoints are there; or its result if it was faster."""
        known = self.checkpoints()
        process = self.start(*options)
        deadline = None if after is None else time.monotonic() + after
        while process.poll() is None:
            if deadline is not None and time.monotonic() >= deadline:
                break
            # The entry that begins an attempt comes first.
            if deadline is None and self.checkpoints() - known > count:
                break
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        output, errors = process.communicate(timeout=600)
        if process.returncode == -signal.SIGKILL:
            return None
        require(process.returncode == 0, f"the sync failed ({process.returncode}): {errors} {output}")
        return json.loads(output)["streams"][0]

    def ledgers(self):
        """The entries of each run, by its number."""
        runs = {}
        for folder in glob.glob(os.path.join(self.folder, "_runs", *self.table.split("."), "*")):
            count = len(glob.glob(os.path.join(folder, "*.json")))
            entries = []
            for number in range(count):
                with open(os.path.join(folder, f"{number}.json")) as file:
                    entries.append(json.load(file)["event"])
            runs[int(os.path.basename(folder))] = entries
        return dict(sorted(runs.items()))

    def forge(self):
        """Lets every row of an earlier attempt look old: a proof that is none."""
        for path in glob.glob(os.path.join(self.folder, "_runs", *self.table.split("."), "*", "*.json")):
            with open(path) as file:
                entry = json.load(file)
            for kind in ("begun", "resumed"):
                if kind in entry["event"]:
                    facts = entry["event"][kind]["mark"]["facts"]
                    facts["xmin"] = str(int(facts["xmin"]) + 100_000)
                    with open(path, "w") as file:
                        json.dump(entry, file)

    def resumes(self):
        """For each attempt that resumed a run: checkpoints there were, and those kept."""
        found = []
        for entries in self.ledgers().values():
            there = {}
            for number, event in enumerate(entries):
                if "checkpoint" in event:
                    there[number] = event["checkpoint"]["part"]
                if "resumed" in event:
                    kept = set(event["resumed"]["kept"])
                    found.append((there, {n: part for n, part in there.items() if n in kept}))
                    there = found[-1][1].copy()
        return found

    def mark(self):
        """The facts of the source's snapshot that the last attempt read in."""
        facts = None
        for event in list(self.ledgers().values())[-1]:
            for kind in ("begun", "resumed"):
                if kind in event:
                    facts = event[kind]["mark"]["facts"]
        return facts


def ranges(parts):
    """The page ranges of parts: heap, first page, end or None."""
    return [(r["heap"], r["first"], r.get("end")) for part in parts.values()
            for piece in part["pieces"] for r in [piece["slice"]["range"]["pages"]]]
