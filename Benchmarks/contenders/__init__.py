"""The contenders: how each is started, where it can run, and how its output is to be read.

This module only composes command lines. What runs inside a contender's own process, and may import
whatever it measures, is in the `with_*.py` files beside it.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from data import Table

HERE = Path(__file__).absolute().parent


@dataclass(frozen=True)
class Job:
    """One run: what is read, where it goes, and what the machine has."""

    source: str  # postgres or mariadb
    url: str
    table: Table
    output: Path  # all that is in here afterwards counts as written
    scratch: Path  # for what a tool keeps beside its output; not counted
    binary: Path
    threads: int


@dataclass(frozen=True)
class Command:
    """A program to start, with what its environment needs beyond the runner's."""

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    discard_output: bool = False


@dataclass(frozen=True)
class Contender:
    """One way to read a table."""

    name: str
    about: str
    sources: tuple[str, ...]
    output: str  # iceberg, parquet, or nothing for a drain
    command: Callable[[Job], Command]
    missing: Callable[[str], str | None]  # why it cannot run here, by source
    packages: tuple[str, ...] = ()  # whose versions belong into the report


def needs_program(program: str) -> Callable[[str], str | None]:
    def missing(_: str) -> str | None:
        return None if shutil.which(program) else f"not runnable here: no {program} on the PATH"

    return missing


def needs_modules(*modules: str) -> Callable[[str], str | None]:
    def missing(_: str) -> str | None:
        lacking = [name for name in modules if importlib.util.find_spec(name) is None]
        return f"not runnable here: no Python module {', '.join(lacking)}" if lacking else None

    return missing


def always(_: str) -> str | None:
    return None


def script(name: str, job: Job, *more: str) -> Command:
    """A contender that is a Python program; the address comes by the environment."""
    arguments = [
        sys.executable,
        str(HERE / name),
        *("--source", job.source),
        *("--table", job.table.name),
        *("--partition", job.table.partition),
        *("--threads", str(job.threads)),
        *("--output", str(job.output)),
        *more,
    ]
    environment = {"BENCH_URL": job.url, "BENCH_SCRATCH": str(job.scratch)}
    return Command(arguments, environment)


def drain(job: Job) -> Command:
    """Takes all rows from the server and throws them away: what a single connection can deliver."""
    if job.source == "postgres":
        copy = f"COPY {job.table.name} TO STDOUT (FORMAT binary)"
        arguments = ["psql", "--no-psqlrc", "--quiet", job.url, "-c", copy]
        return Command(arguments, discard_output=True)
    parts = urlsplit(job.url)
    arguments = [
        *("mariadb", "--no-defaults", "--quick", "--batch", "--skip-column-names"),
        *("-h", parts.hostname or "", "-P", str(parts.port), "-u", unquote(parts.username or "")),
        *(parts.path.strip("/"), "-e", f"select * from {job.table.name}"),
    ]
    return Command(arguments, {"MYSQL_PWD": unquote(parts.password or "")}, discard_output=True)


def tributary(*more: str) -> Callable[[Job], Command]:
    def command(job: Job) -> Command:
        database = "public" if job.source == "postgres" else urlsplit(job.url).path.strip("/")
        arguments = [
            *(str(job.binary), "sync", "--source", "env:BENCH_URL"),
            *("--stream", f"{database}.{job.table.name}"),
            *("--lake", str(job.output), "--quiet", *more),
        ]
        return Command(arguments, {"BENCH_URL": job.url})

    return command


def killed(job: Job) -> Command:
    """A sync that is killed at half of its time, and the one that goes on with it."""
    command = tributary()(job)
    return Command([sys.executable, str(HERE / "with_kill.py"), *command.arguments], command.environment)


def sling_program() -> Path | None:
    """Sling's program out of the wheel for this machine."""
    for module in ("sling_linux_amd64", "sling_linux_arm64"):
        found = importlib.util.find_spec(module)
        for folder in (found.submodule_search_locations or []) if found else []:
            for program in sorted(Path(folder, "bin").glob("sling-*")):
                if os.access(program, os.X_OK):
                    return program
    return None


def duckdb_program() -> Path | None:
    """DuckDB's program out of its wheel; Sling writes Parquet by it and would else download one."""
    found = importlib.util.find_spec("duckdb_cli")
    for folder in (found.submodule_search_locations or []) if found else []:
        program = Path(folder, "duckdb")
        if os.access(program, os.X_OK):
            return program
    return None


def sling_missing(_: str) -> str | None:
    if sling_program() is None:
        return "not runnable here: no wheel holds its program for this machine"
    if duckdb_program() is None:
        return "not runnable here: no wheel holds the program of DuckDB it needs"
    return None


def give_extension(home: Path, module: str) -> None:
    """Puts an extension of DuckDB where its program looks for one: below the home folder."""
    found = importlib.util.find_spec(module)
    for folder in (found.submodule_search_locations or []) if found else []:
        for extension in Path(folder, "extensions").glob("*/*.duckdb_extension"):
            machine = "linux_arm64" if platform.machine() == "aarch64" else "linux_amd64"
            place = home / ".duckdb" / "extensions" / extension.parent.name / machine
            place.mkdir(parents=True)
            (place / extension.name).symlink_to(extension)


def sling(job: Job) -> Command:
    give_extension(job.scratch, "duckdb_extension_httpfs")
    schema = "public" if job.source == "postgres" else urlsplit(job.url).path.strip("/")
    url = job.url + ("?sslmode=disable" if job.source == "postgres" else "")
    arguments = [
        *(str(sling_program()), "run"),
        *("--src-conn", "BENCH_URL", "--src-stream", f"{schema}.{job.table.name}"),
        *("--tgt-object", f"file://{job.output}/{job.table.name}.parquet"),
        *("--tgt-options", '{"format": "parquet", "compression": "zstd"}'),
    ]
    environment = {
        "BENCH_URL": url,
        "SLING_HOME_DIR": str(job.scratch),
        "HOME": str(job.scratch),
        "SLING_DISABLE_TELEMETRY": "TRUE",
        "DUCKDB_PATH": str(duckdb_program()),
        # Else it would install from the network an extension that is built in.
        "DUCKDB_USE_INSTALLED_EXTENSIONS": "true",
    }
    return Command(arguments, environment)


BOTH = ("postgres", "mariadb")

CONTENDERS: dict[str, Contender] = {
    contender.name: contender
    for contender in (
        Contender(
            "drain",
            "psql: COPY … TO STDOUT (FORMAT binary) to /dev/null; mariadb --quick to /dev/null",
            BOTH,
            "nothing",
            drain,
            lambda source: needs_program("psql" if source == "postgres" else "mariadb")(source),
        ),
        Contender(
            "tributary", "tributary sync into an Iceberg table", BOTH, "iceberg", tributary(), always
        ),
        Contender(
            "tributary-1",
            "tributary sync --parallel 1: one connection",
            BOTH,
            "iceberg",
            tributary("--parallel", "1"),
            always,
        ),
        *(
            Contender(
                f"tributary-{encodings}",
                f"tributary sync --encoding {encodings}",
                BOTH,
                "iceberg",
                tributary("--encoding", encodings),
                always,
            )
            for encodings in ("balanced", "compact")
        ),
        Contender(
            "tributary-unkept",
            "tributary sync that keeps no checkpoint on the way",
            BOTH,
            "iceberg",
            tributary("--checkpoint-interval", "1d", "--checkpoint-bytes", "1000G"),
            always,
        ),
        Contender(
            "tributary-killed",
            "tributary sync, killed at half of the median time of those before, and once more",
            BOTH,
            "iceberg",
            killed,
            always,
        ),
        Contender(
            "duckdb",
            "DuckDB: COPY (SELECT * FROM attached table) TO Parquet",
            BOTH,
            "parquet",
            lambda job: script("with_duckdb.py", job),
            needs_modules("duckdb"),
            ("duckdb",),
        ),
        Contender(
            "duckdb-unordered",
            "DuckDB as above, with preserve_insertion_order off",
            BOTH,
            "parquet",
            lambda job: script("with_duckdb.py", job, "--unordered"),
            needs_modules("duckdb"),
            ("duckdb",),
        ),
        Contender(
            "adbc",
            "ADBC driver to pyarrow's ParquetWriter, batch by batch",
            ("postgres",),
            "parquet",
            lambda job: script("with_adbc.py", job),
            needs_modules("adbc_driver_postgresql", "pyarrow"),
            ("adbc-driver-postgresql", "pyarrow"),
        ),
        Contender(
            "connectorx",
            "ConnectorX, one partition per thread, to pyarrow's write_table",
            BOTH,
            "parquet",
            lambda job: script("with_connectorx.py", job),
            needs_modules("connectorx", "pyarrow"),
            ("connectorx", "pyarrow"),
        ),
        Contender(
            "dlt",
            "dlt's sql_database with its pyarrow backend to filesystem Parquet",
            BOTH,
            "parquet",
            lambda job: script("with_dlt.py", job, "--backend", "pyarrow"),
            needs_modules("dlt", "sqlalchemy"),
            ("dlt", "sqlalchemy"),
        ),
        Contender(
            "dlt-connectorx",
            "dlt's sql_database with its ConnectorX backend to filesystem Parquet",
            BOTH,
            "parquet",
            lambda job: script("with_dlt.py", job, "--backend", "connectorx"),
            needs_modules("dlt", "connectorx"),
            ("dlt", "connectorx"),
        ),
        Contender(
            "sling",
            "sling run to a Parquet file",
            BOTH,
            "parquet",
            sling,
            sling_missing,
            ("sling-linux-amd64", "sling-linux-arm64"),
        ),
    )
}

# Every way a user would take first; the rest is asked for by name. Sling downloads the DuckDB it is
# made for, which PyPI does not have; with another one its figures and results are not its own.
BY_NAME = (
    "tributary-balanced",
    "tributary-compact",
    "tributary-unkept",
    "tributary-killed",
    "duckdb-unordered",
    "sling",
)
DEFAULT = tuple(name for name in CONTENDERS if name not in BY_NAME)
