"""Measures the scheduler beside APScheduler: 100,000 schedules whose runs do nothing.

Called by scripts/bench-schedules, which builds `ScheduleBenchmarks`. APScheduler keeps its jobs in memory
here, which is its fastest store and survives nothing; ours writes every occurrence down three times.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone


def ours(program: str, folder: str, seconds: int) -> dict:
    """One run of the scheduler over a lake that is there."""
    done = subprocess.run([program, "run", folder, str(seconds)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def make(program: str, folder: str, count: int, trigger: str, jitter: str) -> None:
    subprocess.run([program, "make", folder, str(count), trigger, jitter], check=True)


def quantile(values: list[float], share: float) -> float:
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def nothing() -> None:
    """What a job does."""


def apscheduler(count: int, seconds: int, herd: bool) -> dict:
    """The same with APScheduler, in this process."""
    from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MISSED
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    late: list[float] = []
    missed = [0]
    lock = threading.Lock()

    def note(event) -> None:
        with lock:
            if event.code == EVENT_JOB_MISSED:
                missed[0] += 1
            else:
                late.append((datetime.now(timezone.utc) - event.scheduled_run_time).total_seconds() * 1000)

    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(10)}, timezone=timezone.utc,
        job_defaults={"misfire_grace_time": 3600, "coalesce": True})
    scheduler.add_listener(note, EVENT_JOB_EXECUTED | EVENT_JOB_MISSED)
    begin = time.monotonic()
    # Jobs are added before it is started, which is its fast way.
    start = datetime.now(timezone.utc) + timedelta(seconds=30)
    for number in range(count):
        offset = 0.0 if herd else random.uniform(0, 60)
        scheduler.add_job(nothing, "interval", seconds=3600 if herd else 60, id=f"s{number}",
                          next_run_time=start + timedelta(seconds=offset))
    scheduler.start()
    ready = time.monotonic() - begin
    time.sleep(max(0.0, (start - datetime.now(timezone.utc)).total_seconds()))
    before = resource.getrusage(resource.RUSAGE_SELF)
    time.sleep(seconds)
    after = resource.getrusage(resource.RUSAGE_SELF)
    with lock:
        values = list(late)
    os_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "schedules": count, "readySeconds": round(ready, 1), "occurrences": len(values), "missed": missed[0],
        "claimP50": round(quantile(values, 0.5)), "claimP99": round(quantile(values, 0.99)),
        "claimMax": round(max(values, default=0)), "processorShare": round(os_seconds / seconds, 3),
        "peakMegabytes": round(after.ru_maxrss * 1024 / 1e6),
    }


def peer(options: argparse.Namespace, herd: bool) -> dict:
    """APScheduler in a process of its own, which can be left behind whatever it still does."""
    arguments = [sys.executable, __file__, "--peer", "--count", str(options.count), "--seconds", str(options.seconds)]
    done = subprocess.run(arguments + (["--herd"] if herd else []), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=90)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--herd", action="store_true")
    options = parser.parse_args()
    if options.peer:
        print(json.dumps(apscheduler(options.count, options.seconds, options.herd)), flush=True)
        # Its threads may have more to do than anybody waits for.
        os._exit(0)
    results = {}
    for kind in ["idle", "spread", "herd"]:
        folder = tempfile.mkdtemp(prefix="tributary-schedules-")
        try:
            if kind == "spread":
                make(options.program, folder, options.count, "@every 1m", "59s")
            else:
                # Far enough that all is written and ready, in one second of the clock.
                moment = datetime.now(timezone.utc) + timedelta(seconds=60 + options.count / 700)
                cron = "0 0 1 1 *" if kind == "idle" else f"{moment.second} {moment.minute} {moment.hour} * * *"
                make(options.program, folder, options.count, cron, "0s")
            # The first start reads every document; what counts is the next one.
            results[f"{kind}, first start"] = ours(options.program, folder, 1)
            seconds = options.seconds
            if kind == "herd":
                seconds = int((moment - datetime.now(timezone.utc)).total_seconds()) + 20
            results[kind] = ours(options.program, folder, seconds)
        finally:
            shutil.rmtree(folder)
        if kind != "idle" and not options.no_peer:
            results[f"{kind}, APScheduler"] = peer(options, kind == "herd")
    names = ["readySeconds", "readyMegabytes", "peakMegabytes", "processorShare", "occurrences", "missed", "early",
             "claimP50", "claimP99", "claimMax", "startP99", "endP99", "span"]
    print(f"{'':24}" + "".join(f"{name:>16}" for name in names))
    for kind, result in results.items():
        print(f"{kind:24}" + "".join(f"{result.get(name, '-')!s:>16.14}" for name in names))


if __name__ == "__main__":
    main()
