"""Reads a table of the lake by its path with each engine, as comparable values.

Every engine's rows come as Arrow columns and become the same plain form: one text per leaf value
(exact: floats by their bits, decimals by their digits, times by their microseconds), lists for
lists, structures and maps. Nothing is rounded, parsed loosely or compared by tolerance.
"""

import atexit
import functools
import glob
import hashlib
import json
import os
import re
import struct
import subprocess
import tempfile
import uuid

# Plan polars' scans with pyiceberg, which is pinned, and say so rather than leave it to a default.
os.environ["POLARS_ICEBERG_PLANNER"] = "pyiceberg"

import duckdb
import pyarrow as pa
import pyarrow.parquet
from pyiceberg import types as iceberg
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import StaticTable

LONG = 1_000_000


def newest_metadata(location):
    """The metadata file the hint names."""
    location = location.removeprefix("file://")
    with open(os.path.join(location, "metadata", "version-hint.text")) as file:
        hint = file.read().strip()
    candidates = glob.glob(os.path.join(glob.escape(location), "metadata", "*.metadata.json"))
    named = [c for c in candidates if re.match(rf"v?0*{hint}(-.*)?\.metadata\.json$", os.path.basename(c))]
    if len(named) != 1:
        raise SystemExit(f"{location}: version hint {hint!r} names {named} of {candidates}")
    return named[0]


def open_table(location):
    return StaticTable.from_metadata(newest_metadata(location))


def read_pyiceberg(location):
    return open_table(location).scan().to_arrow()


def read_pyarrow(location):
    """The data files of the current snapshot themselves, by pyarrow's own Parquet reader."""
    table = open_table(location)
    parts = []
    for task in table.scan().plan_files():
        with pa.OSFile(task.file.file_path.removeprefix("file://")) as file:
            part = pa.parquet.ParquetFile(file).read()
        # Columns are found by field id, as the specification has it; names may have changed.
        by_id = {int(field.metadata[b"PARQUET:field_id"]): i for i, field in enumerate(part.schema)}
        columns = []
        for field, target in zip(table.schema().fields, schema_to_pyarrow(table.schema())):
            if field.field_id in by_id:
                columns.append(part.column(by_id[field.field_id]))
            elif field.required:
                raise SystemExit(f"{location}: a data file lacks the required column {field.name}")
            else:
                # A file without an optional column holds nulls for it, by the specification.
                columns.append(pa.nulls(part.num_rows, target.type))
        parts.append(pa.Table.from_arrays(columns, names=[str(i) for i in range(len(columns))]))
    return pa.concat_tables(parts) if parts else read_pyiceberg(location)


@functools.cache
def duckdb_connection():
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for name in ("avro", "iceberg"):
        package = __import__(f"duckdb_extension_{name}")
        found = glob.glob(os.path.join(os.path.dirname(package.__file__), "extensions", "*", "*.duckdb_extension"))
        connection.execute(f"LOAD '{found[0]}'")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def read_duckdb(location):
    path = location.removeprefix("file://").replace("'", "''")
    result = duckdb_connection().execute(f"SELECT * FROM iceberg_scan('{path}')")
    return result.to_arrow_table() if hasattr(result, "to_arrow_table") else result.fetch_arrow_table()


def read_polars(location):
    import polars
    table = polars.scan_iceberg(open_table(location)).collect()
    return table.to_arrow(compat_level=polars.CompatLevel.oldest())


def read_datafusion(location):
    """iceberg-rust, by way of DataFusion."""
    from datafusion import SessionContext
    from pyiceberg_core.datafusion import IcebergDataFusionTable
    context = SessionContext()
    context.register_table("lake", IcebergDataFusionTable(
        identifier=["n", "lake"], metadata_location="file://" + newest_metadata(location), file_io_properties={}))
    return context.sql("SELECT * FROM lake").to_arrow_table()


@functools.cache
def sail_session():
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.client import ChannelBuilder
    # The tables have single values of a hundred megabytes.
    ChannelBuilder.GRPC_DEFAULT_OPTIONS = [
        (name, -1) for name in ("grpc.max_send_message_length", "grpc.max_receive_message_length")]
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    _, port = server.listening_address
    return SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate(), server


def read_sail(location):
    session, _ = sail_session()
    return session.read.format("iceberg").load(location).toArrow()


def read_daft(location):
    import daft
    return daft.read_iceberg(open_table(location)).to_arrow()


def read_chdb(location):
    import chdb
    # It reads files below the working folder alone.
    os.chdir("/")
    path = location.removeprefix("file://").replace("\\", "\\\\").replace("'", "\\'")
    answer = chdb.query(f"SELECT * FROM icebergLocal('{path}') SETTINGS output_format_arrow_string_as_string = 0",
                        "ArrowStream")
    table = pa.ipc.open_stream(answer.bytes()).read_all()
    # One type of ClickHouse is text and bytes, and one is a time with and without a zone.
    columns = [pa.chunked_array([as_declared(field.field_type, chunk) for chunk in column.chunks],
                                None if column.chunks else column.type)
               for field, column in zip(open_table(location).schema().fields, table.columns)]
    return pa.Table.from_arrays(columns, names=table.column_names)


def as_declared(field_type, values):
    """An array of chdb with the text and times of an Iceberg type."""
    kind = values.type
    if isinstance(field_type, iceberg.StringType):
        return values.cast(pa.string())
    if isinstance(field_type, (iceberg.TimestampType, iceberg.TimestamptzType)):
        zone = "UTC" if isinstance(field_type, iceberg.TimestamptzType) else None
        return values.view(pa.int64()).view(pa.timestamp("us", zone))
    if isinstance(field_type, iceberg.ListType):
        return pa.ListArray.from_arrays(values.offsets, as_declared(field_type.element_type, values.values),
                                        mask=values.is_null())
    if isinstance(field_type, iceberg.MapType):
        return pa.MapArray.from_arrays(values.offsets, as_declared(field_type.key_type, values.keys),
                                       as_declared(field_type.value_type, values.items))
    if isinstance(field_type, iceberg.StructType):
        children = [as_declared(f.field_type, child) for f, child in zip(field_type.fields, values.flatten())]
        return pa.StructArray.from_arrays(children, names=[f.name for f in kind], mask=values.is_null())
    return values


@functools.cache
def spark_pipes():
    """A Spark that reads one table after another; see scripts/check-engines."""
    folder = tempfile.mkdtemp(prefix="tributary-spark-")
    pipes = [os.path.join(folder, name) for name in ("requests", "answers")]
    for pipe in pipes:
        os.mkfifo(pipe)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "spark_reader.py")
    with open(os.path.join(folder, "log"), "w") as log:
        process = subprocess.Popen([os.environ["SPARK_ICEBERG"], "py", script, folder, *pipes], stdout=log, stderr=log)
    atexit.register(process.terminate)
    return folder, open(pipes[0], "w"), open(pipes[1])


def read_spark(location):
    folder, requests, answers = spark_pipes()
    target = tempfile.mkdtemp(dir=folder)
    requests.write(json.dumps([location, os.path.join(target, "rows")]) + "\n")
    requests.flush()
    error = json.loads(answers.readline())
    if error:
        raise SystemExit(f"Spark cannot read {location}: {error}")
    return pa.parquet.read_table(os.path.join(target, "rows"))


# The engines of Tests/Python/requirements.txt; LAKE_ENGINES names others (make check-engines).
READERS = {"duckdb": read_duckdb, "pyiceberg": read_pyiceberg, "pyarrow": read_pyarrow, "polars": read_polars,
           "datafusion": read_datafusion, "sail": read_sail, "daft": read_daft, "chdb": read_chdb, "spark": read_spark}
USUAL = "duckdb,pyiceberg,pyarrow,polars,datafusion,sail,daft"
ENGINES = {name: READERS[name] for name in os.environ.get("LAKE_ENGINES", USUAL).split(",")}


def shorten(text):
    """Long values are compared by digest and length; the source does the same."""
    raw = text.encode("utf-8")
    if len(raw) <= LONG:
        return text
    return f"md5:{hashlib.md5(raw).hexdigest()}:{len(raw)}"


def shorten_bytes(raw):
    if len(raw) <= LONG:
        return raw.hex()
    return f"md5:{hashlib.md5(raw).hexdigest()}:{len(raw)}"


def float_bits(value, layout):
    return "nan" if value != value else struct.pack(layout, value).hex()


def decimal_text(value):
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def leaf(field_type, values):
    """The text of each value of one column without nesting."""
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        values, kind = values.storage, values.type.storage_type
    if isinstance(field_type, iceberg.BooleanType):
        return ["true" if v else "false" if v is not None else None for v in values.to_pylist()]
    if isinstance(field_type, (iceberg.IntegerType, iceberg.LongType)):
        wide = 32 if isinstance(field_type, iceberg.IntegerType) else 64
        require(pa.types.is_signed_integer(kind) and kind.bit_width == wide, field_type, kind)
        return [None if v is None else str(v) for v in values.to_pylist()]
    if isinstance(field_type, iceberg.FloatType):
        require(pa.types.is_float32(kind), field_type, kind)
        return [None if v is None else float_bits(v, ">f") for v in values.to_pylist()]
    if isinstance(field_type, iceberg.DoubleType):
        require(pa.types.is_float64(kind), field_type, kind)
        return [None if v is None else float_bits(v, ">d") for v in values.to_pylist()]
    if isinstance(field_type, iceberg.DecimalType):
        require(pa.types.is_decimal(kind) and kind.scale == field_type.scale, field_type, kind)
        return [None if v is None else decimal_text(v) for v in values.to_pylist()]
    if isinstance(field_type, iceberg.DateType):
        require(pa.types.is_date32(kind), field_type, kind)
        return [None if v is None else str(v) for v in values.view(pa.int32()).to_pylist()]
    if isinstance(field_type, (iceberg.TimestampType, iceberg.TimestamptzType)):
        zoned = isinstance(field_type, iceberg.TimestamptzType)
        require(pa.types.is_timestamp(kind) and kind.unit == "us" and bool(kind.tz) == zoned, field_type, kind)
        return [None if v is None else str(v) for v in values.view(pa.int64()).to_pylist()]
    if isinstance(field_type, iceberg.UUIDType):
        return [None if v is None else str(v if isinstance(v, uuid.UUID) else
                uuid.UUID(v) if isinstance(v, str) else uuid.UUID(bytes=v)) for v in values.to_pylist()]
    if isinstance(field_type, iceberg.StringType):
        require(is_text(kind), field_type, kind)
        return [None if v is None else shorten(v) for v in values.to_pylist()]
    if isinstance(field_type, iceberg.BinaryType):
        require(is_bytes(kind), field_type, kind)
        return [None if v is None else shorten_bytes(v) for v in values.to_pylist()]
    raise SystemExit(f"no comparison for {field_type}")


def is_text(kind):
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_bytes(kind):
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)


def require(holds, field_type, kind):
    if not holds:
        raise SystemExit(f"an Iceberg {field_type} arrives as Arrow {kind}")


def plain(field_type, values):
    """One Arrow array as a list of comparable values."""
    if isinstance(field_type, iceberg.ListType):
        members = plain(field_type.element_type, values.values)
        return gather(values, members)
    if isinstance(field_type, iceberg.MapType):
        keys = plain(field_type.key_type, values.keys)
        items = plain(field_type.value_type, values.items)
        pairs = [list(pair) for pair in zip(keys, items)]
        return [None if row is None else sorted(row, key=lambda pair: pair[0].encode())
                for row in gather(values, pairs)]
    if isinstance(field_type, iceberg.StructType):
        columns = [plain(field.field_type, child) for field, child in zip(field_type.fields, values.flatten())]
        valid = values.is_valid().to_pylist()
        return [[column[i] for column in columns] if valid[i] else None for i in range(len(values))]
    return leaf(field_type, values)


def gather(values, members):
    offsets = values.offsets.to_pylist()
    valid = values.is_valid().to_pylist()
    return [members[offsets[i]:offsets[i + 1]] if valid[i] else None for i in range(len(values))]


def rows_of(location, engine, schema):
    """All rows as tuples of comparable values, in the order of the schema."""
    table = ENGINES[engine](location)
    if len(table.column_names) != len(schema.fields):
        raise SystemExit(f"{engine}: {len(table.column_names)} columns, the schema has {len(schema.fields)}")
    columns = []
    for index, field in enumerate(schema.fields):
        column = []
        for chunk in table.column(index).chunks:
            column.extend(plain(field.field_type, chunk))
        columns.append(column)
    return list(zip(*columns))


def as_read_by(engine, schema, rows):
    """The expected rows, as an engine with a known mistake of its own has to show them.

    pyiceberg 0.12 rebuilds a list of structures without its validity (ArrowProjectionVisitor.list),
    so a null list reads as an empty one. ClickHouse has no lists, maps and structures
    that are null. The other engines prove that the file holds a null.
    """
    change = {"pyiceberg": without_null_lists, "chdb": without_null_containers}.get(engine)
    if change is None:
        return rows
    return [tuple(change(field.field_type, value) for field, value in zip(schema.fields, row)) for row in rows]


def without_null_containers(field_type, value):
    if isinstance(field_type, iceberg.ListType):
        return [without_null_containers(field_type.element_type, member) for member in value or []]
    if isinstance(field_type, iceberg.MapType):
        return value or []
    if isinstance(field_type, iceberg.StructType):
        members = value or [None] * len(field_type.fields)
        return [without_null_containers(f.field_type, member) for f, member in zip(field_type.fields, members)]
    return value


def without_null_lists(field_type, value):
    if isinstance(field_type, iceberg.ListType):
        if value is None:
            return [] if isinstance(field_type.element_type, iceberg.StructType) else None
        return [without_null_lists(field_type.element_type, member) for member in value]
    if isinstance(field_type, iceberg.StructType) and value is not None:
        return [without_null_lists(f.field_type, member) for f, member in zip(field_type.fields, value)]
    return value


# What an engine fails on by a mistake of its own: a type, and words of its error. Each is tried all the same:
# one that reads a table it could not read before is told, so that it leaves this list.
KNOWN_FAILURES = {
    # Statistics of a list of uuids, and a uuid in a table without rows, are no type daft has.
    ("daft", "edge.lists"): ("uuid", "extension"),
    ("daft", "edge.zero_rows"): ("uuid", "arrow.uuid"),
    # ClickHouse's calendar begins with the year 0 and ends with 9999.
    ("chdb", "edge.lists"): ("date", "Date32 range"),
    ("chdb", "edge.times"): ("date", "Date32 range"),
}


def differences(name, location, names, schema, expected):
    """What each engine reads otherwise than the source has it, as readable lines."""
    lines = []
    for engine in ENGINES:
        kind, known = KNOWN_FAILURES.get((engine, name), ("", None))
        # Under the policy `string` there may be none of the type that is in the way.
        known = known if any(kind in str(field.field_type) for field in schema.fields) else None
        try:
            actual = rows_of(location, engine, schema)
        # An engine in Rust panics with what is no Exception.
        except BaseException as error:
            if known is None or known not in str(error):
                raise
            continue
        if known is not None:
            lines.append(f"{name}: {engine} reads it now; take it off KNOWN_FAILURES")
        lines += compare(name, engine, names, as_read_by(engine, schema, expected), actual)
    return lines


def compare(name, engine, names, expected, actual):
    """What differs between two sets of rows, as readable lines; nothing where they are equal."""
    if len(expected) != len(actual):
        return [f"{name}: {engine} has {len(actual)} rows, the source {len(expected)}"]
    expected, actual = sorted(expected, key=repr), sorted(actual, key=repr)
    if expected == actual:
        return []
    # Rows pair up by their first column where that is a key.
    by_key = {repr(row[0]): row for row in actual}
    lines = []
    for position, row in enumerate(expected):
        other = by_key.get(repr(row[0])) if len(by_key) == len(actual) else actual[position]
        if other is None:
            lines.append(f"{name}: {engine} lacks the row {row[0]!r}")
            continue
        for column, left, right in zip(names, row, other):
            if left != right:
                lines.append(f"{name}: row {row[0]!r:.40} column {column!r}: "
                             f"the source has {left!r:.200}, {engine} has {right!r:.200}")
    return lines or [f"{name}: {engine} has other rows than the source"]
