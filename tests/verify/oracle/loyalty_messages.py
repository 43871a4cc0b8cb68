"""What loyalty reads: accepted orders, and adjustments."""

from .message import TEXT, WHOLE, check_ids, check_range, check_timestamp, document, fields, reject_if

_CENTS_MAX = 1_000_000_000_000
_BILLION = 1_000_000_000

# What each type of adjustment has to have beside its ids.
_NEEDED = {"refund": ("order_id", "amount_cents"), "correction": ("points",), "spend": ("points",)}
_OPTIONAL = ("order_id", "amount_cents", "points")


def read(name, record, config):
    """The message of a record of the input `name`. Raises Rejected with the code of its dead letter."""
    return {"orders": _order, "adjustments": _adjustment}[name](record, config)


def _totals(raw):
    return fields(raw, {"total_cents": WHOLE})["total_cents"]


def _order(record, config):
    named = {"order_id": TEXT, "customer_id": TEXT, "currency": TEXT, "totals": _totals}
    found = fields(document(record, config["max_bytes"]), named)
    check_ids(found["order_id"], found["customer_id"])
    reject_if(record.key != found["customer_id"], "wrong-key")
    reject_if(found["currency"] != config["currency"], "wrong-currency")
    check_range(found["totals"], 0, _CENTS_MAX)
    check_timestamp(record)
    return found


def _adjustment(record, config):
    named = {"type": TEXT, "adjustment_id": TEXT, "customer_id": TEXT, "order_id": TEXT, "amount_cents": WHOLE,
             "points": WHOLE}

    def optional(found):
        needed = _NEEDED.get(found.get("type"), ())
        return [name for name in _OPTIONAL if name not in needed]

    found = fields(document(record, config["max_bytes"]), named, optional)
    kind = found["type"]
    reject_if(kind not in _NEEDED, "unknown-type")
    check_ids(found["adjustment_id"], found["customer_id"], *([found["order_id"]] if kind == "refund" else []))
    reject_if(record.key != found["customer_id"], "wrong-key")
    if kind == "refund":
        check_range(found["amount_cents"], 1, _CENTS_MAX)
    elif kind == "spend":
        check_range(found["points"], 1, _BILLION)
    else:
        check_range(found["points"], -_BILLION, _BILLION)
        reject_if(found["points"] == 0, "out-of-range")
    check_timestamp(record)
    return found
