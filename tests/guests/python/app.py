"""A plugin in Python, through componentize-py and the world `plugin-typed`.

What it does, the guests in Rust and C do too.
"""

import json

from wit_world import exports
from wit_world.exports.typed import (
    Emission,
    Field_Bytes,
    Forwarded,
    Header,
    Outcome_Drop,
    Outcome_Emit,
    Outcome_Forward,
    Outcome_Reject,
    Outcome_Retry,
    Part_Bytes,
    Part_Inherit,
    Postponement,
    Rejection,
    Written,
)

MANIFEST = {
    "name": "in-python",
    "version": "0.1.0",
    "sdk": "componentize-py 0.25",
    "outputs": [{"name": "main"}],
    "codes": ["unwanted", "not-yet"],
}


class Lifecycle(exports.Lifecycle):
    def describe(self):
        return json.dumps(MANIFEST)

    def configure(self, config):
        return None


class Typed(exports.Typed):
    def process(self, source, records):
        return [answer(source, record) for record in records]


def answer(source, record):
    if not isinstance(record.value, Field_Bytes):
        return Outcome_Drop([])
    verb, _, rest = record.value.value.decode(errors="replace").partition(":")
    if verb == "drop":
        return Outcome_Drop([])
    if verb == "shout":
        return shout(rest)
    if verb == "reject":
        return Outcome_Reject(Rejection("unwanted", "no " + rest))
    if verb == "retry" and source.attempt == 1:
        return Outcome_Retry(Postponement(5, "not-yet", ""))
    if verb == "trap":
        raise RuntimeError("as it was told")
    if verb == "loop":
        while True:
            pass
    if verb.startswith("ok") or verb == "retry":
        return Outcome_Forward(Forwarded(0, []))
    return Outcome_Reject(Rejection("no-such-fault", verb[:1024]))


def shout(words):
    """The words in capitals, with the record's key and headers, and one header of its own."""
    emission = Emission(
        output=0,
        key=Part_Inherit(),
        value=Part_Bytes(words.upper().encode()),
        inherit_headers=True,
        headers=[Header("by", b"python")],
        timestamp=None,
        partition=None,
    )
    return Outcome_Emit(Written([emission], []))
