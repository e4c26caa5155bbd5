"""The report: a table of medians and ratios per source table, and the single runs as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

# The contender all ratios are taken to.
REFERENCE = "tributary"

MEASURED = ("exact", "altered", "wrong", "drain", "unchecked")


def write(path: Path, facts: dict[str, Any], runs: list[dict[str, Any]]) -> None:
    """Writes the report and, beside it, everything it was made from."""
    path.write_text(markdown(facts, runs), encoding="utf-8")
    raw = json.dumps({**facts, "runs": runs}, indent=1, ensure_ascii=False)
    path.with_suffix(".json").write_text(raw + "\n", encoding="utf-8")


def markdown(facts: dict[str, Any], runs: list[dict[str, Any]]) -> str:
    """The whole report."""
    rounds = facts["rounds"]
    lines = ["# Benchmark", "", f"{facts['date']}, made by", "", f"    {facts['command']}", ""]
    lines += ["| machine | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in facts["machine"].items()]
    lines += [f"| Load before the first run | {facts['load_average']} |"]
    lines += ["", "Versions: " + ", ".join(f"{k} {v}" for k, v in facts["versions"].items()) + ".", ""]
    if not facts["complete"]:
        lines += ["**This benchmark was stopped before its end; there are fewer rounds than asked for.**", ""]
    lines += [
        f"Medians of {rounds} interleaved round{'s' if rounds > 1 else ''}, least and most wall time in "
        "parentheses. The server runs on the same machine, its data in memory. Ratios are to "
        f"`{REFERENCE}`: 2.00 is twice as long. MB are 10^6 bytes. Client CPU is user and system time "
        "of all processes of a contender, peak that of its biggest process (not to be told apart below "
        f"{facts['floor_bytes'] / 1e6:.0f} MB), server CPU that of all processes of the database server. "
        f"Peers that want a number of threads get {facts['threads']}.",
        "",
    ]
    for source, tables in facts["tables"].items():
        for table, size in tables.items():
            chosen = [run for run in runs if run["source"] == source and run["table"] == table]
            if not chosen:
                continue
            lines += [
                f"## {source}: {table}",
                "",
                f"{size['rows']:,} rows, {size['bytes'] / 1e6:,.0f} MB in the source, "
                f"scale {facts['scale']:g}.",
                "",
                *section(chosen, list(facts["contenders"])),
                "",
            ]
    lines += ["## Contenders", ""]
    lines += [f"- `{name}`: {about}" for name, about in facts["contenders"].items()]
    lines += [
        "",
        "Result: `exact` means that the row count, each column's count of values, the exact sums of "
        "numbers and a digest over all values of every column equal the source's. `altered` names what "
        "a contender holds as another type or with other values.",
        "",
    ]
    return "\n".join(lines)


def section(runs: list[dict[str, Any]], order: list[str]) -> list[str]:
    """The table of one source table, the fastest first."""
    measured: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        if run["status"] in MEASURED:
            measured.setdefault(run["contender"], []).append(run)

    def middle(name: str, key: str) -> float:
        return float(median(run[key] for run in measured[name]))

    reference = REFERENCE if REFERENCE in measured else None
    lines = [
        "| contender | wall s | wall ratio | client CPU s | CPU ratio | server CPU s | peak MB "
        "| MB written | result |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for name in sorted(measured, key=lambda name: middle(name, "wall_seconds")):
        walls = [run["wall_seconds"] for run in measured[name]]
        cells = [f"{median(walls):.2f} ({min(walls):.2f}–{max(walls):.2f})"]
        cells.append(ratio(middle(name, "wall_seconds"), reference, middle, "wall_seconds"))
        cells.append(f"{middle(name, 'client_cpu_seconds'):.2f}")
        cells.append(ratio(middle(name, "client_cpu_seconds"), reference, middle, "client_cpu_seconds"))
        cells.append(f"{middle(name, 'server_cpu_seconds'):.2f}")
        cells.append(f"{middle(name, 'peak_bytes') / 1e6:.0f}")
        written = middle(name, "written_bytes")
        cells.append(f"{written / 1e6:.1f}" if written else "–")
        cells.append(result(measured[name], runs, name))
        shown = f"**{name}**" if name == reference else name
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    for name in order:
        reasons = [run for run in runs if run["contender"] == name and run["status"] in ("failed", "absent")]
        if name not in measured and reasons:
            lines.append(f"| {name} | – | – | – | – | – | – | – | {words(reasons[0])} |")
    return lines


def ratio(value: float, reference: str | None, middle: Any, key: str) -> str:
    if reference is None or middle(reference, key) <= 0:
        return "–"
    return f"{value / middle(reference, key):.2f}"


def words(run: dict[str, Any]) -> str:
    """A status with its detail, fit for a cell."""
    detail = run["detail"].replace("|", "\\|")
    status = "" if run["status"] == "absent" else run["status"]
    return ": ".join(part for part in (status, detail) if part)


def result(measured: list[dict[str, Any]], runs: list[dict[str, Any]], name: str) -> str:
    """The worst verdict on a contender's runs."""
    failed = [run for run in runs if run["contender"] == name and run["status"] == "failed"]
    for status in ("wrong", "altered", "exact", "drain", "unchecked"):
        found = [run for run in measured if run["status"] == status]
        if found:
            text = {"drain": "not written", "unchecked": "not checked"}.get(status, words(found[0]))
            return f"{text}; later {words(failed[0])}" if failed else text
    return "–"
