"""Handles the records again, in the order that the answers show, and compares every answer.

A *lane* is one input partition and key: state never reaches beyond it. The answers (decisions, events) of a lane are in the order
in which its records were handled, and each names its source. A record of the lane that left no answer is placed as late as its
own input allows: just before the next record of the same input that left one. What may leave none: a dead letter, which changes
nothing wherever it stands, and a dropped duplicate, which depends on its own input only. For both the place does not matter.
"""

import json

from .message import Rejected, canonical
from .partitioner import Order, partition_of


class Handled:
    """What the rules make of one record: the answers, `(output, which, text)` for the other outputs, and for a record that is
    passed on the key it gets."""

    __slots__ = ("outcome", "answers", "others", "forward_key")

    def __init__(self, outcome, answers, others, forward_key=None):
        self.outcome, self.answers, self.others, self.forward_key = outcome, answers, others, forward_key


class Lane:
    def __init__(self):
        self.inputs = {}  # input -> [(record, message)], by offset
        self.groups = []  # (source, [answer records]), in the order of the log


class Replay:
    def __init__(self, plugin, pipeline, findings, tally):
        self.plugin, self.pipeline, self.findings, self.tally = plugin, pipeline, findings, tally
        self.lanes = {}
        self.rejected = {}  # (input, partition, offset) -> (record, code)
        self.no_state = set()  # sources whose dead letter is not the rules' but may be
        self.answered = set()
        self.expected = {}  # output -> {(source, which): Expected}
        self.forwarded = []  # (record, key)

    def read(self, name, records):
        for record in records:
            try:
                message = self.plugin.read(name, record)
            except Rejected as rejected:
                self.rejected[(name, record.partition, record.offset)] = (record, rejected.code)
                continue
            lane = self.lanes.setdefault((record.partition, record.key), Lane())
            lane.inputs.setdefault(name, []).append((record, message))

    def answer(self, topic, records):
        """Takes the answers, which are judged by `run`."""
        where = {(name, record.partition, record.offset): (key, record)
                 for key, lane in self.lanes.items() for name, queue in lane.inputs.items() for record, _ in queue}
        order, last = Order(self.findings), None
        for record in records:
            value = object_of(record.value)
            source = source_of(value)
            if source not in where:
                self.findings.add("foreign", f"{record} {self._foreign(source)}: {record.value}")
                continue
            key, read = where[source]
            self._envelope(record, read, topic)
            broken = self.plugin.broken_answer(value)
            if broken:
                self.findings.add("invariant", f"{record}: {broken}")
            if source not in self.answered:
                order.check(record, source)
                self.answered.add(source)
            if last == (source, record.partition):
                self.lanes[key].groups[-1][1].append(record)
            else:
                self.lanes[key].groups.append((source, [record]))
            last = (source, record.partition)

    def _foreign(self, source):
        if source in self.rejected:
            return f"answers {self.rejected[source][0]}, which is the dead letter {self.rejected[source][1]}"
        return f"names the source {source}, which no input has"

    def _envelope(self, answer, read, topic):
        """Key, timestamp, headers and partition of an answer."""
        wanted = [it for it in read.headers if it[0] == self.plugin.config["correlation_header"]][-1:]
        if answer.headers != wanted:
            self.findings.add("headers", f"{answer}: headers are {answer.headers}, {read} asks for {wanted}")
        envelope(answer, read, read.key, topic, self.pipeline, self.findings)

    def run(self):
        for lane in self.lanes.values():
            self._lane(lane)

    def _lane(self, lane):
        at = dict.fromkeys(lane.inputs, 0)
        later = {source for source, _ in lane.groups}
        done, late = set(), {}
        for source, answers in lane.groups:
            name, _, offset = source
            if source in done:
                for answer in answers:
                    self.findings.add("duplicate", f"{answer} answers {_text(source)} again: {answer.value}")
                continue
            done.add(source)
            if source in late:
                record, message = late.pop(source)
            else:
                queue = lane.inputs[name]
                while queue[at[name]][0].offset < offset:
                    self._unanswered(name, *queue[at[name]], later, late)
                    at[name] += 1
                record, message = queue[at[name]]
                at[name] += 1
            self._compare(name, record, message, answers)
        for name, queue in lane.inputs.items():
            for record, message in queue[at[name]:]:
                self._unanswered(name, record, message, later, late)

    def _unanswered(self, name, record, message, later, late):
        source = (name, record.partition, record.offset)
        if source in later:
            # Its answer comes too late; that was found as an order. It was handled there.
            late[source] = (record, message)
        elif source in self.no_state:
            pass
        elif self.plugin.is_dropped(name, record, message):
            self.tally.count("dropped")
            self.tally.count(f"dropped/{name}")
        else:
            # The state goes on as if it had been handled here.
            handled = self._handle(name, record, message)
            text = handled.answers[0] if handled else "nothing"
            self.findings.add("lost", f"{record} of {name} has no answer in {self.pipeline.topic(self.plugin.answers)}: expected {text}")

    def _handle(self, name, record, message):
        try:
            handled = self.plugin.handle(name, record, message)
        except Rejected as rejected:
            self.rejected[(name, record.partition, record.offset)] = (record, rejected.code)
            return None
        if handled:
            source = (name, record.partition, record.offset)
            for output, which, text in handled.others:
                outputs = self.expected.setdefault(output, {})
                outputs[(source, which)] = (record, text, len(outputs))
            if handled.forward_key is not None:
                self.forwarded.append((record, handled.forward_key))
            self.tally.count(f"outcome/{handled.outcome}")
        return handled

    def _compare(self, name, record, message, answers):
        handled = self._handle(name, record, message)
        expected = handled.answers if handled else []
        at = 0
        for answer in answers:
            text = canonical(answer.value)
            if at < len(expected) and text == canonical(expected[at]):
                at += 1
                self.tally.count(self.plugin.answers)
            elif text in map(canonical, expected[:at]):
                self.findings.add("duplicate", f"{answer} answers {record} again: {answer.value}")
            else:
                what = expected[at] if at < len(expected) else "no answer (more) for it"
                self.findings.add("wrong-answer", f"{answer} answers {record} with {answer.value}; the rules give {what}")
                at += 1
        for text in expected[at:]:
            self.findings.add("lost", f"{record} of {name} has no answer in {self.pipeline.topic(self.plugin.answers)}: expected {text}")


def envelope(written, read, key, topic, pipeline, findings):
    """Key, timestamp and partition of what was written because of `read`."""
    if written.key != key:
        findings.add("key", f"{written}: the key should be {key!r}, as it comes from {read}")
    # librdkafka takes 0 for "now".
    if written.timestamp != read.timestamp and read.timestamp != 0:
        findings.add("timestamp", f"{written}: the timestamp is {written.timestamp}, {read} has {read.timestamp}")
    partition = partition_of(key, pipeline.dump.partitions(topic)) if pipeline.by_key(topic) else (
        read.partition % pipeline.dump.partitions(topic))
    if written.partition != partition:
        findings.add("partition", f"{written} should be in partition {partition}, as it comes from {read}")


def object_of(text):
    """The JSON object in `text`; an empty one for anything else, which then lacks what is looked for."""
    try:
        parsed = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def source_of(message):
    """(input, partition, offset) as an output says it; None if it does not."""
    source = (message.get("input"), message.get("partition"), message.get("offset"))
    return source if tuple(map(type, source)) == (str, int, int) else None


def _text(source):
    return f"{source[0]} {source[1]}@{source[2]}"
