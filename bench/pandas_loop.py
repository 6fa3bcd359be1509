"""pandas_loop.py FILE: facts from a CSV file into PostgreSQL as many pipelines do it: a data frame, its
`to_sql` with 10,000 rows at a time, and INSERT ... ON CONFLICT DO NOTHING for each row. WAREHOUSE_URL names
the database, which has the tables and the dimensions. Writes what it used to file descriptor 3."""

import json
import os
import re
import resource
import sys

import pandas
from sqlalchemy import Date, create_engine
from sqlalchemy.dialects.postgresql import JSON, insert

CHUNK_ROWS = 10_000


def insert_rows(table, connection, keys, rows):
    statement = insert(table.table).on_conflict_do_nothing()
    connection.execute(statement, [dict(zip(keys, row)) for row in rows])


frame = pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False, na_values=[""])
frame["full_date"] = pandas.to_datetime(frame["full_date"]).dt.date
frame = frame.astype(object).where(frame.notna(), None)
frame["option"] = frame["option"].map(lambda text: None if text is None else json.loads(text))
engine = create_engine(re.sub("^postgres:", "postgresql+psycopg:", os.environ["WAREHOUSE_URL"]))
types = {"full_date": Date, "option": JSON(none_as_null=True)}
frame.to_sql(
    "fact_sales", engine, if_exists="append", index=False, chunksize=CHUNK_ROWS, method=insert_rows, dtype=types
)
engine.dispose()
print(json.dumps({"rows": len(frame)}))

used = resource.getrusage(resource.RUSAGE_SELF)
with open("/proc/self/status") as status:
    peak = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) * 1024
os.write(3, json.dumps({"cpuSeconds": used.ru_utime + used.ru_stime, "peakBytes": peak}).encode())
