"""Topics in memory, and the dump of them. Knows nothing of the rules."""

import json
import os

from ..partitioner import partition_of

PARTITIONS = 2
INTERNAL = "__consumer_offsets"


class World:
    def __init__(self, topics):
        self.logs = {topic: [[] for _ in range(PARTITIONS)] for topic in topics}
        self._next = {(topic, partition): 0 for topic in topics for partition in range(PARTITIONS)}
        self._touched = set()
        self.positions = []
        self.open = []

    def put(self, topic, timestamp, key, value, headers=(), partition=None, code=None):
        """Appends a record. `code`: what it is a dead letter with; not part of the dump."""
        partition = partition_of(key, PARTITIONS) if partition is None else partition
        at = (topic, partition)
        line = {"partition": partition, "offset": self._next[at], "timestamp": timestamp, "key": key, "value": value,
                "headers": [list(header) for header in headers], "code": code}
        self.logs[topic][partition].append(line)
        self._next[at] += 1
        self._touched.add(at)
        return line

    def commit(self):
        """A marker, which takes an offset, behind what was written since."""
        for at in self._touched:
            self._next[at] += 1
        self._touched.clear()

    def read_by(self, group, topics):
        """The group has come to the end of the topics."""
        for topic in topics:
            for partition in range(PARTITIONS):
                end = self._next[(topic, partition)]
                self.positions.append({"group": group, "topic": topic, "partition": partition, "committed": end, "end": end})

    def dump(self, folder):
        ends = [{"topic": topic, "partition": partition, "stable": end, "high": end} for (topic, partition), end in self._next.items()]
        ends.append({"topic": INTERNAL, "partition": 0, "stable": 9, "high": 9})
        for end in ends:
            if (end["topic"], end["partition"]) in self.open:
                end["stable"] -= 1
        topics = {topic: [len(part) for part in parts] for topic, parts in self.logs.items()}
        with open(os.path.join(folder, "dump.json"), "w", encoding="utf-8") as file:
            json.dump({"topics": topics, "ends": ends, "positions": self.positions}, file)
        for topic, parts in self.logs.items():
            with open(os.path.join(folder, topic + ".jsonl"), "w", encoding="utf-8") as file:
                for part in parts:
                    for line in part:
                        json.dump({name: it for name, it in line.items() if name != "code"}, file, ensure_ascii=False)
                        file.write("\n")
