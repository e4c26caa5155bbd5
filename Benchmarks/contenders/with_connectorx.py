"""ConnectorX reads the table in partitions into memory, pyarrow writes it."""

import os

import connectorx
import pyarrow.parquet
from job import job, parser

task = job(parser().parse_args())
url = task.url if task.source == "postgres" else task.url_for("mysql")
table = connectorx.read_sql(
    url,
    f"SELECT * FROM {task.table}",
    return_type="arrow",
    partition_on=task.partition,
    partition_num=task.threads,
)
path = os.path.join(task.output, f"{task.table}.parquet")
pyarrow.parquet.write_table(table, path, compression="zstd")
