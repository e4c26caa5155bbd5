"""The ADBC driver of Postgres hands record batches to pyarrow's writer."""

import os

import adbc_driver_postgresql.dbapi
import pyarrow.parquet
from job import job, parser

task = job(parser().parse_args())
path = os.path.join(task.output, f"{task.table}.parquet")
with (
    adbc_driver_postgresql.dbapi.connect(task.url) as connection,
    connection.cursor() as cursor,
):
    cursor.execute(f"SELECT * FROM {task.table}")
    reader = cursor.fetch_record_batch()
    with pyarrow.parquet.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
