"""Reads tables by Spark for lake_reader.py: spark_reader.py REQUESTS ANSWERS, two named pipes.

A request is a line with a table's location and a folder, to which the rows go as plain Parquet.
"""

import json
import sys

# Columns whose names differ in case only are one to Spark otherwise.
spark.conf.set("spark.sql.caseSensitive", "true")
spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
spark.conf.set("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED")
spark.conf.set("spark.sql.parquet.int96RebaseModeInWrite", "CORRECTED")
with open(sys.argv[1]) as requests, open(sys.argv[2], "w") as answers:
    for line in requests:
        location, folder = json.loads(line)
        try:
            spark.read.format("iceberg").load(location).coalesce(1).write.parquet(folder)
            answers.write(json.dumps("") + "\n")
        except Exception as error:
            answers.write(json.dumps(str(error)[:2000] or "?") + "\n")
        answers.flush()
