"""Reads a Delta table with delta-rs, pyarrow and DuckDB and prints what they find, as JSON.

The request comes as JSON on standard input: "uri", "options" (of the store), "version" (null: the newest), "apps" (application ids),
"filters" (lists of [column, operator, value], values by type as text), "do" ("read", "checkpoint" or "append").
"""

import datetime
import decimal
import json
import os
import sys

import duckdb
import pyarrow
import pyarrow.compute
import pyarrow.dataset
from deltalake import DeltaTable, write_deltalake

request = json.load(sys.stdin)
options = request.get("options") or None
table = DeltaTable(request["uri"], version=request.get("version"), storage_options=options)


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat()
    if isinstance(value, (datetime.date, decimal.Decimal, int)) and not isinstance(value, bool):
        return str(value)
    return value


def typed(text, kind):
    scalar = pyarrow.scalar(text)
    if pyarrow.types.is_decimal(kind):
        return pyarrow.scalar(decimal.Decimal(text), kind)
    if pyarrow.types.is_timestamp(kind):
        return pyarrow.scalar(datetime.datetime.fromisoformat(text), kind)
    return scalar.cast(kind)


def expression(filters, schema):
    result = None
    for column, operator, text in filters:
        field, value = pyarrow.dataset.field(column), typed(text, schema.field(column).type)
        test = {"=": field == value, "<": field < value, ">": field > value}[operator]
        result = test if result is None else result & test
    return result


if request["do"] == "checkpoint":
    table.create_checkpoint()
    print(json.dumps({}))
    sys.exit()
if request["do"] == "append":
    rows = table.to_pyarrow_table()
    write_deltalake(table, rows, mode="append")
    print(json.dumps({"rows": str(rows.num_rows)}))
    sys.exit()

dataset = table.to_pyarrow_dataset()
rows = dataset.to_table()
order = [(column, "ascending") for column in request["order"]]
adds = pyarrow.table(table.get_add_actions(flatten=True)).to_pylist()
pruned = []
for filters in request.get("filters", []):
    test = expression(filters, dataset.schema)
    pruned.append({"files": len(list(dataset.get_fragments(filter=test))), "rows": dataset.to_table(filter=test).num_rows})

relation = duckdb.connect()
relation.execute("SET TimeZone = 'UTC'")
relation.register("delta_rs", rows)
print(
    json.dumps(
        {
            "version": table.version(),
            "protocol": [table.protocol().min_reader_version, table.protocol().min_writer_version],
            "schema": [[f.name, str(f.type), f.nullable] for f in table.schema().fields],
            "arrow": {f.name: str(f.type) for f in dataset.schema},
            "partitionBy": table.metadata().partition_columns,
            "files": len(table.file_uris()),
            "txns": {app: plain(table.transaction_version(app)) for app in request["apps"]},
            "rows": [{k: plain(v) for k, v in row.items()} for row in rows.sort_by(order).to_pylist()],
            "duckdb": relation.execute(request["query"]).fetchall(),
            "adds": [{k: plain(v) for k, v in add.items()} for add in adds],
            "pruned": pruned,
            "operations": [entry["operation"] for entry in table.history()],
        }
    )
)
# Threads of Arrow that still run would abort the interpreter at its end.
sys.stdout.flush()
os._exit(0)
