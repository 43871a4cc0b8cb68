"""What was found wrong: exact counts per kind, and the first findings of each kind in words."""

# Findings in words per kind; the rest is only counted. More would drown the first one, which is usually the cause.
LISTED_PER_KIND_MAX = 20


class Findings:
    def __init__(self):
        self._kinds = {}

    def add(self, kind, text):
        """`kind` is a word to count by; `text` names topic, partition, offset and key."""
        found = self._kinds.setdefault(kind, [0, []])
        found[0] += 1
        if len(found[1]) < LISTED_PER_KIND_MAX:
            found[1].append(text)

    def __bool__(self):
        return bool(self._kinds)

    def as_json(self):
        return [{"kind": kind, "count": count, "listed": listed} for kind, (count, listed) in self._kinds.items()]
