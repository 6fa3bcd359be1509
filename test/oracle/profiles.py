"""One profile a user, over distinct events, computed in plain Python."""

from collections import Counter, defaultdict

DAY = 86_400 * 1_000_000

NAMES = (
    "user_id first_seen last_seen events views carts removals purchases sessions active_days products brands categories total_spent"
    " average_order_value largest_purchase average_viewed_price favourite_category favourite_brand view_to_cart cart_to_purchase"
    " recency_days segment"
).split()
DOUBLES = {"average_order_value", "average_viewed_price", "view_to_cart", "cart_to_purchase"}


def profiles_of(events):
    """{user_id: {column: value}}; times in microseconds since the epoch, money in cents, averages in units of money."""
    by_user = defaultdict(list)
    for event in set(events):
        by_user[event.user_id].append(event)
    latest = max((event.event_time for event in events), default=None)
    return {user: profile(user, list_of, latest) for user, list_of in by_user.items()}


def profile(user, events, latest):
    kinds = Counter(event.event_type for event in events)
    spent = [event.price for event in events if event.event_type == "purchase"]
    viewed = [event.price for event in events if event.event_type == "view"]
    views, carts, purchases = kinds["view"], kinds["cart"], kinds["purchase"]
    sessions = distinct(event.user_session for event in events)
    last = max(event.event_time for event in events)
    return {
        "user_id": user,
        "first_seen": min(event.event_time for event in events),
        "last_seen": last,
        "events": len(events),
        "views": views,
        "carts": carts,
        "removals": kinds["remove_from_cart"],
        "purchases": purchases,
        "sessions": sessions,
        "active_days": distinct(event.event_time // DAY for event in events),
        "products": distinct(event.product_id for event in events),
        "brands": distinct(event.brand for event in events),
        "categories": distinct(event.category_code for event in events),
        "total_spent": sum(spent),
        "average_order_value": sum(spent) / 100 / purchases if spent else None,
        "largest_purchase": max(spent, default=None),
        "average_viewed_price": sum(viewed) / 100 / views if viewed else None,
        "favourite_category": favourite(event.category_code for event in events),
        "favourite_brand": favourite(event.brand for event in events),
        "view_to_cart": carts / views if views else None,
        "cart_to_purchase": purchases / carts if carts else None,
        "recency_days": (latest - last) // DAY,
        "segment": segment(purchases, carts, sessions),
    }


def distinct(values):
    return len(set(values) - {None})


def favourite(values):
    counts = Counter(value for value in values if value is not None)
    return min(counts, key=lambda value: (-counts[value], value), default=None)


def segment(purchases, carts, sessions):
    if purchases >= 3:
        return "loyal"
    if purchases >= 1:
        return "buyer"
    if carts >= 1:
        return "cart_abandoner"
    return "returning_visitor" if sessions >= 2 else "visitor"
