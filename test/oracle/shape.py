"""Measures an events file with nothing but Python's own csv module, and prints what it found as JSON.

usage: shape.py FILE
"""

import collections
import csv
import json
import os
import re
import sys

HEADER = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session".split(",")
TOKEN = re.compile(r"[A-Za-z0-9]{10}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")


def measure(path):
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader)
        assert header == HEADER, header
        rows = [tuple(row) for row in reader]

    events = collections.Counter(rows)
    months = collections.defaultdict(collections.Counter)
    days = collections.defaultdict(collections.Counter)
    hours = [0] * 24
    for row in events:
        months[row[0][:7]][row[1]] += 1
        days[row[0][:10]][row[1]] += 1
        hours[int(row[0][11:13])] += 1

    products = collections.defaultdict(set)
    category_codes = collections.defaultdict(set)
    for _, _, product, category, code, brand, price, _, _ in events:
        products[product].add((category, brand, price))
        category_codes[category].add(code)

    # Rows are looked at in the file's order: has a session changed between two events of one session of the same user?
    last_session = {}
    seen_sessions = set()
    interleaved = set()
    known = {"view": set(), "cart": set(), "purchase": set()}
    before = {"cart": "view", "purchase": "cart"}
    out_of_funnel = 0
    for _, kind, product, _, _, _, _, user, session in rows:
        if session and session in seen_sessions and last_session.get(user) != session:
            interleaved.add(session)
        seen_sessions.add(session)
        last_session[user] = session
        known[kind].add((user, session, product))
        if kind in before and (user, session, product) not in known[before[kind]]:
            out_of_funnel += 1

    users = collections.Counter(row[7] for row in rows)
    sessions = {row[8] for row in rows} - {""}
    users_of_session = collections.defaultdict(set)
    for row in rows:
        if row[8]:
            users_of_session[row[8]].add(row[7])
    prices = {row[6] for row in rows}
    return {
        "bytes": os.path.getsize(path),
        "rows": len(rows),
        "badly_written": sum(
            1
            for row in rows
            if len(row) != 9 or not TIME.fullmatch(row[0]) or not re.fullmatch(r"\d+\.\d\d", row[6]) or not row[2].isdigit()
        ),
        "first": rows[0][0],
        "last": rows[-1][0],
        "in_time_order": all(a[0] <= b[0] for a, b in zip(rows, rows[1:])),
        "types": collections.Counter(row[1] for row in rows),
        "months": months,
        "days": days,
        "hours": hours,
        "users": len(users),
        "sessions": len(sessions),
        "products": len({row[2] for row in rows}),
        "categories": len({row[3] for row in rows}),
        "codes": len({row[4] for row in rows} - {""}),
        "brands": len({row[5] for row in rows} - {""}),
        "empty": {name: sum(1 for row in rows if row[i] == "") for i, name in enumerate(HEADER)},
        "lowest_price": min(prices, key=float),
        "highest_price": max(prices, key=float),
        "prices": len(prices),
        "duplicates": len(rows) - len(events),
        "most_copies": max(events.values()),
        "user_id_lengths": collections.Counter(len(row[7]) for row in rows),
        "category_id_lengths": collections.Counter(len(row[3]) for row in rows),
        "session_kinds": collections.Counter(
            "token" if TOKEN.fullmatch(s) else "uuid" if UUID.fullmatch(s) else "other" for s in sessions
        ),
        "products_that_change": sum(1 for variants in products.values() if len(variants) > 1),
        "categories_that_change": sum(1 for codes in category_codes.values() if len(codes) > 1),
        "sessions_of_several_users": sum(1 for users in users_of_session.values() if len(users) > 1),
        "interleaved_sessions": len(interleaved),
        "events_out_of_funnel": out_of_funnel,
        "events_per_user": len(rows) / len(users),
        "most_events_of_a_user": max(users.values()),
        "users_with_100_events": sum(1 for n in users.values() if n >= 100),
        "users_with_1_event": sum(1 for n in users.values() if n == 1),
        "users_with_purchases": len({row[7] for row in rows if row[1] == "purchase"}),
        "users_without_session": len(users) - len({row[7] for row in rows if row[8]}),
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1]), indent=1))
