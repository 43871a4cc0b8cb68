"""What order-inventory reads: stock, orders, fulfilment."""

from .message import LIST, TEXT, WHOLE, check_ids, check_range, check_timestamp, document, fields, reject_if

_BILLION = 1_000_000_000
_QUANTITY_MAX = 1_000_000


def read(name, record, config):
    """The message of a record of the input `name`. Raises Rejected with the code of its dead letter."""
    return {"stock": _stock, "orders": _order, "fulfilment": _fulfilment}[name](record, config)


def _stock(record, config):
    needed = {"count": "delta", "adjustment": "count"}

    def optional(found):
        kind = found.get("type")
        return (needed[kind],) if kind in needed else ("count", "delta")

    named = {"type": TEXT, "restaurant_id": TEXT, "sku": TEXT, "count": WHOLE, "delta": WHOLE}
    found = fields(document(record, config["max_bytes"]), named, optional)
    kind = found["type"]
    reject_if(kind not in needed, "unknown-type")
    check_ids(found["restaurant_id"], found["sku"])
    reject_if(record.key != found["restaurant_id"], "wrong-key")
    if kind == "count":
        check_range(found["count"], 0, _BILLION)
    else:
        check_range(found["delta"], -_BILLION, _BILLION)
    check_timestamp(record)
    return found


def _lines(raw):
    reject_if(type(raw) is not LIST, "wrong-type")
    return [fields(line, {"sku": TEXT, "quantity": WHOLE}) for line in raw]


def _order(record, config):
    named = {"order_id": TEXT, "customer_id": TEXT, "restaurant_id": TEXT, "items": _lines}
    found = fields(document(record, config["max_bytes"]), named)
    lines = found["items"]
    check_ids(found["order_id"], found["customer_id"], found["restaurant_id"], *(line["sku"] for line in lines))
    reject_if(record.key != found["restaurant_id"], "wrong-key")
    reject_if(not lines, "no-items")
    reject_if(len(lines) > config["max_items"], "too-many-items")
    wanted = {}
    for line in lines:
        check_range(line["quantity"], 1, _QUANTITY_MAX)
        wanted[line["sku"]] = wanted.get(line["sku"], 0) + line["quantity"]
    check_timestamp(record)
    found["wanted"] = wanted
    return found


def _fulfilment(record, config):
    named = {"order_id": TEXT, "restaurant_id": TEXT, "status": TEXT}
    found = fields(document(record, config["max_bytes"]), named)
    reject_if(found["status"] not in ("confirmed", "cancelled"), "unknown-type")
    check_ids(found["order_id"], found["restaurant_id"])
    reject_if(record.key != found["restaurant_id"], "wrong-key")
    check_timestamp(record)
    return found


def may_overflow(name, record, config):
    """Whether the times that an accepted order writes can be beyond 64 bits; whether they are depends on the stock."""
    longest = max(config["reservation_s"], config["order_memory_s"]) * 1000
    return name == "orders" and record.timestamp is not None and record.timestamp + longest > 2**63 - 1
