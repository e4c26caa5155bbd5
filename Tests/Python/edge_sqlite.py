"""Makes a SQLite file with every storage class and declaration, and says what each has to become.

    edge_sqlite.py FILE
"""

import sqlite3
import sys

BIG = 2**53

# Table -> column -> (declaration, expected Iceberg type, values); every table has an id as well.
TABLES = {
    "classes": {
        "integers": ("INTEGER", "long", [0, 1, -1, 2**63 - 1, -(2**63), None]),
        "reals": ("REAL", "double", [0.5, -0.0, 1e308, 5e-324, float("inf"), float("-inf")]),
        "reals_and_small": ("", "double", [0.5, 1, BIG, -BIG, None, 0]),
        "reals_and_large": ("", "string", [0.5, BIG + 1, 0.1, -1, None, 1e300]),
        "texts": ("TEXT", "string", ["", "plain", "π 🦉", "nul\0inside", "line\nfeed", None]),
        "blobs": ("BLOB", "binary", [b"", b"\0\xff", b"x" * 5000, None, b"1", b"NULL"]),
        "mixed_numbers": ("", "string", ["a", 1, 2.5, None, "1", 1e-7]),
        "mixed_blobs": ("", "string", [b"\0\x01\xff", "text", 7, 0.1, None, b""]),
        "text_in_integer": ("INTEGER", "string", [1, "one", 2, None, 3, "4x"]),
        "nothing_integer": ("INTEGER", "long", [None] * 6),
        "nothing_text": ("TEXT", "string", [None] * 6),
        "nothing_blob": ("BLOB", "binary", [None] * 6),
        "nothing_real": ("REAL", "double", [None] * 6),
        "nothing_declared": ("", "string", [None] * 6),
    },
    "declared": {
        "flags": ("BOOLEAN", "boolean", [0, 1, None, 1]),
        "not_flags": ("BOOLEAN", "long", [0, 1, 2, None]),
        "days": ("DATE", "date", ["2024-02-29", "0001-01-01", "9999-12-31", None]),
        "not_days": ("DATE", "string", ["2024-02-29", "2024-02-30", "2024", None]),
        "moments": ("DATETIME", "timestamp", ["2024-02-29 12:34:56.789012", "1969-12-31 23:59:59", "0001-01-01T00:00", None]),
        "zoned": ("TIMESTAMP", "timestamptz", ["2024-02-29 12:34:56Z", "2024-02-29T12:34:56.5+05:30", "1970-01-01 00:00-08:00", None]),
        "two_shapes": ("DATETIME", "string", ["2024-02-29 12:34:56", "2024-02-29", None, "x"]),
        "seconds": ("TIMESTAMP", "timestamp", [1709210096, 100000000, None, 9999999999]),
        "milliseconds": ("DATETIME", "timestamp", [1709210096789, 100000000000, None, 9999999999999]),
        "julian": ("DATETIME", "timestamp", [2460370.0, 2440587.5, None, 2451544.5]),
        "amounts": ("DECIMAL(10,2)", "decimal(10, 2)", [1.5, 12, -99999999.99, None]),
        "not_amounts": ("DECIMAL(10,2)", "double", [1.5, 0.125, 3, None]),
        "ids": ("UUID", "uuid", ["00112233-4455-6677-8899-aabbccddeeff", "ffffffff-ffff-ffff-ffff-ffffffffffff", None, None]),
        "not_ids": ("UUID", "string", ["00112233-4455-6677-8899-aabbccddeeff", "no id", None, None]),
        "documents": ("JSON", "string", ['{"a": 1, "a": 2}', "[]", None, "null"]),
    },
    'odd "name". π': {
        "with.dot": ("TEXT", "string", ["dot", None]),
        'with "quote"': ("TEXT", "string", ["quote", None]),
        "select": ("INTEGER", "long", [1, None]),
        "🦉 /\\": ("REAL", "double", [1.5, None]),
    },
    "no_rows": {
        "number": ("INTEGER", "long", []),
        "words": ("VARCHAR(10)", "string", []),
        "flag": ("BOOLEAN", "boolean", []),
        "amount": ("DECIMAL(12,4)", "decimal(12, 4)", []),
        "moment": ("DATETIME", "timestamp", []),
    },
    # More rows than one batch; a value of another class only at the very end.
    "late_surprise": {
        "numbers": ("INTEGER", "string", [*range(50_000), "surprise"]),
        "steady": ("TEXT", "string", [f"w{i % 100}" if i % 3 else None for i in range(50_001)]),
    },
    "huge": {
        "words": ("TEXT", "string", ["x" * 20_000_000, "after"]),
        "raw": ("BLOB", "binary", [b"\0" * 20_000_000, b"after"]),
    },
}
# What is not a plain rowid table: name -> (SQL, column -> expected type).
OTHERS = {
    "strict_table": ("CREATE TABLE strict_table (id INTEGER PRIMARY KEY, n INT, r REAL, t TEXT, b BLOB, a ANY) STRICT;"
                     "INSERT INTO strict_table VALUES (1, 1, 2, 'x', x'00', 5), (2, NULL, NULL, NULL, NULL, 'y')",
                     {"id": "long", "n": "long", "r": "double", "t": "string", "b": "binary", "a": "string"}),
    "keyed_table": ("CREATE TABLE keyed_table (k TEXT PRIMARY KEY, v INT) WITHOUT ROWID;"
                    "INSERT INTO keyed_table VALUES ('b', 1), ('a', NULL), ('', 3)",
                    {"k": "string", "v": "long"}),
    "a_view": ("CREATE VIEW a_view AS SELECT id, integers, upper(texts) AS shout FROM classes",
               {"id": "long", "integers": "long", "shout": "string"}),
    "derived": ("CREATE TABLE derived (id INTEGER PRIMARY KEY, base INT, twice INT AS (base * 2) VIRTUAL,"
                " kept INT AS (base + 1) STORED); INSERT INTO derived (base) VALUES (1), (NULL), (3)",
                {"id": "long", "base": "long", "twice": "long", "kept": "long"}),
}


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def make(path):
    connection = sqlite3.connect(path)
    for table, columns in TABLES.items():
        declarations = ", ".join(f"{quoted(c)} {spec[0]}" for c, spec in columns.items())
        connection.execute(f"CREATE TABLE {quoted(table)} (id INTEGER PRIMARY KEY, {declarations})")
        rows = zip(*(spec[2] for spec in columns.values()), strict=True)
        marks = ", ".join("?" * (len(columns) + 1))
        connection.executemany(f"INSERT INTO {quoted(table)} VALUES ({marks})",
                               [(i, *row) for i, row in enumerate(rows)])
    for sql, _ in OTHERS.values():
        connection.executescript(sql)
    connection.execute("CREATE TABLE bad_text (id INTEGER PRIMARY KEY, t TEXT)")
    connection.execute("INSERT INTO bad_text VALUES (1, 'good'), (2, CAST(x'ff41fe' AS TEXT)), (3, NULL)")
    connection.commit()


if __name__ == "__main__":
    make(sys.argv[1])
