"""Compares what was written beside the answers: low-stock, balances, and accepted orders."""

from .message import canonical
from .partitioner import Order
from .replay import envelope, object_of, source_of


def compare(replay, output, records, which_field, compacted):
    """Messages of `output`, each with its source; `which_field` tells several of one source apart. In a compacted topic a message
    may be gone when a later one of its key is there."""
    findings, topic = replay.findings, replay.pipeline.topic(output)
    expected, order = replay.expected.get(output, {}), Order(findings)
    found, steps = {}, {}
    for record in records:
        ident = _ident(record, which_field)
        if ident not in expected:
            findings.add("foreign", f"{record} is not in the rules' answer to its source: {record.value}")
            continue
        read, text, step = expected[ident]
        if ident in found:
            findings.add("duplicate", f"{record} says again what {found[ident]} has said of {read}: {record.value}")
            continue
        found[ident] = record
        if canonical(record.value) != canonical(text):
            findings.add("wrong-message", f"{record} from {read} is {record.value}; the rules give {text}")
        if record.headers:
            findings.add("headers", f"{record} has headers: {record.headers}")
        envelope(record, read, read.key, topic, replay.pipeline, findings)
        order.check(record, ident[0])
        lane = (read.partition, read.key)
        if lane in steps and step < steps[lane][0]:
            findings.add("order", f"{record} stands behind {steps[lane][1]}, which was said after it")
        else:
            steps[lane] = (step, record)
        replay.tally.count(output)
    for ident, (read, text, step) in expected.items():
        if ident in found:
            continue
        later = steps.get((read.partition, read.key))
        if compacted and later and later[0] > step:
            replay.tally.count(f"{output}.compacted")
        else:
            findings.add("lost", f"{topic} (key {read.key!r}): nothing from {read}: expected {text}")


def _ident(record, which_field):
    message = object_of(record.value)
    which = message.get(which_field) if which_field else ""
    return (source_of(message), which) if isinstance(which, str) else None


def compare_forwarded(replay, output, records):
    """Orders that were passed on: value, headers and timestamp as they were. They name no source; the value tells it."""
    findings, topic, order = replay.findings, replay.pipeline.topic(output), Order(replay.findings)
    expected = {}
    for read, key in replay.forwarded:
        expected.setdefault(read.value, []).append([read, key, None])
    by_order = {_order(value): value for value in expected}
    for record in records:
        value = record.value
        if value not in expected:
            # Changed on the way: told by its ids, so that it is one finding.
            value = by_order.get(_order(record.value))
            if value is not None:
                findings.add("value", f"{record} is not the order as it was read from {expected[value][0][0]}: {record.value}")
        candidates = expected.get(value, [])
        free = [it for it in candidates if it[2] is None]
        if not free:
            kind = "duplicate" if candidates else "foreign"
            again = f"passes on again what {candidates[0][2]} has" if candidates else "is no order that was accepted"
            findings.add(kind, f"{record} {again}: {record.value}")
            continue
        # Orders with the same text: the one that fits best, then the oldest.
        best = min(free, key=lambda it: (it[0].timestamp != record.timestamp, it[0].headers != record.headers))
        best[2] = record
        read, key, _ = best
        if record.headers != read.headers:
            findings.add("headers", f"{record}: headers are {record.headers}, those of {read} are {read.headers}")
        envelope(record, read, key, topic, replay.pipeline, findings)
        order.check(record, ("orders", read.partition, read.offset))
        replay.tally.count(output)
    for candidates in expected.values():
        for read, key, record in candidates:
            if record is None:
                findings.add("lost", f"{topic} (key {key!r}): {read} was accepted and is not there")


def _order(text):
    message = object_of(text)
    return (str(message.get("order_id")), str(message.get("restaurant_id")))
