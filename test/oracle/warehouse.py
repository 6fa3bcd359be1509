"""Answers SQL on PostgreSQL through psycopg, a JSON request a line: {"url": ..., "sql": ...} gives {"rows": [...]} or {"error": ...}."""

import datetime
import decimal
import json
import sys

import psycopg

EXACT = 2**53


def plain(value):
    """As JSON keeps it: decimals and large integers as text, times in ISO 8601."""
    if isinstance(value, decimal.Decimal) or (isinstance(value, int) and abs(value) >= EXACT):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


def answer(url, sql):
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        if cursor.description is None:
            return []
        names = [column.name for column in cursor.description]
        return [{name: plain(value) for name, value in zip(names, row)} for row in cursor]


for line in sys.stdin:
    request = json.loads(line)
    try:
        print(json.dumps({"rows": answer(request["url"], request["sql"])}), flush=True)
    except psycopg.Error as error:
        print(json.dumps({"error": str(error)}), flush=True)
