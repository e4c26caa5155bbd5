"""What a reader has to know of the machine to make sense of the figures."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path


def field(path: str, name: str) -> str | None:
    """A field of a file of `name: value` lines."""
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        key, separator, value = line.partition(":")
        if separator and key.strip() == name:
            return value.strip()
    return None


def cpu() -> str:
    """The processor's name, and whether it is one at all or a share of one."""
    name = field("/proc/cpuinfo", "model name") or platform.processor() or platform.machine()
    flags = (field("/proc/cpuinfo", "flags") or "").split()
    return f"{name}, virtual machine" if "hypervisor" in flags else name


def memory_gib() -> float:
    kibibytes = (field("/proc/meminfo", "MemTotal") or "0 kB").split()[0]
    return int(kibibytes) / (1 << 20)


def system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def cores() -> int:
    """The cores this process may use, which is what a contender sees."""
    return len(os.sched_getaffinity(0))


def said_by(arguments: list[str], folder: Path) -> str | None:
    """The first line a program prints, or nothing if it cannot."""
    try:
        done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else None


def version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def describe() -> dict[str, str]:
    """The machine, as lines of the report."""
    return {
        "CPU": cpu(),
        "Cores": str(cores()),
        "Memory": f"{memory_gib():.1f} GiB",
        "Kernel": f"{platform.system()} {platform.release()}",
        "System": system(),
    }
