"""Runs one process and measures it and the server it reads from.

The client's figures come from `wait4`: CPU of the process and of all it started, memory of the
biggest of them. That peak cannot be lower than the runner's own, because Linux lets a program
begin with the peak of the process that started it; so the runner imports nothing big.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
TICKS = os.sysconf("SC_CLK_TCK")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
CAUSE = re.compile(r"(Error|Exception|error)\s*:\s*\S")


@dataclass(frozen=True)
class Usage:
    """What a run cost."""

    wall: float
    client_cpu: float
    server_cpu: float
    peak_bytes: int


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it cost."""

    usage: Usage
    failure: str | None  # None when it succeeded


class Server:
    """The processes of a database server, seen from outside."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def children(self) -> list[int]:
        """The processes a server has started and not yet waited for; MariaDB has none."""
        found: list[int] = []
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                found += [int(child) for child in (task / "children").read_text().split()]
            except OSError:
                continue  # a thread that just ended
        return found

    def cpu(self) -> float:
        """Seconds of CPU the server has used: its own, of children that ended and that live."""
        ticks = sum(times(self.pid))
        for child in self.children():
            try:
                ticks += sum(times(child))
            except OSError:
                continue  # ended just now: its time is its parent's from the next look on
        return ticks / TICKS

    def settle(self, calm: int, seconds: float) -> None:
        """Waits until not more children live than before a run, so that all were counted."""
        deadline = time.monotonic() + seconds
        while len(self.children()) > calm and time.monotonic() < deadline:
            time.sleep(0.02)


def times(pid: int) -> tuple[int, int, int, int]:
    """A process's utime, stime, cutime and cstime in ticks."""
    # The name before the last parenthesis may hold anything, blanks too.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]), int(fields[12]), int(fields[13]), int(fields[14])


def run(
    arguments: list[str],
    environment: dict[str, str],
    server: Server,
    log: Path,
    discard_output: bool,
    timeout: float,
) -> Ended:
    """Runs a program to its end, or to the timeout, with its words in a log."""
    adopt_orphans()
    # What an earlier run left to be written to disk is not this one's work.
    os.sync()
    calm = len(server.children())
    server_before = server.cpu()
    timed_out = threading.Event()
    with log.open("wb") as words:
        started = time.perf_counter()
        process = subprocess.Popen(
            arguments,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if discard_output else words,
            stderr=words,
            start_new_session=True,
        )

        def stop() -> None:
            timed_out.set()
            kill_group(process.pid)

        timer = threading.Timer(timeout, stop)
        timer.start()
        try:
            _, status, rusage = os.wait4(process.pid, 0)
        finally:
            wall = time.perf_counter() - started
            timer.cancel()
            # Whatever the program left behind, and the program itself when the runner is stopped.
            kill_group(process.pid)
        process.returncode = os.waitstatus_to_exitcode(status)
        client_cpu, peak = with_orphans(process.pid, rusage)
    server.settle(calm, 30 if timed_out.is_set() else 5)
    usage = Usage(
        wall=wall,
        client_cpu=client_cpu,
        server_cpu=server.cpu() - server_before,
        peak_bytes=peak,
    )
    if timed_out.is_set():
        return Ended(usage, f"stopped after {timeout:g} s")
    if process.returncode != 0:
        return Ended(usage, last_words(log, process.returncode))
    return Ended(usage, None)


def adopt_orphans() -> None:
    """Makes this process the parent of processes whose own parent does not wait for them."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def with_orphans(group: int, leader: resource.struct_rusage) -> tuple[float, int]:
    """CPU seconds and peak bytes of a process and of those of its group that it did not wait for."""
    cpu, peak = leader.ru_utime + leader.ru_stime, leader.ru_maxrss
    while True:
        try:
            _, _, rusage = os.wait4(-group, 0)
        except ChildProcessError:
            return cpu, peak * 1024
        cpu += rusage.ru_utime + rusage.ru_stime
        peak = max(peak, rusage.ru_maxrss)


def kill_group(pid: int) -> None:
    """Ends a session's processes, if any is left."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def last_words(log: Path, code: int) -> str:
    """The line of a log that says why a program failed."""
    text = COLOURS.sub("", log.read_text(errors="replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ended = f"ended by signal {-code}" if code < 0 else f"exit code {code}"
    if not lines:
        return ended
    # Tools put the cause on different lines: after the name of an exception, at a line that begins
    # with the word error, or last.
    causes = [line for line in lines if CAUSE.search(line)]
    words = (causes or lines)[-1]
    return f"{words[:200]}{'…' if len(words) > 200 else ''} ({ended})"


def bytes_in(folder: Path) -> int:
    """The size of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
