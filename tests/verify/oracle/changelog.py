"""Changelogs: the last value of each key is the state that the rules end with, and every other one is a value that the key had,
in that order. Not every value that a key had is there: one record per changed key per transaction, and compaction takes more."""

import json

from .message import canonical


# A value that was compacted away.
UNKNOWN = object()


class Changelogs:
    """Fed with every change that the replay makes; each steps through what the changelog has of its key."""

    def __init__(self):
        self._stores = {}

    def load(self, store, topic, records):
        keys = {}
        for record in records:
            keys.setdefault((record.partition, record.key), [0, []])[1].append(record)
        self._stores[store] = (topic, keys)

    def write(self, store, partition, key, text):
        found = self._stores[store][1].get((partition, key))
        if found is None:
            return
        at, records = found
        while at < len(records) and records[at].value is None:
            at += 1
        if at < len(records) and canonical(records[at].value) == canonical(text):
            at += 1
        found[0] = at

    def compare(self, plugin, store, latest, findings, tally):
        """`latest`: the latest record time of each partition of a store with a time to live; no other value may be deleted."""
        topic, keys = self._stores[store]
        final = plugin.final(store)
        for (partition, key), (at, records) in keys.items():
            for index, record in enumerate(records):
                deleted = records[index - 1].value if index else _compacted(records, final.get((partition, key)))
                self._value(plugin, store, record, deleted, latest, findings)
                tally.count(f"{store}.changelog")
            while at < len(records) and records[at].value is None:
                at += 1
            if (partition, key) not in final:
                findings.add("changelog-extra", f"{records[0]}: the rules never store anything for this key: {records[0].value}")
                continue
            text = final[(partition, key)]
            last = next((record for record in reversed(records) if record.value is not None), None)
            if last is None:
                # Compaction has left the tombstone only; what it deletes was looked at above.
                tally.count(f"{store}.expired")
                continue
            if canonical(last.value) != canonical(text):
                findings.add("final-state", f"{last} is the last value of its key: {last.value}; the rules end with {text}")
            if at < len(records) and (records[at] is not last or canonical(last.value) == canonical(text)):
                record = records[at]
                before = f"behind {records[at - 1]}" if at else "first"
                findings.add("changelog-stale", f"{record} stands {before}, but the rules do not give its key this value "
                             f"then: {record.value}")
            tally.count(f"{store}.expired" if records[-1].value is None else f"{store}.final")
        for (partition, key), text in final.items():
            if (partition, key) in keys:
                continue
            if plugin.may_be_deleted(store, json.loads(text), latest.get(partition, -1)):
                tally.count(f"{store}.expired")
            else:
                findings.add("lost", f"{topic}[{partition}] (key {key!r}) has no value: the rules end with {text}")

    @staticmethod
    def _value(plugin, store, record, deleted, latest, findings):
        """Invariants of a stored value; what may be deleted. `deleted`: the text that a tombstone takes away."""
        if record.headers:
            findings.add("headers", f"{record} has headers: {record.headers}")
        try:
            if record.value is None:
                now = latest.get(record.partition, -1)
                if deleted is None or deleted is not UNKNOWN and not plugin.may_be_deleted(store, json.loads(deleted), now):
                    findings.add("changelog-deleted", f"{record} deletes a value that has not expired")
                elif not latest:
                    findings.add("changelog-deleted", f"{record} deletes from a store without a time to live")
                return
            broken = plugin.broken(store, json.loads(record.value))
        except (ValueError, TypeError, KeyError) as error:
            broken = f"can't be read ({error!r}): {record.value}"
        if broken:
            findings.add("invariant", f"{record}: {broken}")


def _compacted(records, final):
    """What the first record of a key deletes, should it be a tombstone: its value was compacted away. It is what the rules end
    with, or, when others came behind, nobody knows."""
    return final if all(record.value is None for record in records) else UNKNOWN
