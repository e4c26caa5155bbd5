"""DuckDB reads the attached database and writes one Parquet file."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from engine import connect, literal
from job import job, parser

arguments = parser()
arguments.add_argument("--unordered", action="store_true")
options = arguments.parse_args()
task = job(options)
extension = "postgres_scanner" if task.source == "postgres" else "mysql_scanner"
kind = "postgres" if task.source == "postgres" else "mysql"
connection = connect((extension,))
connection.execute(f"SET threads = {task.threads}")
if options.unordered:
    connection.execute("SET preserve_insertion_order = false")
connection.execute(f"ATTACH {literal(task.attach)} AS source (TYPE {kind}, READ_ONLY)")
path = os.path.join(task.output, f"{task.table}.parquet")
connection.execute(
    f"COPY (SELECT * FROM source.{task.schema}.{task.table}) TO {literal(path)} "
    "(FORMAT parquet, COMPRESSION zstd)"
)
