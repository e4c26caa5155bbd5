"""SQLite's storage classes as a database, and what the lake has to hold of it.

    sqlite_edges.py create PATH               makes the database
    sqlite_edges.py compare PATH TABLE GLOB   compares the Parquet files with SQLite's own answer

Values are compared as read by DuckDB and by pyarrow, row by row in the order of `id`.
"""

import datetime
import decimal
import glob
import sqlite3
import sys
import uuid

# Column, declaration, values as SQL, and how a value of SQLite looks in the lake.
EPOCH = datetime.datetime(1970, 1, 1)
UTC = datetime.timezone.utc


def printed(value):
    """A value of a mixed column: numbers as printed, blobs marked."""
    if isinstance(value, bytes):
        return "x'" + value.hex() + "'"
    return str(value)


def seconds(value):
    return EPOCH + datetime.timedelta(seconds=value)


def milliseconds(value):
    return EPOCH + datetime.timedelta(milliseconds=value)


def zoned(value):
    return datetime.datetime.fromisoformat(value).astimezone(UTC)


COLUMNS = [
    ("whole", "", ["1", "-9223372036854775808", "9223372036854775807"], int),
    ("real", "REAL", ["0.1", "1e308", "9e999"], float),
    ("near", "", ["0.5", "9007199254740992", "-3"], float),
    ("far", "", ["0.5", "9007199254740993", "'x'"], printed),
    ("words", "", ["''", "'Grüße 🎁'", "CAST(x'610062' AS TEXT)"], str),
    ("bytes", "", ["x''", "x'00ff'", "zeroblob(100000)"], bytes),
    ("mixed", "", ["'x'", "2.5", "x'ab01'"], printed),
    ("flag", "BOOLEAN", ["0", "1", "1"], bool),
    ("not_flag", "BOOLEAN", ["0", "1", "2"], int),
    ("price", "DECIMAL(10,2)", ["19.99", "5", "-0.01"], lambda v: decimal.Decimal(str(v))),
    ("day", "DATE", ["'2024-02-29'", "'0001-01-01'", "'9999-12-31'"], datetime.date.fromisoformat),
    ("moment", "DATETIME", ["'2024-01-31 12:30:15.123456'", "'1969-12-31T23:59:59'", "NULL"],
     datetime.datetime.fromisoformat),
    ("instant", "TIMESTAMP", ["'2024-01-31T12:30:15+02:00'", "'2024-01-31 00:00:00+00:00'", "NULL"],
     zoned),
    ("unix", "TIMESTAMP", ["1700000000", "1600000000", "NULL"], seconds),
    ("unix_ms", "TIMESTAMP", ["1700000000123", "1600000000001", "NULL"], milliseconds),
    ("key", "UUID", ["'00112233-4455-6677-8899-aabbccddeeff'", "NULL", "NULL"], uuid.UUID),
    ("doc", "JSON", ["'{\"a\": [1, null]}'", "NULL", "'5'"], str),
    ("none", "", ["NULL", "NULL", "NULL"], str),
    ('quo"te.d', "", ["1", "2", "3"], int),
]


def create(path):
    """Makes the database: one row per value and one of nulls."""
    base = sqlite3.connect(path)
    quoted = ['"' + name.replace('"', '""') + '" ' + kind for name, kind, _, _ in COLUMNS]
    base.execute("CREATE TABLE edges (id INTEGER PRIMARY KEY, " + ", ".join(quoted) + ")")
    for row in range(4):
        values = [values[row] if row < len(values) else "NULL" for _, _, values, _ in COLUMNS]
        base.execute(f"INSERT INTO edges VALUES ({row}, {', '.join(values)})")
    base.execute("CREATE TABLE empty (a INTEGER NOT NULL, b TEXT, c DATE)")
    base.execute("CREATE VIEW seen AS SELECT id, whole FROM edges WHERE id < 2")
    base.commit()
    base.close()


def expected(path, table):
    """The rows of a table as the lake has to hold them."""
    base = sqlite3.connect(path)
    cursor = base.execute(f'SELECT * FROM "{table}" ORDER BY 1')
    turns = {name: turn for name, _, _, turn in COLUMNS}
    turns = [turns.get(column[0], lambda value: value) for column in cursor.description]
    return [
        tuple(None if value is None else turn(value) for turn, value in zip(turns, row))
        for row in cursor
    ]


def plain(value):
    """One form for what DuckDB, pyarrow and SQLite each call the same value."""
    if isinstance(value, uuid.UUID):
        return value.bytes
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    return value


def compare(path, table, pattern):
    """The differences, one line each."""
    import duckdb
    import pyarrow.parquet

    wanted = [tuple(map(plain, row)) for row in expected(path, table)]
    base = duckdb.connect()
    base.execute("SET TimeZone = 'UTC'")
    by_duckdb = base.execute(
        "SELECT * FROM read_parquet(?) ORDER BY 1", [pattern]
    ).fetchall()
    by_arrow = []
    for name in sorted(glob.glob(pattern, recursive=True)):
        read = pyarrow.parquet.ParquetFile(name).read()
        by_arrow += list(zip(*(column.to_pylist() for column in read.columns)))
    by_arrow.sort(key=lambda row: row[0])
    differences = []
    for engine, rows in (("duckdb", by_duckdb), ("pyarrow", by_arrow)):
        rows = [tuple(map(plain, row)) for row in rows]
        if len(rows) != len(wanted):
            differences.append(f"{engine}: {len(rows)} rows, {len(wanted)} in SQLite")
        for index, (row, want) in enumerate(zip(rows, wanted)):
            for place, (value, right) in enumerate(zip(row, want)):
                if value != right or type(value) is not type(right):
                    differences.append(
                        f"{engine}: row {index}, column {place}: {value!r}, not {right!r}")
    return differences


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["create", path]:
            create(path)
        case ["compare", path, table, pattern]:
            lines = compare(path, table, pattern)
            print("\n".join(lines) or "equal")
            sys.exit(1 if lines else 0)
        case _:
            sys.exit(__doc__)
