"""dlt's sql_database source loads one table into files of Parquet."""

import os
import shutil

from job import job, parser

arguments = parser()
arguments.add_argument("--backend", choices=("pyarrow", "connectorx"), required=True)
options = arguments.parse_args()
task = job(options)

# Before dlt is imported: it reads its settings then, and must neither send nor leave anything.
os.environ["DLT_DATA_DIR"] = task.scratch
os.environ["DLT_PROJECT_DIR"] = task.scratch
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
os.environ["DATA_WRITER__COMPRESSION"] = "zstd"
os.environ["NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID"] = "false"

import dlt
from dlt.destinations import filesystem
from dlt.sources.sql_database import sql_table

# Names as SQLAlchemy writes them; ConnectorX gets its own, which it would else be given too.
scheme = "postgresql+psycopg2" if task.source == "postgres" else "mysql+pymysql"
conn = task.url_for("postgresql" if task.source == "postgres" else "mysql")
resource = sql_table(
    credentials=task.url_for(scheme),
    schema=task.schema,
    table=task.table,
    backend=options.backend,
    chunk_size=100_000,
    backend_kwargs={"conn": conn, "return_type": "arrow_stream"}
    if options.backend == "connectorx"
    else {"tz": "UTC"},
    reflection_level="full_with_precision",
)
pipeline = dlt.pipeline(
    pipeline_name="bench",
    pipelines_dir=task.scratch,
    destination=filesystem(bucket_url=f"file://{task.output}"),
    dataset_name="bench",
)
pipeline.run(resource, loader_file_format="parquet", write_disposition="replace")
# Its own book-keeping is not the table's data; the check reads all files of Parquet there are.
for name in os.listdir(os.path.join(task.output, "bench")):
    if name.startswith("_dlt"):
        shutil.rmtree(os.path.join(task.output, "bench", name), ignore_errors=True)
