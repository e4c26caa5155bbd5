"""Reads and writes Avro files by fastavro.

    iceberg_avro.py read PATH           prints metadata, schema and records; bytes as hexadecimal
    iceberg_avro.py write PATH CODEC    writes a manifest with unknown fields among the known
"""

import json
import sys

import fastavro

mode, path = sys.argv[1], sys.argv[2]


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


if mode == "read":
    with open(path, "rb") as file:
        reader = fastavro.reader(file)
        records = [plain(r) for r in reader]
        metadata = {k: v for k, v in reader.metadata.items() if k != "avro.schema"}
    print(json.dumps({"metadata": metadata, "records": records}))
    sys.exit()


def pairs(key_id, value_id, value):
    record = {
        "type": "record", "name": f"k{key_id}_v{value_id}",
        "fields": [
            {"name": "key", "type": "int", "field-id": key_id},
            {"name": "value", "type": value, "field-id": value_id},
        ],
    }
    return ["null", {"type": "array", "logicalType": "map", "items": record}]


schema = {
    "type": "record", "name": "manifest_entry",
    "fields": [
        {"name": "unknown_map", "type": {"type": "map", "values": "double"}, "field-id": 9001},
        {"name": "renamed_status", "type": "int", "field-id": 0},
        {"name": "unknown_enum", "type": {"type": "enum", "name": "e", "symbols": ["A", "B"]}},
        {"name": "snapshot_id", "type": ["long", "null"], "field-id": 1},
        {"name": "data_file", "field-id": 2, "type": {
            "type": "record", "name": "r2", "fields": [
                {"name": "unknown", "type": [
                    "null", {"type": "fixed", "size": 3, "name": "f"}, "float", "boolean"]},
                {"name": "file_format", "type": "string", "field-id": 101},
                {"name": "file_path", "type": "string", "field-id": 100},
                {"name": "file_size_in_bytes", "type": "long", "field-id": 104},
                {"name": "record_count", "type": "long", "field-id": 103},
                {"name": "lower_bounds", "type": pairs(126, 127, "bytes"), "field-id": 125},
                {"name": "value_counts", "type": pairs(119, 120, "long"), "field-id": 109},
            ]}},
    ],
}
records = [
    {
        "unknown_map": {"a": 1.5, "b": 2.5}, "renamed_status": 1 if i else 0,
        "unknown_enum": "B", "snapshot_id": None if i % 2 else 7,
        "data_file": {
            "unknown": [b"abc", 1.5, True, None][i % 4], "file_format": "PARQUET",
            "file_path": f"/lake/{i}.parquet", "file_size_in_bytes": 1 << 40,
            "record_count": i, "lower_bounds": [{"key": 1, "value": bytes([i % 256])}],
            "value_counts": None if i % 3 else [{"key": 1, "value": i}],
        },
    }
    for i in range(1000)
]
with open(path, "wb") as file:
    fastavro.writer(file, schema, records, codec=sys.argv[3], sync_interval=4000)
