"""What has to hold before anything can be compared: nothing hangs, all is committed, and there is something to judge."""

OFFSETS_TOPIC = "__consumer_offsets"


def check(dump, pipelines, findings):
    """No transaction hangs on any topic of a pipeline, nor on the groups' offsets; every group is at the end of its inputs."""
    asked = {(end["topic"], end["partition"]): end for end in dump.ends}
    if not any(topic == OFFSETS_TOPIC for topic, _ in asked):
        findings.add("open-transaction", f"nobody has asked for the ends of {OFFSETS_TOPIC}")
    for (topic, partition), end in asked.items():
        if end["stable"] != end["high"]:
            findings.add("open-transaction", f"{topic}[{partition}] is stable to {end['stable']} of {end['high']}")
    positions = {(it["group"], it["topic"], it["partition"]): it for it in dump.positions}
    for pipeline in pipelines:
        for topic in pipeline.topics():
            for partition in range(dump.partitions(topic)):
                if (topic, partition) not in asked:
                    findings.add("open-transaction", f"nobody has asked for the end of {topic}[{partition}]")
        for topic in pipeline.inputs.values():
            last = {record.partition: record.offset for record in dump.read(topic)}
            for partition in range(dump.partitions(topic)):
                where = (pipeline.group, topic, partition)
                _position(positions.get(where), last.get(partition, -1), where, findings)
        counts = {topic: dump.partitions(topic) for topic in [*pipeline.inputs.values(), *pipeline.changelogs.values()]}
        if len(set(counts.values())) != 1:
            findings.add("partitions", f"inputs and changelogs of {pipeline.name} have different numbers of partitions: {counts}")


def _position(found, last, where, findings):
    """Behind the last record: what another pipeline wrote there ends with markers, which nobody has to have read."""
    group, topic, partition = where
    if found is None:
        findings.add("position", f"nobody has asked how far {group} has come in {topic}[{partition}]")
    elif not last < (found["committed"] or 0) <= found["end"] and (found["committed"] or last >= 0):
        findings.add("position", f"{group} has committed {found['committed']} in {topic}[{partition}], whose last record has "
                     f"offset {last} and whose end is {found['end']}")


def check_input(pipeline, name, records, findings):
    """As many records as were sent, and not none."""
    topic, sent = pipeline.inputs[name], pipeline.raw.get("expected", {}).get(name)
    if not records:
        findings.add("nothing-to-judge", f"the input {name} ({topic}) has no records")
    if sent is not None and sent != len(records):
        findings.add("wrong-count", f"{sent} records were sent to {name}, {len(records)} are in {topic}")


def check_enough(pipeline, plugin, tally, findings):
    """0 of 0 is no proof: what was to be checked has to be there."""
    for name in [*plugin.required, *pipeline.raw.get("require", [])]:
        if not tally.counts.get(name):
            findings.add("nothing-to-judge", f"{pipeline.name}: {name}: 0 checked")
