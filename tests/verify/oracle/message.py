"""Reads a message as the page says: what is named has to be there once and of its type, the rest is let through."""

import json
import re

I64_MIN, I64_MAX = -(2**63), 2**63 - 1

# White space of Unicode, and the control characters (Cc).
_NOT_IN_IDS = re.compile("[\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_ID_BYTES_MAX = 64


class Rejected(Exception):
    """The record becomes a dead letter with this code."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def reject_if(condition, code):
    if condition:
        raise Rejected(code)


TEXT, WHOLE, LIST, OBJECT = str, int, list, tuple


def document(record, max_bytes):
    """The JSON document of a record with a key and a value; objects are tuples of pairs, so that doubled names stay visible."""
    reject_if(record.key is None, "null-key")
    reject_if(isinstance(record.key, bytes), "invalid-key")
    value = record.value
    reject_if(value is None, "null-value")
    if isinstance(value, bytes):
        reject_if(len(value) > max_bytes, "message-too-large")
        raise Rejected("invalid-json")
    # A character has four bytes at most: most values need not be encoded to be measured.
    reject_if(len(value) * 4 > max_bytes and len(value.encode()) > max_bytes, "message-too-large")
    try:
        return _parse(value)
    except (ValueError, RecursionError):
        raise Rejected("invalid-json") from None


def _not_json(text):
    raise ValueError(text)


def _whole(text):
    # No whole number of 64 bits is -0, and Python refuses to read thousands of digits.
    return float(text) if text == "-0" else int(text) if len(text) < 30 else 2**64


_decode = json.JSONDecoder(object_pairs_hook=tuple, parse_constant=_not_json).decode
_decode_slowly = json.JSONDecoder(object_pairs_hook=tuple, parse_constant=_not_json, parse_int=_whole).decode


def _parse(text):
    if "-0" not in text:
        try:
            return _decode(text)
        except json.JSONDecodeError:
            raise
        except ValueError:
            pass
    return _decode_slowly(text)


def fields(obj, named, missing=lambda found: ()):
    """The `named` fields of an object (name -> type, or a function that reads the value). Every one but those in `missing`'s
    answer has to be there; that is asked at the object's end, with what was found."""
    reject_if(type(obj) is not tuple, "wrong-type")
    found = {}
    for name, value in obj:
        kind = named.get(name)
        if kind is None:
            _check_text(name)
            continue
        reject_if(name in found, "duplicate-field")
        if isinstance(kind, type):
            reject_if(type(value) is not kind, "wrong-type")
            if kind is str:
                _check_text(value)
            reject_if(kind is int and not I64_MIN <= value <= I64_MAX, "wrong-type")
            found[name] = value
        else:
            found[name] = kind(value)
    if len(found) < len(named):
        optional = missing(found)
        reject_if(any(name not in found and name not in optional for name in named), "missing-field")
    return found


def _check_text(text):
    """Half of a surrogate pair, which can be escaped in JSON, is no text. What is let through is not looked at."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Rejected("invalid-json") from None


def check_ids(*ids):
    for text in ids:
        bad = not text or _NOT_IN_IDS.search(text) or len(text) * 4 > _ID_BYTES_MAX and len(text.encode()) > _ID_BYTES_MAX
        reject_if(bad, "invalid-id")


def check_range(number, low, high):
    reject_if(not low <= number <= high, "out-of-range")


def check_timestamp(record):
    reject_if(record.timestamp is None or record.timestamp < 0, "no-timestamp")


def quoted(text):
    """`text` as JSON writes it, escaped only where it must be."""
    return json.dumps(text, ensure_ascii=False)


def canonical(value):
    """A JSON text that we wrote, with its escapes undone where they need not be: how text is escaped is nobody's promise."""
    if isinstance(value, str) and "\\" in value:
        try:
            return json.dumps(json.loads(value), ensure_ascii=False, separators=(",", ":"))
        except ValueError:
            pass
    return value
