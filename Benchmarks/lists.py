"""Measures pages of the API's lists: 100 items of 100,000 schedules and 500,000 runs.

    python3 Benchmarks/lists.py --program .build/release/tributary [--schedules N] [--runs N] [--check MS]

Each page is asked for over HTTP, 30 times by one client; beside the time it took stands the processor's time of the
server, which a busy machine changes little. With --check it fails where half of the requests for a page take
longer than that.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

STAMP = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def make_schedules(lake: str, count: int) -> None:
    folder = os.path.join(lake, "_schedules")
    os.makedirs(folder)
    for number in range(count):
        document = {"id": f"s{number:06}", "source": {"dsn": "sqlite:/none"}, "stream": "t",
                    "dataset": f"bench.t{number:06}", "trigger": "30 2 * * *", "time_zone": "Europe/Berlin",
                    "start": "next", "created_at": STAMP, "created_by": "bench", "description": "one of many",
                    "sync": {"mode": "incremental", "cursor": "updated_at"}}
        with open(os.path.join(folder, f"s{number:06}.json"), "w") as file:
            json.dump(document, file)


def make_runs(lake: str, schedules: int, count: int) -> None:
    """Runs that have ended, one in a thousand of them failed, straight into the metastore."""
    store = sqlite3.connect(os.path.join(lake, "_metastore/metastore.sqlite"))
    chance = random.Random(1)
    begin = 1_700_000_000_000

    def occurrences():
        for number in range(count):
            schedule = number % schedules
            time = begin + number * 1_000
            state = "failed" if chance.random() < 0.001 else "succeeded"
            yield (number + 1, f"r{number}", f"s{schedule:06}", "schedule" if number % 500 else "manual", time, time,
                   time, f"bench.t{schedule:06}", "db", state, time + 500)

    store.executemany(
        "INSERT INTO occurrences (seq, id, schedule_id, origin, scheduled_for, era, asked_at, due_at, claimed_at, target,"
        " pool, state, attempt, started_at, ended_at) VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, 1, 1, ?)", occurrences())
    store.execute(
        "INSERT INTO attempts (occurrence_id, attempt, epoch, started_at, ended_at, end, row_count)"
        " SELECT id, 1, 1, due_at, ended_at, state, 5 FROM occurrences")
    store.commit()
    store.close()


class Server:
    def __init__(self, program: str, lake: str) -> None:
        # Nothing is to be removed for its age.
        self.process = subprocess.Popen([program, "serve", "--lake", lake, "--port", "0", "--history-days", "36500",
                                         "--log-level", "error"], stderr=subprocess.DEVNULL)
        record = os.path.join(lake, "_metastore/server.json")
        while True:
            try:
                with open(record) as file:
                    content = json.load(file)
                if content["process"]["processID"] == self.process.pid:
                    break
            except (OSError, ValueError):
                pass
            if self.process.poll() is not None:
                sys.exit("the server ended")
            time.sleep(0.05)
        host, port = content["url"].removeprefix("http://").split(":")
        with open(os.path.join(lake, "_metastore/admin.token")) as file:
            self.headers = {"Authorization": f"Bearer {file.read().strip()}"}
        self.connection = http.client.HTTPConnection(host, int(port))

    def get(self, path: str) -> dict:
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"{path}: {answer.status} {text[:300]!r}")
        return json.loads(text)

    def processor(self) -> float:
        """Milliseconds of processor time so far."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1_000 / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=500_000)
    parser.add_argument("--check", type=float)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tributary-lists-") as lake:
        make_schedules(lake, options.schedules)
        begin = time.monotonic()
        Server(options.program, lake).stop()
        print(f"first start: {time.monotonic() - begin:.1f} s")
        make_runs(lake, options.schedules, options.runs)
        begin = time.monotonic()
        server = Server(options.program, lake)
        print(f"later start: {time.monotonic() - begin:.1f} s")
        middle = f"s{options.schedules // 2:06}"
        runs = "/api/v1/runs?limit=100"
        pages = {
            "schedules, first page": "/api/v1/schedules?limit=100",
            "schedules, a page in the middle": f"/api/v1/schedules?limit=100&after={middle}",
            "runs, first page": runs,
            "runs, a page in the middle": f"{runs}&before={options.runs // 2}",
            "runs, failed": f"{runs}&state=failed",
            "runs, cancelled (none)": f"{runs}&state=cancelled",
            "runs of a dataset": f"{runs}&dataset=bench.t000007",
            "runs of a dataset, failed": f"{runs}&dataset=bench.t000007&state=failed",
            "runs of a schedule": f"{runs}&schedule={middle}",
            "runs by hand": f"{runs}&origin=manual",
            "datasets": "/api/v1/datasets?limit=100",
        }
        slow = []
        for name, path in pages.items():
            times = []
            before = server.processor()
            for _ in range(30):
                begin = time.monotonic()
                items = server.get(path)["items"]
                times.append((time.monotonic() - begin) * 1_000)
                # The rate of requests is bounded.
                time.sleep(0.01)
            half = statistics.median(times)
            spent = (server.processor() - before) / len(times)
            print(f"{name:34} {len(items):4} items  median {half:6.1f} ms  longest {max(times):6.1f} ms  "
                  f"processor {spent:5.1f} ms")
            if options.check is not None and half > options.check:
                slow.append(name)
        server.stop()
        if slow:
            sys.exit(f"slower than {options.check} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()
