"""Runs the contenders against the tables, round by round, and writes the report.

The runner's own memory is the floor of every peak it measures: it imports nothing but the standard
library, and whatever needs a driver or DuckDB is a process of its own.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import resource
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import machine
import measure
import report
import servers
from contenders import CONTENDERS, DEFAULT, Contender, Job
from data import TABLES

ROOT = Path(__file__).absolute().parent.parent
HERE = Path(__file__).absolute().parent
SOURCES = ("postgres", "mariadb")
DATABASE = "bench"


def say(message: str) -> None:
    print(f"bench: {message}", file=sys.stderr, flush=True)


def fail(message: str) -> NoReturn:
    say(message)
    raise SystemExit(2)


def listed(kind: str, known: tuple[str, ...]) -> Any:
    """A parser of names separated by commas."""

    def parse(text: str) -> list[str]:
        names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            wrong = ", ".join(unknown) or "nothing"
            raise argparse.ArgumentTypeError(f"no {kind} {wrong}; there are {', '.join(known)}")
        return names

    return parse


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def at_least_one(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def path(text: str) -> Path:
    """A path as the caller means it, who may be in another folder."""
    return Path(os.environ.get("BENCH_CALLER", "."), text).absolute()


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures Tributary and its peers on the same tables, and checks what they wrote.",
        epilog="contenders: "
        + "; ".join(f"{contender.name}: {contender.about}" for contender in CONTENDERS.values()),
        allow_abbrev=False,
    )
    parser.add_argument("--scale", type=positive, default=1.0, help="1 is 6 M rows of lineitem (1)")
    parser.add_argument("--rounds", type=at_least_one, default=5, help="runs of each contender (5)")
    parser.add_argument("--tables", type=listed("table", tuple(TABLES)), default=list(TABLES))
    parser.add_argument("--sources", type=listed("source", SOURCES), default=["postgres"])
    parser.add_argument(
        "--contenders", type=listed("contender", tuple(CONTENDERS)), default=list(DEFAULT)
    )
    parser.add_argument("--output", type=path, help="the report (.bench/results/DATE.md)")
    parser.add_argument("--binary", type=path, default=ROOT / ".build/release/tributary")
    parser.add_argument("--timeout", type=positive, default=600.0, help="seconds for one run (600)")
    parser.add_argument(
        "--threads",
        type=at_least_one,
        default=machine.cores(),
        help="threads or partitions of peers that want a number (the cores)",
    )
    parser.add_argument(
        "--check",
        choices=("every", "first", "none"),
        default="every",
        help="which runs' outputs are compared with the source (every)",
    )
    return parser.parse_args(arguments)


@dataclass(frozen=True)
class Folders:
    """Where a run keeps what it makes, all on the file system of the clone."""

    home: Path

    @property
    def servers(self) -> Path:
        return self.home / "servers"

    @property
    def work(self) -> Path:
        return self.home / "work"

    @property
    def output(self) -> Path:
        return self.home / "output"

    @property
    def results(self) -> Path:
        return self.home / "results"


def load(source: servers.Source, options: argparse.Namespace, folders: Folders) -> Path:
    """Loads a source's tables in a process of its own; answers with the file of their figures."""
    answer = folders.work / f"{source.name}.json"
    arguments = [
        *(sys.executable, str(HERE / "load.py"), "--source", source.name),
        *("--scale", repr(options.scale), "--tables", ",".join(options.tables)),
        *("--work", str(folders.work / "load"), "--output", str(answer)),
    ]
    environment = os.environ | {"BENCH_SOURCE": source.admin_url}
    loaded = subprocess.run(arguments, env=environment)
    # The generator's tables and a file that was half loaded are of no use to a later run.
    shutil.rmtree(folders.work / "load", ignore_errors=True)
    if loaded.returncode != 0:
        fail(f"loading {source.name} failed; the message is above")
    return answer


def check(contender: Contender, source: str, table: str, figures: Path, output: Path) -> dict[str, Any]:
    """The verdict on a run's output."""
    if contender.output == "nothing":
        return {"status": "drain", "detail": ""}
    arguments = [
        *(sys.executable, str(HERE / "check.py"), "--source", source, "--table", table),
        *("--figures", str(figures), "--kind", contender.output, "--output", str(output)),
    ]
    done = subprocess.run(arguments, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        return {"status": "wrong", "detail": "the check itself failed; its message is above"}
    verdict: dict[str, Any] = json.loads(done.stdout)
    return verdict


class Bench:
    """One benchmark: its settings, and the results so far."""

    def __init__(self, options: argparse.Namespace, folders: Folders) -> None:
        self.options = options
        self.folders = folders
        self.runs: list[dict[str, Any]] = []

    def one(
        self, contender: Contender, source: servers.Source, table: str, round_number: int, figures: Path
    ) -> dict[str, Any]:
        """Runs a contender once on a table."""
        output, scratch = self.folders.output / "data", self.folders.output / "scratch"
        shutil.rmtree(self.folders.output, ignore_errors=True)
        output.mkdir(parents=True)
        scratch.mkdir()
        job = Job(
            source=source.name,
            url=source.url,
            table=TABLES[table],
            output=output,
            scratch=scratch,
            binary=self.options.binary.resolve(),
            threads=self.options.threads,
        )
        command = contender.command(job)
        log = self.folders.work / f"{source.name}-{table}-{contender.name}.log"
        ended = measure.run(
            command.arguments,
            os.environ | command.environment | self.half(source.name, table),
            measure.Server(source.pid),
            log,
            command.discard_output,
            self.options.timeout,
        )
        result: dict[str, Any] = {
            "source": source.name,
            "table": table,
            "contender": contender.name,
            "round": round_number,
            "wall_seconds": round(ended.usage.wall, 4),
            "client_cpu_seconds": round(ended.usage.client_cpu, 4),
            "server_cpu_seconds": round(ended.usage.server_cpu, 4),
            "peak_bytes": ended.usage.peak_bytes,
            "written_bytes": measure.bytes_in(output),
        }
        if ended.failure is not None:
            result |= {"status": "failed", "detail": self.without_secrets(ended.failure, source)}
        elif self.options.check == "none" or (self.options.check == "first" and round_number > 1):
            result |= {"status": "unchecked", "detail": ""}
        else:
            result |= check(contender, source.name, table, figures, output)
        shutil.rmtree(self.folders.output, ignore_errors=True)
        return result

    def half(self, source: str, table: str) -> dict[str, str]:
        """Half of what `tributary` took for the table so far, for those that are to be killed then."""
        taken = [
            run["wall_seconds"]
            for run in self.runs
            if (run["contender"], run["source"], run["table"]) == ("tributary", source, table)
        ]
        return {"BENCH_HALF": str(statistics.median(taken) / 2)} if taken else {}

    @staticmethod
    def without_secrets(text: str, source: servers.Source) -> str:
        """A tool's message, without the password that its address may bring in."""
        password = source.url.partition("@")[0].rpartition(":")[2]
        return text.replace(password, "…")

    def warm(self, source: servers.Source, table: str, figures: Path) -> None:
        """Reads the table once, so that the first contender does not pay for a cold cache."""
        drain = CONTENDERS["drain"]
        if drain.missing(source.name) is None:
            self.one(drain, source, table, 0, figures)

    def measure(self, source: servers.Source, figures: Path) -> None:
        """All rounds on all tables of a source."""
        contenders = []
        for name in self.options.contenders:
            contender = CONTENDERS[name]
            reason = contender.missing(source.name)
            if source.name not in contender.sources:
                reason = f"does not read {source.name}"
            if reason is None:
                contenders.append(contender)
                continue
            say(f"{source.name}: {name}: {reason}")
            for table in self.options.tables:
                self.runs.append(
                    {
                        "source": source.name,
                        "table": table,
                        "contender": name,
                        "round": 0,
                        "status": "absent",
                        "detail": reason,
                    }
                )
        for table in self.options.tables:
            self.warm(source, table, figures)
            given_up: set[str] = set()
            for number in range(1, self.options.rounds + 1):
                # Another one begins in each round: nobody always runs after the same neighbour's end.
                turn = (number - 1) % max(1, len(contenders))
                for contender in contenders[turn:] + contenders[:turn]:
                    if contender.name in given_up:
                        continue
                    result = self.one(contender, source, table, number, figures)
                    self.runs.append(result)
                    self.tell(result)
                    # What failed for a reason of its own would only fail again.
                    if result["status"] == "failed":
                        given_up.add(contender.name)

    def tell(self, result: dict[str, Any]) -> None:
        """One line of progress."""
        where = f"{result['source']} {result['table']} {result['round']}/{self.options.rounds}"
        verdict = result["status"] + (f" ({result['detail']})" if result["detail"] else "")
        say(
            f"{where} {result['contender']}: {result['wall_seconds']:.2f} s, "
            f"client CPU {result['client_cpu_seconds']:.2f} s, "
            f"server CPU {result['server_cpu_seconds']:.2f} s, "
            f"{result['peak_bytes'] / 1e6:.0f} MB, {verdict}"
        )


def versions(options: argparse.Namespace, loaded: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The versions of all that took part."""
    found: dict[str, str] = {}
    commit = machine.said_by(["git", "rev-parse", "--short", "HEAD"], ROOT)
    own = machine.said_by([str(options.binary.resolve()), "--version"], ROOT) or "of unknown version"
    found["Tributary"] = own + (f" (commit {commit})" if commit else "")
    for answer in loaded.values():
        name, _, version = answer["version"].partition(" ")
        found[name] = version
    for name in options.contenders:
        for package in CONTENDERS[name].packages:
            version = machine.version(package)
            if version:
                found[package] = version
    return found


def main() -> int:
    # Ends by an exception, so that what has been started is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = parse_arguments(sys.argv[1:])
    folders = Folders(ROOT / ".bench")
    if not os.access(options.binary, os.X_OK):
        fail(f"{options.binary} is no program; build it with `make release`, or name one by --binary")
    folders.work.mkdir(parents=True, exist_ok=True)
    started = datetime.datetime.now(datetime.UTC)
    target = options.output or folders.results / f"{started:%Y-%m-%d-%H%M%S}.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    load_average = os.getloadavg()[0]
    running = servers.start(ROOT, folders.servers, options.sources, DATABASE)
    bench = Bench(options, folders)
    loaded: dict[str, dict[str, Any]] = {}
    figures: dict[str, Path] = {}
    for name, source in running.items():
        figures[name] = load(source, options, folders)
        loaded[name] = json.loads(figures[name].read_text(encoding="utf-8"))
    complete = False
    try:
        for name, source in running.items():
            bench.measure(source, figures[name])
        complete = True
    finally:
        # A run that was stopped leaves what it has measured.
        shutil.rmtree(folders.output, ignore_errors=True)
        facts = {
            "date": f"{started:%Y-%m-%d %H:%M} UTC",
            "command": shlex.join(["scripts/bench", *sys.argv[1:]]),
            "scale": options.scale,
            "rounds": options.rounds,
            "complete": complete,
            "threads": options.threads,
            "floor_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "load_average": round(load_average, 2),
            "machine": machine.describe(),
            "versions": versions(options, loaded),
            "tables": {
                name: {
                    table: {key: value for key, value in facts.items() if key != "figures"}
                    for table, facts in answer["tables"].items()
                }
                for name, answer in loaded.items()
            },
            "contenders": {name: CONTENDERS[name].about for name in options.contenders},
        }
        report.write(target, facts, bench.runs)
        say(f"the report is {target}, the single runs are in {target.with_suffix('.json').name} beside it")
    wrong = [
        run
        for run in bench.runs
        if run["contender"].startswith("tributary") and run["status"] in ("wrong", "altered")
    ]
    for run in wrong:
        say(f"WRONG: {run['contender']} on {run['source']} {run['table']}: {run['detail']}")
    return 1 if wrong else 0
