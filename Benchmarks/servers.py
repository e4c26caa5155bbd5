"""The benchmark's private servers, by scripts/servers."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A server that runs: its address with the benchmark's database, and its process."""

    name: str
    admin_url: str
    url: str
    pid: int


def environment(home: Path) -> dict[str, str]:
    """What tells scripts/servers that these are not the servers of the tests."""
    # The size of a small production server's cache; the tests' servers have less.
    return os.environ | {"TRIBUTARY_SERVERS": str(home), "TRIBUTARY_SERVERS_MEMORY": "1GB", "TRIBUTARY_SERVERS_TLS": "off"}


def start(root: Path, home: Path, names: list[str], database: str) -> dict[str, Source]:
    """Starts the named servers, whose data stays in a folder from run to run."""
    script = str(root / "scripts" / "servers")
    if subprocess.run([script, "up", *names], env=environment(home)).returncode != 0:
        raise SystemExit("bench: the servers did not start; their message is above")
    lines = (home / "env").read_text(encoding="utf-8")
    settings = dict(re.findall(r"^export (\w+)='?(.*?)'?$", lines, re.MULTILINE))
    sources = {}
    for name in names:
        key = f"TRIBUTARY_TEST_{name.upper()}"
        url = settings[key]
        sources[name] = Source(
            name=name,
            admin_url=url,
            url=url.rpartition("/")[0] + "/" + database,
            pid=int(settings[key + "_PID"]),
        )
    return sources
