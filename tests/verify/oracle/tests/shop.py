"""A model of order-inventory that makes clean dumps: written from the page, apart from the judge, and in no hurry."""

import copy
import json

CONFIG = {"reservation_s": 60, "order_memory_s": 90, "max_reservations": 6, "low_stock_at": 4}
GROUP = "inventory"
INPUTS = {"orders": "orders.by-restaurant", "stock": "stock", "fulfilment": "fulfilment"}
OUTPUTS = {"decisions": "inventory.decisions", "accepted": "orders.accepted", "low-stock": "inventory.low-stock"}
LETTERS = "inventory.dlq"
STOCK, ORDERS = "wasmill.inventory.stock.changelog", "wasmill.inventory.orders.changelog"
TOPICS = [*INPUTS.values(), *OUTPUTS.values(), LETTERS, STOCK, ORDERS]
NEW = {"on_hand": 0, "delivered": 0, "sold": 0, "low": True, "reservations": []}


def dumped(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def next_input(queues, random):
    """Mostly the one with the oldest record; the order between inputs is nobody's promise."""
    names = [name for name, queue in queues.items() if queue]
    return random.choice(names) if random.random() < 0.2 else min(names, key=lambda name: queues[name][0]["timestamp"])


def dead_letter(world, topic, group, source_topic, line):
    added = {"topic": source_topic, "partition": line["partition"], "offset": line["offset"], "group": group, "stage": "invoke",
             "code": line["code"]}
    headers = line["headers"] + [["__wasmill.errors." + name, str(value)] for name, value in added.items()]
    world.put(topic, line["timestamp"], line["key"], line["value"], headers, line["partition"])


class Shop:
    def __init__(self, world, random):
        self.world, self.random = world, random
        self.stock, self.orders, self.changed = {}, {}, {}

    def run(self, partition):
        queues = {name: list(self.world.logs[topic][partition]) for name, topic in INPUTS.items()}
        while any(queues.values()):
            name = next_input(queues, self.random)
            self._record(name, queues[name].pop(0))
            if self.random.random() < 0.2:
                self._commit()
        self._commit()

    def _commit(self):
        for (topic, key), (partition, timestamp, value) in self.changed.items():
            self.world.put(topic, timestamp, "".join(part + "\0\1" for part in key), dumped(value), (), partition)
        self.changed.clear()
        self.world.commit()

    def _record(self, name, line):
        if line["code"]:
            dead_letter(self.world, LETTERS, GROUP, INPUTS[name], line)
            return
        message = json.loads(line["value"])
        self.line, self.now, self.shop = line, line["timestamp"], message["restaurant_id"]
        self.source = {"input": name, "partition": line["partition"], "offset": line["offset"]}
        self.touched = {}
        said = getattr(self, "on_" + name)(message)
        correlation = [header for header in line["headers"] if header[0] == "correlation-id"][-1:]
        self.world.put(OUTPUTS["decisions"], self.now, self.shop, dumped({**said, **self.source}), correlation)
        if said["decision"] == "accepted":
            self.world.put(OUTPUTS["accepted"], self.now, message["customer_id"], line["value"], line["headers"])
        for sku, value in self.touched.items():
            self._close(sku, value)

    def _save(self, topic, held, key, value):
        held[key] = value
        self.changed[(topic, key)] = (self.line["partition"], self.now, value)

    def _touch(self, sku):
        value = copy.deepcopy(self.stock.get((self.shop, sku), NEW))
        for reservation in [it for it in value["reservations"] if it[2] <= self.now]:
            value["reservations"].remove(reservation)
            value["on_hand"] += reservation[1]
        self.touched[sku] = value
        return value

    def _close(self, sku, value):
        is_low = value["on_hand"] <= CONFIG["low_stock_at"]
        if is_low and not value["low"]:
            said = {"restaurant_id": self.shop, "sku": sku, "on_hand": value["on_hand"], "low_stock_at": CONFIG["low_stock_at"]}
            self.world.put(OUTPUTS["low-stock"], self.now, self.shop, dumped({**said, **self.source}))
        value["low"] = is_low
        if value != self.stock.get((self.shop, sku), NEW):
            self._save(STOCK, self.stock, (self.shop, sku), value)

    def _known(self, order):
        entry = self.orders.get((self.shop, order))
        return entry if entry and self.now < entry["until"] else None

    def on_stock(self, message):
        value = self._touch(message["sku"])
        reserved = sum(it[1] for it in value["reservations"])
        change = message["delta"] if message["type"] == "adjustment" else message["count"] - reserved - value["on_hand"]
        said = {"decision": "stocked"}
        if value["on_hand"] + change < 0:
            said = {"decision": "refused", "code": "below-zero" if message["type"] == "adjustment" else "below-reserved"}
        else:
            value["on_hand"] += change
            value["delivered"] += change
        return {**said, "restaurant_id": self.shop, "sku": message["sku"], "on_hand": value["on_hand"], "reserved": reserved,
                "sold": value["sold"], "delivered": value["delivered"]}

    def on_orders(self, message):
        order = message["order_id"]
        ids = {"order_id": order, "restaurant_id": self.shop, "customer_id": message["customer_id"]}
        entry = self._known(order)
        if entry:
            return {"decision": "duplicate", **ids, "state": entry["state"]}
        wanted = {}
        for item in message["items"]:
            wanted[item["sku"]] = wanted.get(item["sku"], 0) + item["quantity"]
        values = {sku: self._touch(sku) for sku in wanted}
        short = [{"sku": sku, "wanted": wanted[sku], "on_hand": it["on_hand"]} for sku, it in values.items() if it["on_hand"] < wanted[sku]]
        if short:
            return {"decision": "refused", "code": "short", **ids, "short": short}
        full = [sku for sku, it in values.items() if len(it["reservations"]) == CONFIG["max_reservations"]]
        if full:
            return {"decision": "refused", "code": "too-many-reservations", **ids, "full": full}
        expires = self.now + 1000 * CONFIG["reservation_s"]
        for sku, value in values.items():
            value["on_hand"] -= wanted[sku]
            value["reservations"].append([order, wanted[sku], expires])
        until = self.now + 1000 * CONFIG["order_memory_s"]
        items = [[sku, pieces] for sku, pieces in wanted.items()]
        self._save(ORDERS, self.orders, (self.shop, order), {"state": "reserved", "until": until, "items": items})
        return {"decision": "accepted", **ids, "expires": expires}

    def on_fulfilment(self, message):
        order, ids = message["order_id"], {"order_id": message["order_id"], "restaurant_id": self.shop}
        entry = self._known(order)
        if not entry:
            return {"decision": "late", "code": "unknown-order", **ids}
        if entry["state"] != "reserved":
            code = "reservation-expired" if entry["state"] == "expired" else "already-" + entry["state"]
            return {"decision": "late", "code": code, **ids}
        values = [self._touch(sku) for sku, _ in entry["items"]]
        mine = [[it for it in value["reservations"] if it[0] == order] for value in values]
        whole = all(mine)
        for value, reservations in zip(values, mine):
            for reservation in reservations:
                value["reservations"].remove(reservation)
                value["sold" if whole and message["status"] == "confirmed" else "on_hand"] += reservation[1]
        state = message["status"] if whole else "expired"
        self._save(ORDERS, self.orders, (self.shop, order), {"state": state, "until": entry["until"], "items": []})
        if whole:
            return {"decision": message["status"], **ids}
        return {"decision": "late", "code": "reservation-expired", **ids}
