"""What the lake and the index hold, read with delta-rs, pyarrow and plain HTTP."""

import json
import urllib.request
from base64 import b64encode
from datetime import datetime, timezone

import pyarrow
import pyarrow.compute as compute
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

UTC = pyarrow.timestamp("us", tz="UTC")
LOG = {"log_partition": pyarrow.int32(), "log_offset": pyarrow.int64(), "log_timestamp": UTC}
EVENTS = {
    "event_time": UTC,
    "event_type": pyarrow.string(),
    "product_id": pyarrow.int64(),
    "category_id": pyarrow.int64(),
    "category_code": pyarrow.string(),
    "brand": pyarrow.string(),
    "price": pyarrow.decimal128(12, 2),
    "user_id": pyarrow.int64(),
    "user_session": pyarrow.string(),
    **LOG,
    "event_month": pyarrow.string(),
}
REJECTED = {
    **{name: pyarrow.string() for name in ("reason", "detail", "payload", "source_file")},
    "source_line": pyarrow.int64(),
    **LOG,
}
COUNTS = "events views carts removals purchases sessions active_days products brands categories".split()
PROFILES = {
    "user_id": pyarrow.int64(),
    "first_seen": UTC,
    "last_seen": UTC,
    **{name: pyarrow.int64() for name in COUNTS},
    "total_spent": pyarrow.decimal128(18, 2),
    "average_order_value": pyarrow.float64(),
    "largest_purchase": pyarrow.decimal128(12, 2),
    "average_viewed_price": pyarrow.float64(),
    "favourite_category": pyarrow.string(),
    "favourite_brand": pyarrow.string(),
    "view_to_cart": pyarrow.float64(),
    "cart_to_purchase": pyarrow.float64(),
    "recency_days": pyarrow.int32(),
    "segment": pyarrow.string(),
}
TABLES = {"events": EVENTS, "rejected": REJECTED, "customer_profiles": PROFILES}
PAGE = 5000


def read_table(lake, name, report):
    """A table's columns as lists: times in microseconds since the epoch, money in cents. Missing tables are empty."""
    wanted = TABLES[name]
    try:
        table = DeltaTable(f"{lake['uri']}/{name}", storage_options=lake.get("options")).to_pyarrow_table()
    except TableNotFoundError:
        return {column: [] for column in wanted}
    found = {field.name: field.type for field in table.schema}
    if list(found.items()) != list(wanted.items()):
        report(f"{name}: columns are {found}, not {wanted}")
    return {column: plain(table.column(column)) for column in wanted}


def plain(column):
    if pyarrow.types.is_timestamp(column.type):
        column = column.cast(UTC).cast(pyarrow.int64())
    elif pyarrow.types.is_decimal(column.type):
        column = compute.multiply(column, pyarrow.scalar(100, pyarrow.decimal128(3, 0))).cast(pyarrow.int64())
    return column.to_pylist()


def read_index(index):
    """{id: document} of everything that a search of the index finds."""
    documents, after = {}, None
    while True:
        body = {"size": PAGE, "sort": [{"user_id": "asc"}], "query": {"match_all": {}}}
        if after:
            body["search_after"] = after
        hits = post(index, "_search", body)["hits"]["hits"]
        if not hits:
            return documents
        for hit in hits:
            documents[hit["_id"]] = hit["_source"]
        after = hits[-1]["sort"]


def post(index, action, body):
    headers = {"content-type": "application/json"}
    if index.get("username"):
        login = f"{index['username']}:{index['password']}".encode()
        headers["authorization"] = f"Basic {b64encode(login).decode()}"
    request = urllib.request.Request(f"{index['url']}/{index['name']}/{action}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def microseconds_of(text):
    moment = datetime.fromisoformat(text).astimezone(timezone.utc)
    since = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
