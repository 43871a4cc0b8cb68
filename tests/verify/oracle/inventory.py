"""The rules of order-inventory: what a record makes of the state of its restaurant, and what it says."""

from . import inventory_messages
from .message import I64_MAX, Rejected, quoted
from .replay import Handled

DEFAULTS = {"reservation_s": 900, "order_memory_s": 86_400, "max_reservations": 64, "low_stock_at": 5, "max_items": 100,
            "max_bytes": 65_536, "correlation_header": "correlation-id"}


class Value:
    """The value of (restaurant, sku) while a record is handled."""

    __slots__ = ("on_hand", "delivered", "sold", "low", "reservations")

    def __init__(self, stored):
        self.on_hand, self.delivered, self.sold, self.low, self.reservations = stored or (0, 0, 0, True, ())

    def stored(self):
        return (self.on_hand, self.delivered, self.sold, self.low, tuple(self.reservations))

    def reserved(self):
        return sum(pieces for _, pieces, _ in self.reservations)

    def counts(self):
        return (f'"on_hand":{self.on_hand},"reserved":{self.reserved()},"sold":{self.sold},'
                f'"delivered":{self.delivered}')

    def take(self, order):
        """Takes the reservation of `order` out; its pieces, or None."""
        for at, (owner, pieces, _) in enumerate(self.reservations):
            if owner == order:
                self.reservations = self.reservations[:at] + self.reservations[at + 1:]
                return pieces
        return None


EMPTY = (0, 0, 0, True, ())


def _value_text(stored):
    on_hand, delivered, sold, low, reservations = stored
    listed = ",".join(f"[{quoted(order)},{pieces},{expires}]" for order, pieces, expires in reservations)
    return (f'{{"on_hand":{on_hand},"delivered":{delivered},"sold":{sold},"low":{"true" if low else "false"},'
            f'"reservations":[{listed}]}}')


def _entry_text(entry):
    state, until, items = entry
    listed = ",".join(f"[{quoted(sku)},{pieces}]" for sku, pieces in items)
    return f'{{"state":"{state}","until":{until},"items":[{listed}]}}'


def key_of_two(first, second):
    return f"{first}\0\1{second}\0\1"


class Inventory:
    """State by partition. `write(store, partition, key, text)` is told of each change."""

    answers, outputs, stores, droppable = "decisions", ("low-stock",), ("stock", "orders"), ()
    forwards = "accepted"
    required = ("decisions", "accepted", "stock.final", "orders.final")

    def __init__(self, config, write):
        self.config, self.write = {**DEFAULTS, **config}, write
        self.stock, self.orders = {}, {}

    def read(self, name, record):
        return inventory_messages.read(name, record, self.config)

    def may_overflow(self, name, record):
        return inventory_messages.may_overflow(name, record, self.config)

    def is_dropped(self, name, record, message):
        return False

    def handle(self, name, record, message):
        return {"stock": self._stock, "orders": self._order, "fulfilment": self._fulfilment}[name](record, message)

    def _touch(self, record, sku, touched):
        value = Value(self.stock.get((record.partition, record.key, sku)))
        if value.reservations and any(expires <= record.timestamp for _, _, expires in value.reservations):
            gone = sum(pieces for _, pieces, expires in value.reservations if expires <= record.timestamp)
            value.reservations = tuple(it for it in value.reservations if it[2] > record.timestamp)
            value.on_hand += gone
        touched[sku] = value
        return value

    def _close(self, record, touched, source):
        """Writes what was touched; the `low-stock` messages, as (sku, text)."""
        low_at, said = self.config["low_stock_at"], []
        for sku, value in touched.items():
            if value.on_hand > low_at:
                value.low = False
            elif not value.low:
                value.low = True
                said.append(("low-stock", sku, f'{{"restaurant_id":{quoted(record.key)},"sku":{quoted(sku)},'
                             f'"on_hand":{value.on_hand},"low_stock_at":{low_at},{source}}}'))
            at, stored = (record.partition, record.key, sku), value.stored()
            if stored != self.stock.get(at, EMPTY):
                self.stock[at] = stored
                self.write("stock", record.partition, key_of_two(record.key, sku), _value_text(stored))
        return said

    def _enter(self, record, order, entry):
        self.orders[(record.partition, record.key, order)] = entry
        self.write("orders", record.partition, key_of_two(record.key, order), _entry_text(entry))

    def _entry(self, record, order):
        entry = self.orders.get((record.partition, record.key, order))
        return entry if entry and entry[1] > record.timestamp else None

    def _stock(self, record, message):
        source, touched = _source("stock", record), {}
        value = self._touch(record, message["sku"], touched)
        if message["type"] == "count":
            on_hand, code = message["count"] - value.reserved(), "below-reserved"
        else:
            on_hand, code = value.on_hand + message["delta"], "below-zero"
        if on_hand < 0:
            outcome, decision = f"refused/{code}", f'"refused","code":"{code}"'
        else:
            value.delivered += on_hand - value.on_hand
            value.on_hand = on_hand
            outcome, decision = "stocked", '"stocked"'
        text = (f'{{"decision":{decision},"restaurant_id":{quoted(record.key)},"sku":{quoted(message["sku"])},'
                f'{value.counts()},{source}}}')
        return Handled(outcome, [text], self._close(record, touched, source))

    def _order(self, record, message):
        order, source, touched = message["order_id"], _source("orders", record), {}
        head = (f'"order_id":{quoted(order)},"restaurant_id":{quoted(record.key)},'
                f'"customer_id":{quoted(message["customer_id"])}')
        entry = self._entry(record, order)
        if entry:
            return Handled("duplicate", [f'{{"decision":"duplicate",{head},"state":"{entry[0]}",{source}}}'], [])
        wanted = message["wanted"]
        for sku in wanted:
            self._touch(record, sku, touched)
        short = [(sku, pieces, touched[sku].on_hand) for sku, pieces in wanted.items() if touched[sku].on_hand < pieces]
        if short:
            listed = ",".join(f'{{"sku":{quoted(sku)},"wanted":{pieces},"on_hand":{on_hand}}}' for sku, pieces, on_hand in short)
            text = f'{{"decision":"refused","code":"short",{head},"short":[{listed}],{source}}}'
            return Handled("refused/short", [text], self._close(record, touched, source))
        full = [sku for sku in wanted if len(touched[sku].reservations) >= self.config["max_reservations"]]
        if full:
            listed = ",".join(map(quoted, full))
            text = f'{{"decision":"refused","code":"too-many-reservations",{head},"full":[{listed}],{source}}}'
            return Handled("refused/too-many-reservations", [text], self._close(record, touched, source))
        expires = record.timestamp + self.config["reservation_s"] * 1000
        until = record.timestamp + self.config["order_memory_s"] * 1000
        if max(expires, until) > I64_MAX:
            raise Rejected("amount-overflow")
        for sku, pieces in wanted.items():
            touched[sku].on_hand -= pieces
            touched[sku].reservations += ((order, pieces, expires),)
        self._enter(record, order, ("reserved", until, tuple(wanted.items())))
        text = f'{{"decision":"accepted",{head},"expires":{expires},{source}}}'
        return Handled("accepted", [text], self._close(record, touched, source), message["customer_id"])

    def _fulfilment(self, record, message):
        order, status, source, touched = message["order_id"], message["status"], _source("fulfilment", record), {}
        tail = f'"order_id":{quoted(order)},"restaurant_id":{quoted(record.key)},{source}}}'
        entry = self._entry(record, order)
        if not entry or entry[0] != "reserved":
            code = {None: "unknown-order", "expired": "reservation-expired"}.get(entry and entry[0]) or f"already-{entry[0]}"
            return Handled(f"late/{code}", [f'{{"decision":"late","code":"{code}",{tail}'], [])
        _, until, items = entry
        values = [self._touch(record, sku, touched) for sku, _ in items]
        taken = [value.take(order) for value in values]
        if None not in taken:
            for value, pieces in zip(values, taken):
                if status == "confirmed":
                    value.sold += pieces
                else:
                    value.on_hand += pieces
            outcome, text = status, f'{{"decision":"{status}",{tail}'
            self._enter(record, order, (status, until, ()))
        else:
            for value, pieces in zip(values, taken):
                value.on_hand += pieces or 0
            outcome, text = "late/reservation-expired", f'{{"decision":"late","code":"reservation-expired",{tail}'
            self._enter(record, order, ("expired", until, ()))
        return Handled(outcome, [text], self._close(record, touched, source))

    def final(self, store):
        """(partition, key) -> text of everything that is stored."""
        held, text = (self.stock, _value_text) if store == "stock" else (self.orders, _entry_text)
        return {(part, key_of_two(first, second)): text(it) for (part, first, second), it in held.items()}

    @staticmethod
    def broken(store, value):
        """What is wrong with a stored value in itself."""
        if store != "stock":
            return None
        reserved = sum(pieces for _, pieces, _ in value["reservations"])
        if value["on_hand"] < 0:
            return f"{value['on_hand']} pieces on hand"
        if value["on_hand"] + reserved + value["sold"] != value["delivered"]:
            return f"{value['on_hand']} on hand + {reserved} reserved + {value['sold']} sold is not {value['delivered']} delivered"
        return None

    @staticmethod
    def broken_answer(value):
        if "delivered" not in value:
            return None
        if value["on_hand"] < 0:
            return f"{value['on_hand']} pieces on hand"
        if value["on_hand"] + value["reserved"] + value["sold"] != value["delivered"]:
            return "on hand + reserved + sold is not delivered"
        return None

    @staticmethod
    def may_be_deleted(store, value, now):
        """Whether the time to live may have taken this value, when `now` is the latest record time of its partition."""
        return store == "orders" and value["until"] <= now


def _source(name, record):
    return f'"input":"{name}","partition":{record.partition},"offset":{record.offset}'
