"""The whole judgement of one dump."""

from . import changelog, letters, outputs, settled
from .dump import Dump, Unusable
from .findings import Findings
from .inventory import Inventory
from .loyalty import Loyalty
from .replay import Replay

PLUGINS = {"order-inventory": Inventory, "loyalty": Loyalty}
# Which field tells several messages of one source apart.
_WHICH = {"low-stock": "sku", "balances": None}


class Tally:
    """What was checked, by name."""

    def __init__(self):
        self.counts = {}

    def count(self, name, number=1):
        self.counts[name] = self.counts.get(name, 0) + number


class Pipeline:
    """One pipeline of the configuration, and its topics."""

    def __init__(self, raw, dump):
        self.raw, self.dump = raw, dump
        try:
            self.name, self.group, self.plugin = raw["name"], raw["group"], PLUGINS[raw["plugin"]]
            self.inputs, self.outputs, self.letters = raw["inputs"], raw["outputs"], raw["dead_letters"]
            self.changelogs = {store: f"wasmill.{self.group}.{store}.changelog" for store in self.plugin.stores}
        except KeyError as error:
            raise Unusable(f"the configuration of a pipeline lacks {error}") from error
        self._by_key = {topic for name, topic in self.outputs.items() if raw.get("partition", {}).get(name, "key") == "key"}
        self._records = {}

    def topic(self, output):
        return self.outputs[output]

    def topics(self):
        return [*self.inputs.values(), *self.outputs.values(), self.letters, *self.changelogs.values()]

    def by_key(self, topic):
        return topic in self._by_key

    def record(self, name, partition, offset):
        """A record of an input by its place; asked for dead letters only."""
        if name not in self._records:
            self._records[name] = {(it.partition, it.offset): it for it in self.dump.read(self.inputs[name])}
        return self._records[name].get((partition, offset))


def judge(folder, config):
    """The report, as JSON."""
    findings, reports = Findings(), []
    dump = Dump(folder, findings)
    pipelines = [Pipeline(raw, dump) for raw in config["pipelines"]]
    if not pipelines:
        raise Unusable("the configuration has no pipelines")
    settled.check(dump, pipelines, findings)
    for pipeline in pipelines:
        reports.append({"name": pipeline.name, "checked": _judge(pipeline, findings).counts})
    return {"pipelines": reports, "partitions": dump.counts(), "findings": findings.as_json()}


def _judge(pipeline, findings):
    tally, logs, dump = Tally(), changelog.Changelogs(), pipeline.dump
    plugin = pipeline.plugin(pipeline.raw.get("config", {}), logs.write)
    replay = Replay(plugin, pipeline, findings, tally)
    latest = {}
    for store, topic in pipeline.changelogs.items():
        logs.load(store, topic, dump.read(topic))
    for name, topic in pipeline.inputs.items():
        records = dump.read(topic)
        replay.read(name, records)
        tally.count("inputs", len(records))
        for record in records:
            if record.timestamp is not None:
                latest[record.partition] = max(record.timestamp, latest.get(record.partition, -1))
        settled.check_input(pipeline, name, records, findings)
    found = letters.read(dump.read(pipeline.letters), {topic: name for name, topic in pipeline.inputs.items()}, findings)
    letters.excuse(replay, found, pipeline.raw.get("host_codes", []))
    answers = pipeline.topic(plugin.answers)
    replay.answer(answers, dump.read(answers))
    replay.run()
    letters.compare(replay, found, pipeline.group, pipeline.letters)
    for output in plugin.outputs:
        compacted = output in pipeline.raw.get("compacted", [])
        outputs.compare(replay, output, dump.read(pipeline.topic(output)), _WHICH[output], compacted)
    if plugin.forwards:
        outputs.compare_forwarded(replay, plugin.forwards, dump.read(pipeline.topic(plugin.forwards)))
    for store in plugin.stores:
        has_ttl = store in pipeline.raw.get("ttl", [])
        logs.compare(plugin, store, latest if has_ttl else {}, findings, tally)
    settled.check_enough(pipeline, plugin, tally, findings)
    return tally
