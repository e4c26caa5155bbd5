"""DuckDB as the benchmark uses it: extensions from wheels, so that nothing is downloaded."""

from __future__ import annotations

import glob
import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def connect(extensions: tuple[str, ...] = (), database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """A connection with the named extensions loaded."""
    import duckdb

    connection = duckdb.connect(database, config={"allow_unsigned_extensions": "true"})
    for name in extensions:
        package = importlib.import_module(f"duckdb_extension_{name}")
        folder = os.path.dirname(package.__file__ or "")
        found = glob.glob(os.path.join(glob.escape(folder), "extensions", "*", "*.duckdb_extension"))
        if len(found) != 1:
            raise SystemExit(f"the wheel of DuckDB's extension {name} holds {len(found)} files, not one")
        connection.execute(f"LOAD {literal(found[0])}")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def literal(text: str) -> str:
    """A string of SQL."""
    return "'" + text.replace("'", "''") + "'"
