"""The canonical text of a pyarrow scalar, as ColumnBuffer.text(at:) prints the same value."""

import datetime as dt
import json
import struct

import pyarrow as pa

EPOCH = dt.datetime(1970, 1, 1)


def float_text(value, bits):
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    if bits == 64:
        return repr(value)
    for digits in range(1, 10):
        rounded = float(f"{value:.{digits}g}")
        if abs(rounded) < 3.402824e38 and struct.pack("<f", rounded) == struct.pack("<f", value):
            return repr(rounded)
    raise ValueError(value)


def timestamp_text(micros, zone):
    days, rest = divmod(micros, 86_400_000_000)
    return f"{date_text(days)}T{time_text(rest)}" + ("+00:00" if zone else "")


def date_text(days):
    return (EPOCH + dt.timedelta(days=days)).date().isoformat()


def time_text(micros):
    seconds, fraction = divmod(micros, 1_000_000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:06}"


def to_int(scalar_array):
    return scalar_array.cast(pa.int64())


PER_MICRO = {"s": 1_000_000, "ms": 1000, "us": 1}


def micros(value, unit):
    return value // 1000 if unit == "ns" else value * PER_MICRO[unit]


def text(scalar):
    """The canonical text of a pyarrow scalar, None for null."""
    if not scalar.is_valid:
        return None
    kind = scalar.type
    if pa.types.is_boolean(kind):
        return "true" if scalar.as_py() else "false"
    if pa.types.is_integer(kind):
        return str(scalar.as_py())
    if pa.types.is_floating(kind):
        return float_text(float(scalar.as_py()), 64 if pa.types.is_float64(kind) else 32)
    if pa.types.is_decimal(kind):
        return f"{scalar.as_py():f}"
    if pa.types.is_date32(kind):
        return date_text(scalar.value)
    if pa.types.is_time(kind):
        return time_text(micros(scalar.value, kind.unit))
    if pa.types.is_timestamp(kind):
        return timestamp_text(micros(scalar.value, kind.unit), kind.tz is not None)
    if isinstance(kind, pa.UuidType):
        return str(scalar.as_py())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return scalar.as_py()
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_large_binary(kind):
        return scalar.as_py().hex()
    if pa.types.is_dictionary(kind):
        return text(scalar.value)
    if not pa.types.is_nested(kind):
        raise TypeError(f"no canonical text for {kind}")
    return nested(scalar)


def quote(value):
    return json.dumps(value, ensure_ascii=False)


def nested(scalar):
    if not scalar.is_valid:
        return "null"
    kind = scalar.type
    if pa.types.is_map(kind):
        entries = scalar.values
        return "{" + ",".join(
            f"{quote(text(entry['key']))}:{nested(entry['value'])}" for entry in entries
        ) + "}"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return "[" + ",".join(nested(element) for element in scalar.values) + "]"
    if pa.types.is_struct(kind):
        names = [kind.field(i).name for i in range(kind.num_fields)]
        return "{" + ",".join(f"{quote(n)}:{nested(scalar[n])}" for n in names) + "}"
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return text(scalar)
    if pa.types.is_floating(kind) and scalar.as_py() - scalar.as_py() == 0:
        return text(scalar)
    return quote(text(scalar))
