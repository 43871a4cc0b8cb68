"""The rules of loyalty: what an order or an adjustment makes of the account of its customer, and what is said about it."""

from . import loyalty_messages
from .message import I64_MAX, I64_MIN, Rejected, quoted
from .replay import Handled

DEFAULTS = {
    "points_per_dollar": 1, "currency": "USD", "daily_cap": 1000, "order_window": 16, "adjustment_window": 16,
    "max_bytes": 65_536, "correlation_header": "correlation-id",
    "tiers": [{"name": "base", "from": 0, "multiplier_bp": 10_000}, {"name": "silver", "from": 500, "multiplier_bp": 12_500},
              {"name": "gold", "from": 2000, "multiplier_bp": 15_000}],
}
_DAY_MS = 86_400_000


class Account:
    """What is kept of a customer."""

    __slots__ = ("seq", "balance", "lifetime", "tier", "corrected", "spent", "day", "day_points", "orders", "adjustments")

    def __init__(self, tier):
        self.seq = self.balance = self.lifetime = self.corrected = self.spent = self.day = self.day_points = 0
        self.tier = tier
        self.orders = []  # [id, cents, points, refunded cents], oldest first
        self.adjustments = []

    def text(self):
        orders = " ".join(f"{order} {cents} {points} {refunded}" for order, cents, points, refunded in self.orders)
        return (f'{{"seq":{self.seq},"balance":{self.balance},"lifetime":{self.lifetime},"tier":{quoted(self.tier)},'
                f'"corrected":{self.corrected},"spent":{self.spent},"day":{self.day},"day_points":{self.day_points},'
                f'"orders":{quoted(orders)},"adjustments":{quoted(" ".join(self.adjustments))}}}')


class Loyalty:
    """Accounts by partition and customer. `write(store, partition, key, text)` is told of each change."""

    answers, outputs, stores, droppable = "events", ("balances",), ("accounts",), ("orders", "adjustments")
    forwards = None
    required = ("events", "balances", "accounts.final")

    def __init__(self, config, write):
        self.config, self.write = {**DEFAULTS, **config}, write
        self.accounts = {}

    def read(self, name, record):
        return loyalty_messages.read(name, record, self.config)

    def may_overflow(self, name, record):
        """No result comes near 64 bits before some 10^9 records of one customer."""
        return False

    def is_dropped(self, name, record, message):
        account = self.accounts.get((record.partition, record.key))
        if account is None:
            return False
        if name == "orders":
            return any(order[0] == message["order_id"] for order in account.orders)
        return message["adjustment_id"] in account.adjustments

    def handle(self, name, record, message):
        """Handled, or None for a duplicate, which is dropped."""
        if self.is_dropped(name, record, message):
            return None
        at = (record.partition, record.key)
        account = self.accounts.get(at)
        if account is None:
            account = self.accounts[at] = Account(self.config["tiers"][0]["name"])
        account.seq += 1
        head = f'"customer_id":{quoted(record.key)},"seq":{account.seq}'
        source = f'"input":"{name}","partition":{record.partition},"offset":{record.offset}'
        outcome, event = (self._order if name == "orders" else self._adjust)(account, record, message, head)
        events, balances = [f"{{{event},{source}}}"], []
        if not outcome.startswith("refused"):
            tier = self._tier(account.lifetime)["name"]
            if tier != account.tier:
                events.append(f'{{"type":"tier",{head},"from":{quoted(account.tier)},"to":{quoted(tier)},'
                              f'"lifetime":{account.lifetime},{source}}}')
                account.tier = tier
            balances.append(("balances", "", f'{{{head},"balance":{account.balance},"lifetime":{account.lifetime},'
                             f'"tier":{quoted(account.tier)},{source}}}'))
        if not all(I64_MIN <= number <= I64_MAX for number in (account.balance, account.lifetime, account.corrected, account.spent)):
            raise Rejected("amount-overflow")
        self.write("accounts", record.partition, record.key, account.text())
        return Handled(outcome, events, balances)

    def _tier(self, lifetime):
        tiers = self.config["tiers"]
        return next((tier for tier in reversed(tiers) if tier["from"] <= lifetime), tiers[0])

    def _order(self, account, record, message, head):
        day = record.timestamp // _DAY_MS
        if day > account.day:
            account.day, account.day_points = day, 0
        multiplier = self._tier(account.lifetime)["multiplier_bp"]
        points = message["totals"] * self.config["points_per_dollar"] * multiplier // 1_000_000
        earned = min(points, max(0, self.config["daily_cap"] - account.day_points))
        account.balance += earned
        account.lifetime += earned
        account.day_points += earned
        account.orders = (account.orders + [[message["order_id"], message["totals"], earned, 0]])[-self.config["order_window"]:]
        return "earned", (f'"type":"earned",{head},"order_id":{quoted(message["order_id"])},"points":{earned},'
                          f'"capped":{points - earned}')

    def _adjust(self, account, record, message, head):
        adjustment, kind = message["adjustment_id"], message["type"]
        account.adjustments = (account.adjustments + [adjustment])[-self.config["adjustment_window"]:]
        code, points = None, message.get("points")
        if kind == "refund":
            code, points = self._refund(account, message)
        elif kind == "correction":
            account.balance += points
            account.corrected += points
        elif points > account.balance:
            code = "insufficient-points"
        else:
            account.balance -= points
            account.spent += points
        if code:
            return f"refused/{code}", f'"type":"refused",{head},"adjustment_id":{quoted(adjustment)},"code":"{code}"'
        word = {"refund": "refunded", "correction": "corrected", "spend": "spent"}[kind]
        order = f'"order_id":{quoted(message["order_id"])},' if kind == "refund" else ""
        return word, f'"type":"{word}",{head},"adjustment_id":{quoted(adjustment)},{order}"points":{points}'

    @staticmethod
    def _refund(account, message):
        """(code, None) or (None, points)."""
        order = next((it for it in account.orders if it[0] == message["order_id"]), None)
        if order is None:
            return "unknown-order", None
        _, cents, earned, before = order
        after = before + message["amount_cents"]
        if after > cents:
            return "refund-too-large", None
        points = earned * after // cents - earned * before // cents
        order[3] = after
        account.balance -= points
        account.lifetime -= points
        return None, points

    def final(self, store):
        """(partition, key) -> text of everything that is stored."""
        return {at: account.text() for at, account in self.accounts.items()}

    @staticmethod
    def broken(store, value):
        """What is wrong with a stored value in itself."""
        if value["balance"] != value["lifetime"] + value["corrected"] - value["spent"]:
            return (f"balance {value['balance']} is not lifetime {value['lifetime']} + corrected {value['corrected']} "
                    f"- spent {value['spent']}")
        return None

    @staticmethod
    def broken_answer(value):
        return None

    @staticmethod
    def may_be_deleted(store, value, now):
        return False
