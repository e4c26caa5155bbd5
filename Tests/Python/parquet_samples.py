"""Write sample Parquet files with pyarrow and DuckDB, and what they hold as JSON lines.

usage: parquet_samples.py FOLDER [--corpus]

Each sample is FOLDER/<name>.parquet beside FOLDER/<name>.jsonl, a JSON array of texts (null for
NULL) per row, in the canonical form of ColumnBuffer.text(at:). With --corpus the files are few
and small, without expectations: seeds for the fuzzer.
"""

import datetime as dt
import decimal
import json
import random
import struct
import sys
import uuid
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from canonical_text import nested, text

FOLDER = Path(sys.argv[1])
CORPUS = "--corpus" in sys.argv
EPOCH = dt.datetime(1970, 1, 1)


# -- columns


def spread(rng, values, count, nulls):
    """`count` picks of `values`, runs and singles, one in `nulls` of them null."""
    out = []
    while len(out) < count:
        value = rng.choice(values)
        run = rng.choice([1, 1, 1, 2, 40])
        out.extend([None if nulls and rng.randrange(nulls) == 0 else value] * run)
    return out[:count]


def words(rng, count):
    stems = ["", "a", "ä€🎉", "https://example.org/", "x" * 300, 'quote " \\ \n\t\x01']
    return [rng.choice(stems) + str(rng.randrange(10**6)) for _ in range(count)] + stems


def column_values(rng):
    ints = [rng.randrange(-(2**31), 2**31) for _ in range(200)] + [-(2**31), 2**31 - 1, 0]
    longs = [rng.randrange(-(2**63), 2**63) for _ in range(200)] + [-(2**63), 2**63 - 1, 0]
    # What a datetime can say: years 1 to 9999.
    stamps = [rng.randrange(-62_135_596_800_000_000, 253_402_300_800_000_000) for _ in range(200)]
    stamps += [0, -1, 1]
    floats = [0.0, -0.0, 1.5, -0.1, 3.4028235e38, 1e-45, 1e-7, 12345.678]
    floats += [float("nan"), float("inf"), float("-inf")]
    f32 = [struct.unpack("<f", struct.pack("<f", x))[0] for x in floats]

    def decimals(precision, scale):
        numbers = [rng.randrange(-(10**precision) + 1, 10**precision) for _ in range(100)]
        numbers += [0, 1, -1, 10**precision - 1, 1 - 10**precision]
        with decimal.localcontext(prec=60):
            return [decimal.Decimal(n).scaleb(-scale) for n in numbers]

    binary = [rng.randbytes(rng.randrange(40)) for _ in range(100)] + [b""]
    return {
        "bool": (pa.bool_(), [True, False]),
        "int8": (pa.int8(), [-128, 0, 127]),
        "uint8": (pa.uint8(), [0, 255]),
        "int16": (pa.int16(), [-32768, 32767]),
        "uint16": (pa.uint16(), [0, 65535]),
        "int32": (pa.int32(), ints),
        "uint32": (pa.uint32(), [0, 2**32 - 1, 5]),
        "int64": (pa.int64(), longs),
        "uint64": (pa.uint64(), [0, 2**64 - 1, 5]),
        "steps": (pa.int64(), list(range(1_000_000, 1_000_400, 3))),
        "half": (pa.float16(), [0.0, -0.0, 1.5, 65504.0, 5.960464477539063e-08, float("inf"), float("nan")]),
        "float": (pa.float32(), f32),
        "double": (pa.float64(), floats + [rng.random() for _ in range(100)] + [5e-324]),
        "dec9": (pa.decimal128(9, 2), decimals(9, 2)),
        "dec18": (pa.decimal128(18, 0), decimals(18, 0)),
        "dec38": (pa.decimal128(38, 10), decimals(38, 10)),
        "date": (pa.date32(), [rng.randrange(-719_162, 2_932_896) for _ in range(100)]),
        "time_ms": (pa.time32("ms"), [0, 86_399_999, 1]),
        "time_us": (pa.time64("us"), [0, 86_399_999_999, 1]),
        "time_ns": (pa.time64("ns"), [0, 86_399_999_999_000, 1000]),
        "ts_ms": (pa.timestamp("ms"), [s // 1000 for s in stamps]),
        "ts_us": (pa.timestamp("us"), stamps),
        "ts_ns": (pa.timestamp("ns"), [s // 40 // 1000 * 1000 for s in stamps]),
        "tz_ms": (pa.timestamp("ms", "UTC"), [s // 1000 for s in stamps]),
        "tz_us": (pa.timestamp("us", "UTC"), stamps),
        "text": (pa.string(), words(rng, 300)),
        "short": (pa.string(), ["a", "b", "c"]),
        "binary": (pa.binary(), binary),
        "fixed": (pa.binary(5), [rng.randbytes(5) for _ in range(50)]),
        "uuid": (pa.uuid(), [uuid.UUID(int=rng.getrandbits(128)).bytes for _ in range(50)]),
        "nothing": (pa.int32(), [None]),
    }


def make(kind, values):
    if isinstance(kind, pa.UuidType):
        return pa.ExtensionArray.from_storage(kind, pa.array(values, pa.binary(16)))
    if pa.types.is_temporal(kind):
        bits = pa.int32() if kind.bit_width == 32 else pa.int64()
        return pa.array(values, bits).cast(kind)
    return pa.array(values, kind)


def flat_table(rng, count, nulls, names=None):
    columns = {}
    for name, (kind, values) in column_values(rng).items():
        if names is None or name in names:
            columns[name] = make(kind, spread(rng, values, count, nulls))
    return pa.table(columns)


def nested_table(rng, count):
    def maybe(make_value, rate=5):
        return None if rng.randrange(rate) == 0 else make_value()

    def some(make_value, most=4):
        return [make_value() for _ in range(rng.choice([0, 1, 2, most]))]

    def number():
        return maybe(lambda: rng.randrange(100))

    def word():
        return maybe(lambda: rng.choice(["", "a", "bb", "ccc" * 20]))

    def point():
        return maybe(lambda: {"x": number(), "y": word()})

    point_type = pa.struct([("x", pa.int32()), ("y", pa.string())])
    required = pa.struct(
        [pa.field("x", pa.int64(), nullable=False), pa.field("d", pa.decimal128(20, 3))]
    )
    deep = pa.struct(
        [("tags", pa.list_(pa.string())), ("inner", pa.struct([("points", pa.list_(point_type))]))]
    )
    cents = [decimal.Decimal("1.234"), decimal.Decimal("-99999999999999999.999"), None]
    fields = {
        "point": (point_type, point),
        "numbers": (pa.list_(pa.int32()), lambda: maybe(lambda: some(number))),
        "grid": (
            pa.list_(pa.list_(pa.int64())),
            lambda: maybe(lambda: some(lambda: maybe(lambda: some(number)))),
        ),
        "points": (pa.list_(point_type), lambda: maybe(lambda: some(point))),
        "strict": (
            pa.list_(pa.field("element", required, nullable=False)),
            lambda: some(lambda: {"x": rng.randrange(9), "d": rng.choice(cents)}),
        ),
        "map": (
            pa.map_(pa.string(), pa.int32()),
            lambda: maybe(lambda: list({str(i): number() for i in range(rng.randrange(4))}.items())),
        ),
        "map_of_lists": (
            pa.map_(pa.int32(), pa.list_(point_type)),
            lambda: maybe(
                lambda: list({i: maybe(lambda: some(point)) for i in range(rng.randrange(3))}.items())
            ),
        ),
        "deep": (
            pa.list_(deep),
            lambda: maybe(
                lambda: some(
                    lambda: maybe(
                        lambda: {
                            "tags": maybe(lambda: some(word)),
                            "inner": maybe(lambda: {"points": maybe(lambda: some(point))}),
                        }
                    )
                )
            ),
        ),
        "flag": (pa.list_(pa.bool_()), lambda: maybe(lambda: some(lambda: maybe(lambda: True)))),
        "id": (pa.int64(), lambda: rng.randrange(1000)),
    }
    return pa.table(
        {name: pa.array([f() for _ in range(count)], kind) for name, (kind, f) in fields.items()}
    )


# -- files


def save(name, table, expected=None, **options):
    path = FOLDER / f"{name}.parquet"
    pq.write_table(table, path, **options)
    expect(name, expected if expected is not None else table)


def expect(name, table):
    if CORPUS:
        return
    columns = [column for column in table.columns]
    with open(FOLDER / f"{name}.jsonl", "w") as out:
        for row in range(table.num_rows):
            json.dump([text(column[row]) for column in columns], out, ensure_ascii=False)
            out.write("\n")


def encodings_of(kind):
    if pa.types.is_boolean(kind):
        return ["RLE", "PLAIN"]
    if pa.types.is_floating(kind) and not pa.types.is_float16(kind):
        return ["PLAIN", "BYTE_STREAM_SPLIT"]
    if pa.types.is_float16(kind) or pa.types.is_fixed_size_binary(kind) or isinstance(kind, pa.UuidType):
        return ["PLAIN", "BYTE_STREAM_SPLIT", "DELTA_BYTE_ARRAY"]
    if pa.types.is_decimal(kind):
        return ["PLAIN", "BYTE_STREAM_SPLIT", "DELTA_BYTE_ARRAY"]
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]
    return ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]


def arrow_samples():
    rng = random.Random(7)
    rows = 40 if CORPUS else 1200
    page = 512 if CORPUS else 4096
    for version in ["1.0", "2.0"]:
        for codec in ["NONE", "SNAPPY", "GZIP", "ZSTD", "LZ4"]:
            names = ["int32", "text", "short", "double"] if codec != "ZSTD" else None
            if CORPUS and names is None:
                names = ["bool", "int64", "half", "dec38", "ts_ns", "text", "uuid"]
            table = flat_table(rng, rows, 7, names)
            save(
                f"dictionary-v{version[0]}-{codec.lower()}", table, compression=codec,
                data_page_version=version, data_page_size=page, write_page_index=True,
                write_page_checksum=True,
            )
        for nulls in [0, 4]:
            table = flat_table(rng, rows, nulls)
            for turn in range(3):
                encoding = {
                    f.name: (encodings_of(f.type) * 3)[turn] for f in table.schema
                }
                save(
                    f"plain-v{version[0]}-nulls{nulls}-{turn}", table, compression="ZSTD",
                    use_dictionary=False, column_encoding=encoding, data_page_version=version,
                    data_page_size=page, store_decimal_as_integer=turn == 1,
                    row_group_size=rows // 2 + 1,
                )
        for compliant in [True, False]:
            table = nested_table(rng, rows)
            save(
                f"nested-v{version[0]}-{'three' if compliant else 'legacy'}", table,
                compression="SNAPPY", data_page_version=version, data_page_size=page,
                use_compliant_nested_type=compliant,
            )
    spark(rng, rows)
    table = flat_table(rng, 0, 0)
    save("empty", table)
    wide = pa.table({f"c{i}": pa.array([i, None]) for i in range(20 if CORPUS else 1000)})
    save("wide", wide)
    long = pa.table({"s": ["y" * (200 if CORPUS else 3_000_000), None, "z"] * 4})
    save("long", long, compression="ZSTD")


def spark(rng, rows):
    """What parquet-mr writes for Spark: INT96 and old annotations."""
    table = flat_table(rng, rows, 7, ["ts_ns", "dec9", "text"])
    save(
        "spark-legacy", table, use_deprecated_int96_timestamps=True, version="1.0",
        compression="SNAPPY",
    )


def duck_samples():
    base = duckdb.connect()
    rows = 30 if CORPUS else 2500
    base.sql("SET TimeZone = 'UTC'")
    base.sql(f"""
        CREATE TABLE t AS SELECT
            i::INTEGER AS i, (i * 1000003)::BIGINT AS b, (i % 3 = 0) AS flag,
            CASE WHEN i % 5 = 0 THEN NULL ELSE 'name ' || (i % 50) END AS name,
            'long text number ' || (i * 7919 % 1000) || repeat('.', i % 30) AS line,
            (i / 7.0)::DOUBLE AS d, (i / 8.0)::FLOAT AS f,
            (i * 1.01)::DECIMAL(9, 2) AS dec9, (i * 1000.5)::DECIMAL(18, 3) AS dec18,
            (i * 123456789.25)::DECIMAL(38, 10) AS dec38,
            DATE '2020-01-01' + i::INTEGER AS day,
            TIMESTAMP '2020-01-01' + INTERVAL (i) SECOND AS ts,
            (TIMESTAMPTZ '2020-01-01 00:00:00+00' + INTERVAL (i) MINUTE) AS tz,
            TIME '00:00:01' + INTERVAL (i) MILLISECOND AS t,
            ('\\xAA' || chr(65 + (i % 26)::INTEGER))::BLOB AS bin,
            i::UTINYINT % 200 AS u8, (i * 3)::UINTEGER AS u32, (i * 5)::UBIGINT AS u64,
            CASE WHEN i % 4 = 0 THEN NULL ELSE [i, NULL, i + 1] END AS list,
            {{'a': i, 'b': CASE WHEN i % 2 = 0 THEN 'x' END}} AS st,
            MAP {{'k' || (i % 3): i}} AS m,
            [{{'p': [i::INTEGER], 'q': NULL::VARCHAR}}] AS deep
        FROM range({rows}) r(i)""".replace("i::UTINYINT % 200", "(i % 200)::UTINYINT"))
    wanted = base.sql("SELECT * FROM t").to_arrow_table()
    for version in ["V1", "V2"]:
        for codec in ["uncompressed", "snappy", "gzip", "zstd", "lz4_raw"]:
            if CORPUS and codec not in ("uncompressed", "zstd"):
                continue
            name = f"duckdb-{version.lower()}-{codec}"
            base.sql(
                f"COPY t TO '{FOLDER / name}.parquet'"
                f" (FORMAT parquet, PARQUET_VERSION {version}, CODEC '{codec}')"
            )
            expect(name, wanted)


FOLDER.mkdir(parents=True, exist_ok=True)
arrow_samples()
duck_samples()
