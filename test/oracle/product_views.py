"""Compares the five tables of product_views, and what the reports print, with what the raw messages should have become, computed here from
the rules of docs/product-views.md alone.

usage: product_views.py < REQUEST.json

The request:
  messages     files of JSON lines, in any order
  lake         folder of the dataset's tables
  warehouse    address of the PostgreSQL database that has them too
  products     rows of the product files: {product_id: [name, url, language]}
  locations    what is known of addresses: {ip: [code, country, region, city]}
  user_agents  what is known of user agents: {user agent: [browser, os]}; of all others nothing is expected
  date         the day of the reports, or null
  reports      {place: {name: rows as lists}}

Prints {"differences": the first of them in words, "count": of all, "facts": how many, "rejected": how many messages}.
"""

import hashlib
import json
import os
import re
import sys
from collections import Counter
from datetime import date, datetime, timedelta, timezone

import psycopg
from deltalake import DeltaTable

FACT = """sales_key full_date full_time ip_key user_agent_key product_key referrer_url collection option email_address resolution
user_id_db device_id api_version store_id local_time show_recommendation recommendation utm_source utm_medium""".split()
TABLES = {
    "fact_sales": FACT,
    "dim_date": """full_date day_of_week day_of_week_short is_weekday_or_weekend day_of_month year_month month day_of_year week_of_year
quarter_number year""".split(),
    "dim_product": "product_key name current_url language_code".split(),
    "dim_location": "ip_key ip_address country_code country_name region_name city_name".split(),
    "dim_user_agent": "user_agent_key user_agent browser os".split(),
}
TEXTS = """ip user_agent resolution user_id_db device_id api_version store_id local_time show_recommendation current_url referrer_url
email_address recommendation utm_source utm_medium collection product_id _id""".split()
ORDER = """ip user_agent resolution user_id_db device_id api_version store_id local_time show_recommendation current_url referrer_url
email_address recommendation utm_source utm_medium collection product_id option""".split()


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text_of(value):
    """A value of any JSON type as text; empty is null."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else compact(value)


def read_message(line):
    """The message, or None for one that is rejected."""
    try:
        raw = json.loads(line)
    except ValueError:
        return None
    if not isinstance(raw, dict):
        return None
    if not isinstance(raw.get("id"), str) or raw["id"] == "":
        return None
    seconds = raw.get("time_stamp")
    if isinstance(seconds, str):
        seconds = int(seconds) if re.fullmatch(r"-?[0-9]+", seconds) else None
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not -62135596800 <= seconds < 253402300800:
        return None
    message = {name: text_of(raw.get(name)) for name in TEXTS}
    option = raw.get("option")
    message["option"] = text_of(option)
    message["id"] = raw["id"]
    message["seconds"] = seconds
    return message


def sha256(text):
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def host_of(url):
    if url is None:
        return None
    match = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#@]*)", url)
    if not match:
        return None
    return re.sub(r":[0-9]*$", "", match[1].lower()) or None


def fact_of(message):
    when = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=message["seconds"])
    own = {name: message[name] for name in FACT if name in message}
    return {
        **own,
        "sales_key": sha256(message["id"] + (message["product_id"] or "")),
        "full_date": when.date(),
        "full_time": when.strftime("%H:%M:%S"),
        "ip_key": sha256(message["ip"]),
        "user_agent_key": sha256(message["user_agent"]),
        "product_key": message["product_id"],
        "referrer_url": host_of(message["referrer_url"]),
        "option": message["option"],
    }


def earliest(message):
    texts = [(message[name] is None, (message[name] or "").encode()) for name in ORDER]
    return (message["seconds"], texts)


def day_of(day):
    _, week, weekday = day.isocalendar()
    return {
        "full_date": day,
        "day_of_week": weekday,
        "day_of_week_short": "Mon Tue Wed Thu Fri Sat Sun".split()[weekday - 1],
        "is_weekday_or_weekend": "weekend" if weekday >= 6 else "weekday",
        "day_of_month": day.day,
        "year_month": f"{day.year:04}-{day.month:02}",
        "month": day.month,
        "day_of_year": (day - date(day.year, 1, 1)).days + 1,
        "week_of_year": week,
        "quarter_number": (day.month - 1) // 3 + 1,
        "year": day.year,
    }


def expected_tables(request):
    messages, rejected = [], 0
    for file in request["messages"]:
        with open(file, encoding="utf-8", newline="\n") as lines:
            for line in lines:
                message = read_message(line)
                if message is None:
                    rejected += 1
                else:
                    messages.append(message)
    best = {}
    for message in messages:
        key = sha256(message["id"] + (message["product_id"] or ""))
        if key not in best or earliest(message) < earliest(best[key]):
            best[key] = message
    facts = [fact_of(message) for message in best.values()]
    products, locations, agents = request["products"], request["locations"], request["user_agents"]
    days = {date(2010, 1, 1) + timedelta(days=n) for n in range(7670)} | {fact["full_date"] for fact in facts}
    ips = {message["ip"] for message in messages} | set(locations) - {None}
    names = TABLES["dim_location"][2:]
    tables = {
        "fact_sales": facts,
        "dim_date": [day_of(day) for day in days],
        "dim_product": [
            dict(zip(TABLES["dim_product"], [product, *products.get(product, [None] * 3)]))
            for product in ({fact["product_key"] for fact in facts} | set(products)) - {None}
        ],
        "dim_location": [
            {"ip_key": sha256(ip), "ip_address": ip, **dict(zip(names, locations.get(ip, [None] * 4)))}
            for ip in ips - {None}
        ],
        "dim_user_agent": [
            {"user_agent_key": sha256(agent), "user_agent": agent, **dict(zip(("browser", "os"), agents.get(agent, [None] * 2)))}
            for agent in {message["user_agent"] for message in messages} - {None}
        ],
    }
    return tables, rejected


def expected_reports(tables, day):
    facts = [fact for fact in tables["fact_sales"] if fact["full_date"] == day]
    products = {row["product_key"]: row for row in tables["dim_product"]}
    places = {row["ip_key"]: row for row in tables["dim_location"]}
    agents = {row["user_agent_key"]: row for row in tables["dim_user_agent"]}
    place = lambda fact: places.get(fact["ip_key"], {})
    hour = lambda fact: int(fact["full_time"][:2])
    by_bytes = lambda text: (text is None, (text or "").encode())

    def most(counts, limit):
        return sorted(counts.items(), key=lambda item: (-item[1], by_bytes(item[0])))[:limit]

    viewed = Counter(fact["product_key"] for fact in facts if fact["product_key"] is not None)
    countries = Counter(place(fact).get("country_code") for fact in facts)
    country_names = {}
    for row in tables["dim_location"]:
        code, name = row["country_code"], row["country_name"]
        if code is not None and name is not None:
            in_use = any(fact["ip_key"] == row["ip_key"] for fact in facts)
            if in_use:
                country_names[code] = min(country_names.get(code, name), name, key=lambda text: text.encode())
    del countries[None]
    stores = Counter((place(fact).get("country_code"), fact["store_id"]) for fact in facts)
    ranked = [
        [code, country_names.get(code), store, views, 1 + sum(1 for (other, _), n in stores.items() if other == code and n > views)]
        for (code, store), views in stores.items()
    ]
    hourly = Counter((hour(fact), fact["product_key"]) for fact in facts if fact["product_key"] is not None)
    agent = lambda fact: agents.get(fact["user_agent_key"], {})
    browsers = Counter((hour(fact), agent(fact).get("browser"), agent(fact).get("os")) for fact in facts)
    referrers = Counter(fact["referrer_url"] for fact in facts if fact["referrer_url"] is not None)
    return {
        "top_products": [[key, products[key]["name"], views] for key, views in most(viewed, 10)],
        "top_countries": [[code, country_names.get(code), views] for code, views in most(countries, 10)],
        "top_referrers": [[host, views] for host, views in most(referrers, 5)],
        "store_performance": sorted(ranked, key=lambda row: (by_bytes(row[0]), row[4], by_bytes(row[2]))),
        "hourly_products": [
            [hour, key, products[key]["name"], views]
            for (hour, key), views in sorted(hourly.items(), key=lambda item: (item[0][0], -item[1], by_bytes(item[0][1])))
        ],
        "hourly_browsers": [
            [*key, views]
            for key, views in sorted(
                browsers.items(), key=lambda item: (item[0][0], -item[1], by_bytes(item[0][1]), by_bytes(item[0][2]))
            )
        ],
    }


def comparable(column, value):
    """JSON is compared by its value: how it is spaced is no difference."""
    if column == "option" and value is not None:
        return json.dumps(json.loads(value), sort_keys=True)
    return value


class Report:
    def __init__(self):
        self.count, self.shown = 0, []

    def __call__(self, text):
        self.count += 1
        if self.count <= 40:
            self.shown.append(text[:1000])


def rows_in_lake(lake, name):
    table = DeltaTable(f"{lake}/{name}").to_pyarrow_table()
    return table.column_names, table.to_pylist()


def rows_in_warehouse(connection, name):
    cursor = connection.execute(f"SELECT * FROM {name}")
    columns = [column.name for column in cursor.description]
    rows = [dict(zip(columns, row)) for row in cursor]
    for row in rows:
        if row.get("option") is not None:
            row["option"] = json.dumps(row["option"])
    return columns, rows


def compare(name, expected, place, found_columns, rows, report):
    columns = TABLES[name]
    if found_columns != columns:
        report(f"{place}: {name} has the columns {found_columns}")
        return
    key = columns[0]
    found = {}
    for row in rows:
        if row[key] in found:
            report(f"{place}: {name} has {row[key]} twice")
        found[row[key]] = row
    for row in expected:
        held = found.pop(row[key], None)
        if held is None:
            report(f"{place}: {name} lacks {row[key]}: {row}")
            continue
        for column in columns:
            if comparable(column, held[column]) != comparable(column, row[column]):
                report(f"{place}: {name} {row[key]}: {column} is {held[column]!r}, not {row[column]!r}")
    for extra in found:
        report(f"{place}: {name} has {extra}, which no message has: {found[extra]}")


def main():
    request = json.load(sys.stdin)
    tables, rejected = expected_tables(request)
    report = Report()
    with psycopg.connect(request["warehouse"]) as connection:
        for name, rows in tables.items():
            compare(name, rows, "lake", *rows_in_lake(request["lake"], name), report)
            compare(name, rows, "warehouse", *rows_in_warehouse(connection, name), report)
    for place, reports in request["reports"].items():
        for name, rows in expected_reports(tables, date.fromisoformat(request["date"])).items():
            held = reports.get(name, [])
            if held != rows:
                at = next((i for i, (a, b) in enumerate(zip(held, rows)) if a != b), min(len(held), len(rows)))
                report(f"report {name} on {place}: row {at} of {len(held)} is {held[at:at + 1]}, not {rows[at:at + 1]} of {len(rows)}")
    facts = len(tables["fact_sales"])
    print(json.dumps({"differences": report.shown, "count": report.count, "facts": facts, "rejected": rejected}))
    # Threads of Arrow that still run would abort the interpreter at its end.
    sys.stdout.flush()
    os._exit(0)


main()
