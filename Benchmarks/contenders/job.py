"""The command line that all contenders written in Python share."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit


@dataclass(frozen=True)
class Job:
    source: str
    url: str
    table: str
    partition: str
    threads: int
    output: str
    scratch: str

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def schema(self) -> str:
        """The schema the tables are in; MariaDB's databases are schemas."""
        return "public" if self.source == "postgres" else self.parts.path.strip("/")

    @property
    def attach(self) -> str:
        """The source's address as libpq and DuckDB's MySQL extension write it."""
        parts = self.parts
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        database = parts.path.strip("/")
        if self.source == "postgres":
            return (
                f"host={parts.hostname} port={parts.port} user={user} password={password} "
                f"dbname={database}"
            )
        return (
            f"host={parts.hostname} port={parts.port} user={user} password={password} "
            f"database={database}"
        )

    def url_for(self, scheme: str) -> str:
        """The same address under another scheme."""
        return self.parts._replace(scheme=scheme).geturl()


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser()
    for name in ("source", "table", "partition", "output"):
        result.add_argument(f"--{name}", required=True)
    result.add_argument("--threads", type=int, required=True)
    return result


def job(options: argparse.Namespace) -> Job:
    return Job(
        source=options.source,
        url=os.environ["BENCH_URL"],
        table=options.table,
        partition=options.partition,
        threads=options.threads,
        output=options.output,
        scratch=os.environ["BENCH_SCRATCH"],
    )
