"""A model of loyalty that makes clean dumps: written from the page, apart from the judge."""

import json

from .shop import dead_letter, dumped, next_input

CONFIG = {"daily_cap": 60, "order_window": 8, "adjustment_window": 3, "points_per_dollar": 1,
          "tiers": [{"name": "base", "from": 0, "multiplier_bp": 10000}, {"name": "silver", "from": 60, "multiplier_bp": 12500},
                    {"name": "gold", "from": 150, "multiplier_bp": 15000}]}
GROUP = "loyalty"
INPUTS = {"orders": "orders.accepted", "adjustments": "loyalty.adjustments"}
OUTPUTS = {"balances": "loyalty.balances", "events": "loyalty.events"}
LETTERS = "loyalty.dlq"
ACCOUNTS = "wasmill.loyalty.accounts.changelog"
TOPICS = ["loyalty.adjustments", *OUTPUTS.values(), LETTERS, ACCOUNTS]


class Club:
    def __init__(self, world, random):
        self.world, self.random = world, random
        self.accounts, self.changed = {}, {}

    def run(self, partition):
        queues = {name: list(self.world.logs[topic][partition]) for name, topic in INPUTS.items()}
        while any(queues.values()):
            name = next_input(queues, self.random)
            self._record(name, queues[name].pop(0))
            if self.random.random() < 0.2:
                self._commit()
        self._commit()

    def _commit(self):
        for key, (partition, timestamp, text) in self.changed.items():
            self.world.put(ACCOUNTS, timestamp, key, text, (), partition)
        self.changed.clear()
        self.world.commit()

    def _record(self, name, line):
        if line["code"]:
            dead_letter(self.world, LETTERS, GROUP, INPUTS[name], line)
            return
        message = json.loads(line["value"])
        customer = message["customer_id"]
        new = {"seq": 0, "balance": 0, "lifetime": 0, "tier": CONFIG["tiers"][0]["name"], "corrected": 0, "spent": 0, "day": 0,
               "day_points": 0, "orders": [], "adjustments": []}
        it = self.accounts.get(customer, new)
        known = [order[0] for order in it["orders"]] if name == "orders" else it["adjustments"]
        if message["order_id" if name == "orders" else "adjustment_id"] in known:
            return
        self.accounts[customer] = it
        it["seq"] += 1
        event = self._earn(it, message, line["timestamp"]) if name == "orders" else self._adjust(it, message)
        source = {"input": name, "partition": line["partition"], "offset": line["offset"]}
        correlation = [header for header in line["headers"] if header[0] == "correlation-id"][-1:]
        start = {"customer_id": customer, "seq": it["seq"]}

        def say(what):
            text = dumped({"type": what.pop("type"), **start, **what, **source})
            self.world.put(OUTPUTS["events"], line["timestamp"], customer, text, correlation)

        refused = event["type"] == "refused"
        say(event)
        if not refused:
            tier = [tier["name"] for tier in CONFIG["tiers"] if tier["from"] <= it["lifetime"]][-1]
            before, it["tier"] = it["tier"], tier
            balance = {**start, "balance": it["balance"], "lifetime": it["lifetime"], "tier": tier, **source}
            self.world.put(OUTPUTS["balances"], line["timestamp"], customer, dumped(balance))
            if tier != before:
                say({"type": "tier", "from": before, "to": tier, "lifetime": it["lifetime"]})
        words = " ".join(str(word) for order in it["orders"] for word in order)
        stored = dumped({**it, "orders": words, "adjustments": " ".join(it["adjustments"])})
        self.changed[customer] = (line["partition"], line["timestamp"], stored)

    def _earn(self, it, message, timestamp):
        if timestamp // 86400000 > it["day"]:
            it["day"], it["day_points"] = timestamp // 86400000, 0
        total = message["totals"]["total_cents"]
        factor = [tier["multiplier_bp"] for tier in CONFIG["tiers"] if tier["from"] <= it["lifetime"]][-1]
        points = total * CONFIG["points_per_dollar"] * factor // 1000000
        earned = min(points, max(0, CONFIG["daily_cap"] - it["day_points"]))
        for name in ("balance", "lifetime", "day_points"):
            it[name] += earned
        it["orders"].append([message["order_id"], total, earned, 0])
        del it["orders"][:-CONFIG["order_window"]]
        return {"type": "earned", "order_id": message["order_id"], "points": earned, "capped": points - earned}

    def _adjust(self, it, message):
        name, kind = message["adjustment_id"], message["type"]
        it["adjustments"].append(name)
        del it["adjustments"][:-CONFIG["adjustment_window"]]
        if kind == "refund":
            orders = [order for order in it["orders"] if order[0] == message["order_id"]]
            if not orders:
                return {"type": "refused", "adjustment_id": name, "code": "unknown-order"}
            _, total, earned, refunded = order = orders[0]
            if refunded + message["amount_cents"] > total:
                return {"type": "refused", "adjustment_id": name, "code": "refund-too-large"}
            order[3] += message["amount_cents"]
            points = earned * order[3] // total - earned * refunded // total
            it["balance"] -= points
            it["lifetime"] -= points
            return {"type": "refunded", "adjustment_id": name, "order_id": message["order_id"], "points": points}
        points = message["points"]
        if kind == "correction":
            it["balance"] += points
            it["corrected"] += points
            return {"type": "corrected", "adjustment_id": name, "points": points}
        if points > it["balance"]:
            return {"type": "refused", "adjustment_id": name, "code": "insufficient-points"}
        it["balance"] -= points
        it["spent"] += points
        return {"type": "spent", "adjustment_id": name, "points": points}
