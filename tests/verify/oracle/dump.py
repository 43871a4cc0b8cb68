"""Reads a folder of topic dumps: `dump.json`, and `<topic>.jsonl` for each topic, a record a line, partitions in any order.

    {"partition":0,"offset":17,"timestamp":1700000000000,"key":"r-3","value":"{...}","headers":[["correlation-id","x"]]}

Bytes are text where they are UTF-8, else `{"base64":"..."}`; null is null. A line may also name its `topic`.
"""

import base64
import json
import os


class Record:
    """One record. `key`, `value` and header names and values are str, or bytes where they are not UTF-8, or None."""

    __slots__ = ("topic", "partition", "offset", "timestamp", "key", "value", "headers")

    def __init__(self, topic, partition, offset, timestamp, key, value, headers):
        self.topic, self.partition, self.offset = topic, partition, offset
        self.timestamp, self.key, self.value, self.headers = timestamp, key, value, headers

    @property
    def place(self):
        return (self.topic, self.partition, self.offset)

    def __str__(self):
        return f"{self.topic}[{self.partition}]@{self.offset} (key {shown(self.key)})"


def shown(data):
    """Bytes for people; the separator of keys of two texts stays visible."""
    return "null" if data is None else repr(data)


class Unusable(Exception):
    """The dump can't be judged at all."""


class Dump:
    def __init__(self, folder, findings):
        self.folder, self.findings = folder, findings
        self._topics = {}
        try:
            with open(os.path.join(folder, "dump.json"), encoding="utf-8") as file:
                manifest = json.load(file)
            self.topics, self.ends, self.positions = manifest["topics"], manifest["ends"], manifest["positions"]
        except (OSError, ValueError, KeyError) as error:
            raise Unusable(f"{folder}/dump.json: {error!r}") from error

    def partitions(self, topic):
        """The number of partitions of `topic`."""
        if topic not in self.topics:
            raise Unusable(f"{self.folder}/dump.json does not name the topic {topic}")
        return len(self.topics[topic])

    def read(self, topic):
        """All records of `topic`, by partition and then offset. Read once; a topic can be one's output and another's input."""
        if topic not in self._topics:
            self._topics[topic] = self._read(topic)
        return self._topics[topic]

    def counts(self):
        """How many records of each partition were read."""
        return {topic: [len(list(part)) for part in by_partition(records, self.partitions(topic))]
                for topic, records in self._topics.items()}

    def _read(self, topic):
        expected = self.topics.get(topic, [])
        by = [[] for _ in range(self.partitions(topic))]
        path = os.path.join(self.folder, topic + ".jsonl")
        try:
            with open(path, encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    record = _record(topic, line, f"{path}:{number}")
                    if not 0 <= record.partition < len(by):
                        raise Unusable(f"{path}:{number}: partition {record.partition} of {len(by)}")
                    part = by[record.partition]
                    if part and record.offset <= part[-1].offset:
                        self.findings.add("offsets", f"{record} comes after offset {part[-1].offset}")
                    part.append(record)
        except (OSError, UnicodeDecodeError) as error:
            raise Unusable(f"{path}: {error}") from error
        for partition, part in enumerate(by):
            if len(part) != expected[partition]:
                self.findings.add("dump-count", f"{topic}[{partition}]: {len(part)} records, the dump says {expected[partition]}")
        return [record for part in by for record in part]


def by_partition(records, partitions):
    parts = [[] for _ in range(partitions)]
    for record in records:
        parts[record.partition].append(record)
    return parts


def _record(topic, line, where):
    try:
        raw = json.loads(line)
        if raw.get("topic", topic) != topic:
            raise ValueError(f"a record of {raw['topic']}")
        headers = [(_data(name), _data(value)) for name, value in raw["headers"]]
        return Record(topic, raw["partition"], raw["offset"], raw["timestamp"], _data(raw["key"]), _data(raw["value"]), headers)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unusable(f"{where}: {error!r}") from error


def _data(raw):
    if raw is None or isinstance(raw, str):
        return raw
    data = base64.b64decode(raw["base64"], validate=True)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
