"""A clean set of dumps: inputs from a seed, run through both models; and the configuration to judge it with."""

import json
import os
import sys
from random import Random

from . import club, shop
from .shop import dumped
from .world import PARTITIONS, World

_START = 1_700_000_000_000
_STEP_MS = 700
# Bad records of each input: code and value, where K is the key.
_BAD = {
    "stock": [("unknown-type", '{"type":"theft","restaurant_id":"K","sku":"P-1"}'), ("invalid-json", "{"), ("null-value", None),
              ("missing-field", '{"type":"count","restaurant_id":"K","sku":"P-1"}'),
              ("out-of-range", '{"type":"count","restaurant_id":"K","sku":"P-1","count":-1}')],
    "orders": [("no-items", '{"order_id":"o","customer_id":"c","restaurant_id":"K","items":[]}'),
               ("wrong-type", '{"order_id":7}'), ("wrong-key", '{"order_id":"o","customer_id":"c","restaurant_id":"x","items":[]}')],
    "fulfilment": [("duplicate-field", '{"order_id":"o","order_id":"o","restaurant_id":"K","status":"confirmed"}'),
                   ("invalid-id", '{"order_id":"o 1","restaurant_id":"K","status":"confirmed"}')],
    "adjustments": [("out-of-range", '{"type":"correction","adjustment_id":"a","customer_id":"K","points":0}'),
                    ("missing-field", '{"type":"spend","adjustment_id":"a","customer_id":"K"}')],
}


def world(seed=1, orders=400, restaurants=3, customers=7):
    """A World in which both pipelines have come to their ends."""
    random = Random(seed)
    made = World([*shop.TOPICS, *club.TOPICS])
    feed = _Feed(made, random, restaurants, customers)
    for number in range(orders):
        feed.order(number)
    for topic in [*shop.INPUTS.values(), club.INPUTS["adjustments"]]:
        assert sum(map(len, made.logs[topic])), topic
    made.commit()
    shopkeeper = shop.Shop(made, random)
    for partition in range(PARTITIONS):
        shopkeeper.run(partition)
    cashier = club.Club(made, random)
    for partition in range(PARTITIONS):
        cashier.run(partition)
    made.read_by(shop.GROUP, shop.INPUTS.values())
    made.read_by(club.GROUP, club.INPUTS.values())
    return made


def config(**more):
    """`more` goes into both pipelines."""
    def pipeline(plugin, module):
        return {"name": module.GROUP, "plugin": plugin, "group": module.GROUP, "config": module.CONFIG, "inputs": module.INPUTS,
                "outputs": module.OUTPUTS, "dead_letters": module.LETTERS, "require": ["dead_letters"], **more}

    return {"pipelines": [pipeline("order-inventory", shop), pipeline("loyalty", club)]}


class _Feed:
    def __init__(self, made, random, restaurants, customers):
        self.world, self.random, self.now = made, random, _START
        self.shops = [f"r-{number}" for number in range(restaurants)]
        self.customers = [f"c-{number}" for number in range(customers - 1)] + ['c-"ü\\']
        self.placed = []

    def order(self, number):
        random = self.random
        self.now += random.randrange(2 * _STEP_MS)
        where, customer = random.choice(self.shops), random.choice(self.customers)
        if random.random() < 0.5:
            self._stock(where)
        items = [{"sku": f"P-{random.randrange(4)}", "quantity": random.randint(1, 3)} for _ in range(random.randint(1, 3))]
        value = {"order_id": f"o-{number}", "customer_id": customer, "restaurant_id": where, "currency": "USD", "items": items,
                 "totals": {"total_cents": random.randrange(5000)}}
        self._send("orders", where, dumped(value), [["trace", "t"], ["correlation-id", f"q-{number}"]])
        self.placed.append((where, customer, f"o-{number}", dumped(value)))
        if random.random() < 0.1:
            again = random.choice([self.placed[-1], *self.placed[-150:-120]])
            self._send("orders", again[0], again[3])
        if random.random() < 0.7:
            where, _, order, _ = random.choice(random.choice([self.placed[-20:], self.placed[-20:], self.placed[-130:-90]]) or self.placed)
            self._send("fulfilment", where, dumped({"order_id": order, "restaurant_id": where, "status": random.choice(
                ["confirmed", "confirmed", "cancelled"])}))
        if random.random() < 0.5:
            self._adjustment(number)
        if random.random() < 0.1:
            name = random.choice(list(_BAD))
            code, text = random.choice(_BAD[name])
            self._send(name, where, text and text.replace("K", where), code=code)

    def _send(self, name, key, value, headers=(), code=None):
        topic = shop.INPUTS.get(name) or club.INPUTS[name]
        self.world.put(topic, self.now, key, value, headers, code=code)
        if self.random.random() < 0.1:
            self.world.commit()

    def _stock(self, where):
        sku = f"P-{self.random.randrange(4)}"
        counted = {"type": "count", "count": self.random.randrange(25)}
        moved = {"type": "adjustment", "delta": self.random.randrange(-8, 12)}
        kind = self.random.choice([counted, moved, moved])
        self._send("stock", where, dumped({**kind, "restaurant_id": where, "sku": sku}), [["correlation-id", None]])

    def _adjustment(self, number):
        random = self.random
        _, customer, order, _ = random.choice(self.placed[-30:])
        kind = random.choice([{"type": "refund", "order_id": order, "amount_cents": random.randint(1, 2500)},
                              {"type": "correction", "points": random.choice([-15, 5])},
                              {"type": "spend", "points": random.randint(1, 40)}])
        value = json.dumps({**kind, "adjustment_id": f"a-{number - random.choice([0, 0, 0, 1])}", "customer_id": customer})
        self._send("adjustments", customer, value)


if __name__ == "__main__":
    # `python3 -m oracle.tests.clean FOLDER [ORDERS]` leaves a dump and its config.json there.
    world(orders=int((sys.argv[2:] or ["400"])[0]), restaurants=40, customers=200).dump(sys.argv[1])
    with open(os.path.join(sys.argv[1], "config.json"), "w", encoding="utf-8") as file:
        json.dump(config(), file)
