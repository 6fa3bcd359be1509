"""What becomes of one event, by the rules of docs/data-rules.md, for the contract of config/datasets/electronics/dataset.yml."""

import json
import math
import re
import sys
from base64 import b64encode
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

COLUMNS = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session".split(",")
OPTIONAL = {"category_code", "brand", "user_session"}
INTEGERS = {"product_id", "category_id", "user_id"}
TYPES = ("view", "cart", "remove_from_cart", "purchase")
TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) UTC")
INTEGER = re.compile(r"-?[0-9]+")
DECIMAL = re.compile(r"-?[0-9]+(?:\.([0-9]+))?")
DETAIL_CHARACTERS = 200
PAYLOAD_CHARACTERS = 16_384
BINARY_BYTES = 12_000
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)

sys.set_int_max_str_digits(0)

ANY = "(any)"
"""Stands for a text that the rules leave open."""


class Event(NamedTuple):
    """A good event; the time in microseconds since the epoch, the price in cents."""

    event_time: int
    event_type: str
    product_id: int
    category_id: int
    category_code: str | None
    brand: str | None
    price: int
    user_id: int
    user_session: str | None


class Rejected(NamedTuple):
    reason: str
    detail: str | None
    payload: str | None


class Literal(str):
    """A number of a JSON text: an integer as it is written there, any other as the shortest text of the double that it is."""


class Broken(Exception):
    """A value breaks its column's contract, in the way that the message says."""


def of_fields(header, fields):
    """What becomes of a file's row: an Event or a Rejected."""
    given = dict(zip(header, fields))
    value = {name: given[name] or None for name in COLUMNS if name in given}
    return check(value, None)


def of_value(value):
    """What becomes of an event's value (bytes, or None for a tombstone): an Event or a Rejected."""
    if value is None:
        return Rejected("value:null", None, None)
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return Rejected("value:invalid_utf8", None, binary(value))
    try:
        parsed = json.loads(without_last_commas(text), parse_int=Literal, parse_float=double, parse_constant=Literal)
    except ValueError:
        return Rejected("value:not_json", None, text[:PAYLOAD_CHARACTERS])
    if not isinstance(parsed, dict):
        return Rejected("value:not_an_object", None, text[:PAYLOAD_CHARACTERS])
    return check(parsed, text)


def without_last_commas(text):
    """Commas before a closing bracket are let pass; texts are skipped, so that a comma in one stays."""
    return re.sub(r'("(?:\\.|[^"\\])*")|(?<=[^\s,{\[:])(\s*),(?=\s*[}\]])', lambda found: found[1] or found[2], text)


def double(text):
    number = float(text)
    return Literal(text if math.isinf(number) else repr(number))


def binary(data):
    return "base64:" + b64encode(data[:BINARY_BYTES]).decode()


def payload_of(value):
    """A row's value as ingestion writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))[:PAYLOAD_CHARACTERS]


def check(value, text):
    typed = []
    for name in COLUMNS:
        given = value.get(name)
        try:
            typed.append(typed_value(name, given))
        except Broken as broken:
            return Rejected(f"{name}:{broken}", detail_of(given), payload_of(value) if text is None else text[:PAYLOAD_CHARACTERS])
    return Event(*typed)


def detail_of(given):
    if given is None or given == "":
        return None
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, (dict, list)) or (isinstance(given, Literal) and "e" in given):
        return ANY
    return given[:DETAIL_CHARACTERS]


def typed_value(name, given):
    if given is None or given == "":
        if name in OPTIONAL:
            return None
        raise Broken("missing")
    numeric = name in INTEGERS or name == "price"
    if isinstance(given, (dict, list, bool)) or (isinstance(given, Literal) and not numeric):
        raise Broken("wrong_type")
    if name in INTEGERS:
        return integer(given)
    if name == "price":
        return cents(given)
    if name == "event_time":
        return microseconds(given)
    if name == "event_type" and given not in TYPES:
        raise Broken("not_allowed")
    return given


def integer(text):
    if not INTEGER.fullmatch(text):
        raise Broken("not_an_integer")
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise Broken("out_of_range")
    if number < 0:
        raise Broken("below_minimum")
    return number


def cents(text):
    """decimal(12,2), at least 0."""
    match = DECIMAL.fullmatch(text)
    if not match:
        raise Broken("not_a_number")
    if len((match[1] or "").rstrip("0")) > 2:
        raise Broken("too_precise")
    whole, _, fraction = text.partition(".")
    number = abs(int(whole)) * 100 + int((fraction + "00")[:2])
    if number >= 10**12:
        raise Broken("out_of_range")
    if text.startswith("-") and number > 0:
        raise Broken("below_minimum")
    return number


def microseconds(text):
    match = TIME.fullmatch(text)
    try:
        moment = datetime(*(int(part) for part in match.groups()), tzinfo=timezone.utc) if match else None
    except ValueError:
        moment = None
    if moment is None:
        raise Broken("not_a_timestamp")
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000



UNITS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
FIRST = datetime(1, 1, 1, tzinfo=timezone.utc)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone.utc)


def epoch_microseconds(given, unit):
    """A timestamp column with `format: epoch_*`: microseconds since the epoch, null, or Broken."""
    if given is None or given == "":
        return None
    if isinstance(given, (dict, list, bool)):
        raise Broken("wrong_type")
    if not INTEGER.fullmatch(given):
        raise Broken("not_a_timestamp")
    since = int(given) * UNITS[unit]
    first, last = ((moment - EPOCH) // MICROSECOND for moment in (FIRST, LAST))
    if not first <= since <= last:
        raise Broken("out_of_range")
    return since


def json_value(text):
    """A `json` column whose value is a JSON string, as of a file's field: the text as it is, null, or Broken."""
    if text == "":
        return None
    try:
        json.loads(text, parse_constant=no_constant, strict=True)
    except ValueError:
        raise Broken("not_json") from None
    return text


def no_constant(word):
    raise ValueError(word)


ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(?:(Z)|([+-])([01][0-9])(?::?([0-5][0-9]))?)?)?"
)


def iso_microseconds(given, cut=False):
    """A timestamp column without a format, of a text: microseconds since the epoch, null, or Broken. `cut` is `precision: cut`."""
    if given == "":
        return None
    match = ISO.fullmatch(given)
    if not match:
        raise Broken("not_a_timestamp")
    year, month, day, hour, minute, second, digits, _, sign, zone_hours, zone_minutes = match.groups()
    digits = (digits or "").ljust(6, "0")
    if not cut and digits[6:].strip("0"):
        raise Broken("too_precise")
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=timezone.utc)
    except ValueError:
        raise Broken("not_a_timestamp") from None
    zone = (int(zone_hours or 0) * 60 + int(zone_minutes or 0)) * (-1 if sign == "-" else 1)
    since = (moment - EPOCH) // MICROSECOND + int(digits[:6]) - zone * 60_000_000
    first, last = ((end - EPOCH) // MICROSECOND for end in (FIRST, LAST))
    if not first <= since <= last:
        raise Broken("not_a_timestamp")
    return since


def whole_number(given, zero_decimals=False):
    """An int64 column without limits, of a text: an int, null, or Broken. `zero_decimals` is `zeroDecimals: true`."""
    if given == "":
        return None
    whole, point, decimals = given.partition(".")
    if zero_decimals and point and decimals and not decimals.strip("0"):
        given = whole
    if not INTEGER.fullmatch(given):
        raise Broken("not_an_integer")
    if not -(2**63) <= int(given) < 2**63:
        raise Broken("out_of_range")
    return int(given)
