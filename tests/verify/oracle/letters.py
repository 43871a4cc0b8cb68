"""Dead letters: each record that the rules reject has one with their code, and no other record has any."""

from .partitioner import Order

PREFIX = "__wasmill.errors."


def read(records, topics, findings):
    """(input, partition, offset) -> [(letter, added headers)]. `topics`: topic -> input."""
    letters = {}
    for letter in records:
        added = {name[len(PREFIX):]: value for name, value in letter.headers
                 if isinstance(name, str) and name.startswith(PREFIX)}
        try:
            source = (topics[added["topic"]], int(added["partition"]), int(added["offset"]))
        except (KeyError, TypeError, ValueError):
            findings.add("dead-letter", f"{letter} does not name a record of the inputs: {added}")
            continue
        letters.setdefault(source, []).append((letter, added))
    return letters


def excuse(replay, letters, allowed):
    """Before the replay: records whose dead letter is not a matter of their text alone."""
    for source in letters:
        if source in replay.rejected:
            continue
        code = letters[source][0][1].get("code")
        name, partition, offset = source
        record = replay.pipeline.record(name, partition, offset)
        if record is None:
            continue
        if code in allowed or code == "amount-overflow" and replay.plugin.may_overflow(name, record):
            replay.no_state.add(source)
            replay.tally.count(f"excused/{code}")


def compare(replay, letters, group, topic):
    findings, order = replay.findings, Order(replay.findings)
    partitions = replay.pipeline.dump.partitions(topic)
    for source, found in letters.items():
        name, partition, offset = source
        record = replay.pipeline.record(name, partition, offset)
        for letter, _ in found[1:]:
            findings.add("duplicate", f"{letter} is the dead letter of {name} {partition}@{offset} again, after {found[0][0]}")
        letter, added = found[0]
        if record is None:
            findings.add("dead-letter", f"{letter} names {name} {partition}@{offset}, which is not there")
            continue
        expected = replay.rejected.get(source, (record, None))[1]
        if source in replay.no_state:
            if source in replay.answered:
                findings.add("dead-letter", f"{letter} is the dead letter of {record}, which was answered too")
        elif expected is None:
            findings.add("dead-letter", f"{letter} has the code {added.get('code')}, but nothing is wrong with {record}")
        elif added.get("code") != expected:
            findings.add("dead-letter", f"{letter} has the code {added.get('code')}, the rules give {expected} to {record}")
        _unchanged(letter, added, record, group, partitions, findings)
        replay.tally.count("dead_letters")
        replay.tally.count(f"dead_letters/{added.get('code')}")
    for source, (record, code) in replay.rejected.items():
        if source not in letters:
            findings.add("lost", f"{topic}: no dead letter of {record}, which is {code}")
    first = sorted((found[0][0] for found in letters.values()), key=lambda it: (it.partition, it.offset))
    sources = {found[0][0].place: source for source, found in letters.items()}
    for letter in first:
        order.check(letter, sources[letter.place])


def _unchanged(letter, added, record, group, partitions, findings):
    def own(headers):
        return [it for it in headers if not (isinstance(it[0], str) and it[0].startswith(PREFIX))]

    truncated = added.get("truncated") == "value" and letter.value is None
    changed = [what for what, same in (
        ("key", letter.key == record.key), ("value", letter.value == record.value or truncated),
        ("headers", own(letter.headers) == own(record.headers)),
        ("timestamp", letter.timestamp == record.timestamp or record.timestamp == 0),
        ("group", added.get("group") == group),
    ) if not same]
    if changed:
        findings.add("dead-letter", f"{letter}: {', '.join(changed)} not as it should be, it comes from {record} and group {group}")
    if letter.partition != record.partition % partitions:
        findings.add("partition", f"{letter} should be in partition {record.partition % partitions}, as it comes from {record}")
