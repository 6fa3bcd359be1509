"""What each panel of the dashboard should show, computed with pandas from the lake's events alone.

Reads {"lake", "selections": [{"from", "to", "chosen"}]} and writes, for each selection, {panel: what it shows}.
"""

import json
import sys
from pathlib import Path

import pandas

sys.path.insert(0, str(Path(__file__).parent.parent / "oracle"))

from contract import Event  # noqa: E402
from profiles import profiles_of  # noqa: E402
from stores import read_table  # noqa: E402

SPEND = {"0–25": (0, 25), "25–50": (25, 50), "50–100": (50, 100), "100–200": (100, 200), "200–500": (200, 500)}
SPEND |= {"500–1,000": (500, 1000), "1,000+": (1000, float("inf"))}
TOP_COLUMNS = (
    "user_id segment total_spent purchases largest_purchase sessions favourite_brand favourite_category first_seen last_seen"
).split()


def main():
    request = json.load(sys.stdin)
    customers = read_customers(request["lake"])
    json.dump([panels(select(customers, **s), s) for s in request["selections"]], sys.stdout)


def read_customers(lake):
    """One row a customer; ids as text, money in units, times as UTC timestamps."""
    columns = read_table(lake, "events", report=fail)
    events = zip(*(columns[name] for name in Event._fields))
    frame = pandas.DataFrame(profiles_of([Event(*event) for event in events]).values(), dtype=object)
    frame["user_id"] = frame["user_id"].map(str)
    for money in ("total_spent", "largest_purchase"):
        frame[money] = frame[money].map(lambda cents: None if cents is None else cents / 100).astype(object)
    for time in ("first_seen", "last_seen"):
        frame[time] = pandas.to_datetime(frame[time].astype("int64"), unit="us", utc=True)
    return frame


def fail(message):
    raise SystemExit(message)


def select(customers, chosen, **time):
    start, end = pandas.Timestamp(time["from"]), pandas.Timestamp(time["to"])
    found = customers[(customers["last_seen"] >= start) & (customers["last_seen"] <= end)]
    for column, values in chosen.items():
        found = found[found[column].isin(values)]
    return found


def panels(customers, selection):
    buyers = customers[customers["purchases"] >= 1]
    viewed = customers[customers["views"] >= 1]
    filled = viewed[viewed["carts"] >= 1]
    bought = filled[filled["purchases"] >= 1]
    revenue = float(customers["total_spent"].sum())
    spent = buyers["total_spent"].astype(float)
    return {
        "customers": len(customers),
        "buyers": len(buyers),
        "revenue": revenue,
        "revenue-per-buyer": quotient(revenue, len(buyers)),
        "view-to-cart": quotient(len(filled), len(viewed)),
        "cart-to-purchase": quotient(len(bought), len(filled)),
        "funnel": [["Viewed", len(viewed)], ["Put in cart", len(filled)], ["Bought", len(bought)]],
        "segments": most_frequent(customers["segment"], 5),
        "spend": [[label, int(((spent >= low) & (spent < high)).sum())] for label, (low, high) in SPEND.items()],
        "first-seen": weeks(customers["first_seen"]),
        "last-seen": weeks(customers["last_seen"], selection["from"], selection["to"]),
        "brands": most_frequent(customers["favourite_brand"], 10),
        "categories": most_frequent(customers["favourite_category"], 10),
        "top-customers": top_customers(customers),
    }


def quotient(dividend, divisor):
    return dividend / divisor if divisor else None


def most_frequent(values, count):
    """The most frequent values, of equally frequent ones the alphabetically first."""
    found = values.dropna().value_counts().items()
    return [[value, int(n)] for value, n in sorted(found, key=lambda item: (-item[1], item[0]))[:count]]


def weeks(times, *bounds):
    """The number of times in each week from the first to the last, by the week's Monday."""
    mondays = times.map(monday).value_counts()
    ends = [*mondays.index, *(monday(pandas.Timestamp(bound)) for bound in bounds)]
    if not ends:
        return []
    days = pandas.date_range(min(ends), max(ends), freq="7D")
    return [[str(day.date()), int(mondays.get(day, 0))] for day in days]


def monday(time):
    day = time.normalize()
    return day - pandas.Timedelta(days=day.weekday())


def top_customers(customers):
    ordered = customers.sort_values(["total_spent", "user_id"], ascending=[False, True]).head(50)
    rows = ordered[TOP_COLUMNS].to_dict("records")
    for row in rows:
        for time in ("first_seen", "last_seen"):
            row[time] = row[time].strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return [{name: None if pandas.isna(value) else value for name, value in row.items()} for row in rows]


if __name__ == "__main__":
    main()
