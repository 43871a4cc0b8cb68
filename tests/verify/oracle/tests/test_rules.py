"""Rules that a random run seldom meets, each by hand from the page; and Kafka's own hashes."""

import json
import unittest

from .. import inventory, loyalty
from ..dump import Record
from ..message import Rejected
from ..partitioner import murmur2

T0 = 1_700_000_000_000


class ByHand(unittest.TestCase):
    def setUp(self):
        self.written = []

    def write(self, store, partition, key, text):
        self.written.append((store, key, json.loads(text)))

    def handle(self, plugin, name, key, value, timestamp=T0):
        record = Record("t", 0, 7, timestamp, key, json.dumps(value), [])
        handled = plugin.handle(name, record, plugin.read(name, record))
        return handled and [json.loads(text) for text in handled.answers + [text for _, _, text in handled.others]]


class Inventory(ByHand):
    def setUp(self):
        super().setUp()
        self.plugin = inventory.Inventory({}, self.write)

    def stock(self, timestamp=T0, **message):
        message = {"type": "count" if "count" in message else "adjustment", "restaurant_id": "r", "sku": "P-1", **message}
        return self.handle(self.plugin, "stock", "r", message, timestamp)

    def order(self, order, *lines, timestamp=T0):
        items = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        return self.handle(self.plugin, "orders", "r", {"order_id": order, "customer_id": "c", "restaurant_id": "r", "items": items},
                           timestamp)

    def done(self, order, status="confirmed", timestamp=T0):
        return self.handle(self.plugin, "fulfilment", "r", {"order_id": order, "restaurant_id": "r", "status": status}, timestamp)

    def test_an_empty_value_is_not_written_and_a_new_one_says_no_low_stock(self):
        self.assertEqual(len(self.stock(count=0)), 1)
        self.assertEqual(self.written, [])
        self.assertEqual(len(self.stock(count=3)), 1, "it was low before")
        self.assertEqual(self.written[-1], ("stock", "r\0\1P-1\0\1", {"on_hand": 3, "delivered": 3, "sold": 0, "low": True,
                                                                        "reservations": []}))

    def test_lines_of_one_item_are_added_up_in_the_place_of_the_first(self):
        self.stock(count=20)
        self.stock(count=20, sku="P-2")
        accepted = self.order("o", ("P-2", 1), ("P-1", 2), ("P-2", 3))[0]
        self.assertEqual(accepted["expires"], T0 + 900_000)
        self.assertIn(("orders", "r\0\1o\0\1", {"state": "reserved", "until": T0 + 86_400_000, "items": [["P-2", 4], ["P-1", 2]]}),
                      self.written)

    def test_a_count_has_what_is_reserved_in_it(self):
        self.stock(count=10)
        self.order("o", ("P-1", 4))
        refused = self.stock(count=3)[0]
        self.assertEqual((refused["code"], refused["on_hand"], refused["reserved"]), ("below-reserved", 6, 4))
        stocked = self.stock(count=4)[0]
        self.assertEqual((stocked["on_hand"], stocked["reserved"], stocked["delivered"]), (0, 4, 4))

    def test_a_reservation_ends_at_its_time_and_low_stock_is_said_once_per_crossing(self):
        self.stock(count=7)
        said = self.order("o", ("P-1", 3))
        self.assertEqual([it.get("on_hand") for it in said], [None, 4])
        self.assertEqual(len(self.order("o2", ("P-1", 1))), 1)
        self.assertEqual(self.stock(delta=0, timestamp=T0 + 899_999)[0]["on_hand"], 3)
        self.assertEqual(self.stock(delta=0, timestamp=T0 + 900_000)[0]["on_hand"], 7)
        self.assertEqual(self.done("o", timestamp=T0 + 900_000)[0]["code"], "reservation-expired")
        self.assertEqual(self.done("o", timestamp=T0 + 900_000)[0]["code"], "reservation-expired")
        self.assertEqual(self.order("o", ("P-1", 1), timestamp=T0 + 900_000)[0]["state"], "expired")

    def test_an_entry_is_forgotten_at_its_time(self):
        self.stock(count=9)
        self.order("o", ("P-1", 1))
        self.assertEqual(self.done("o")[0]["decision"], "confirmed")
        self.assertEqual(self.done("o", timestamp=T0 + 86_399_999)[0]["code"], "already-confirmed")
        self.assertEqual(self.done("o", timestamp=T0 + 86_400_000)[0]["code"], "unknown-order")
        self.assertEqual(self.order("o", ("P-1", 1), timestamp=T0 + 86_400_000)[0]["decision"], "accepted")

    def test_a_reservation_of_which_a_part_has_gone_goes_as_a_whole(self):
        self.stock(count=9)
        self.stock(count=9, sku="P-2")
        self.order("o", ("P-1", 2), ("P-2", 3))
        # Its records' times need not ascend: one item was touched late, the other one is confirmed early.
        self.stock(delta=0, timestamp=T0 + 900_000)
        self.assertEqual(self.done("o", timestamp=T0 + 1)[0]["code"], "reservation-expired")
        self.assertEqual(self.stock(delta=0, sku="P-2")[0]["on_hand"], 9)

    def test_a_time_beyond_64_bits_is_a_dead_letter_and_changes_nothing(self):
        self.stock(count=9)
        before = len(self.written)
        with self.assertRaises(Rejected) as raised:
            self.order("o", ("P-1", 2), timestamp=2**63 - 1)
        self.assertEqual((raised.exception.code, len(self.written)), ("amount-overflow", before))


class Loyalty(ByHand):
    def setUp(self):
        super().setUp()
        self.plugin = loyalty.Loyalty({}, self.write)

    def order(self, order, cents, timestamp=T0):
        value = {"order_id": order, "customer_id": "c", "currency": "USD", "totals": {"total_cents": cents}}
        return self.handle(self.plugin, "orders", "c", value, timestamp)

    def adjust(self, adjustment, **message):
        return self.handle(self.plugin, "adjustments", "c", {"adjustment_id": adjustment, "customer_id": "c", **message})

    def test_the_tier_counts_as_it_was_before_and_a_new_one_is_said_last(self):
        said = self.order("o-1", 60_000)
        self.assertEqual([(it.get("type"), it.get("points")) for it in said], [("earned", 600), ("tier", None), (None, None)])
        self.assertEqual((said[1]["from"], said[1]["to"], said[2]["tier"]), ("base", "silver", "silver"))
        earned = self.order("o-2", 10_000)[0]
        self.assertEqual((earned["points"], earned["capped"]), (125, 0))

    def test_the_cap_is_of_a_day_and_a_day_before_counts_for_the_later_one(self):
        self.assertEqual(self.order("o-1", 120_000)[0]["capped"], 200)
        self.assertEqual(self.order("o-2", 10_000, T0 - 86_400_000)[0]["points"], 0)
        self.assertEqual(self.order("o-3", 10_000, T0 + 86_400_000)[0]["points"], 125)

    def test_a_whole_refund_in_parts_takes_all_that_was_earned(self):
        earned = self.order("o", 1_999)[0]["points"]
        self.order("x", 50_000)
        taken = [self.adjust(f"a-{part}", type="refund", order_id="o", amount_cents=cents)[0]["points"]
                 for part, cents in enumerate([700, 700, 599])]
        self.assertEqual((earned, sum(taken)), (19, 19))
        self.assertEqual(self.adjust("a-9", type="refund", order_id="o", amount_cents=1)[0]["code"], "refund-too-large")

    def test_a_refused_adjustment_is_remembered_and_says_no_balance(self):
        self.assertEqual(self.adjust("a", type="spend", points=1)[0]["code"], "insufficient-points")
        self.order("o", 10_000)
        self.assertIsNone(self.adjust("a", type="spend", points=1))
        self.assertEqual(self.written[-1][2]["adjustments"], "a")
        self.assertEqual(len(self.adjust("b", type="spend", points=100)), 2)
        self.assertEqual(self.written[-1][2]["orders"], "o 10000 100 0")
        self.assertEqual(self.written[-1][2]["balance"], 0)

    def test_a_window_forgets_the_oldest(self):
        for number in range(17):
            self.order(f"o-{number}", 100)
        self.assertIsNone(self.order("o-1", 100))
        self.assertEqual(self.order("o-0", 100)[0]["type"], "earned")

    def test_a_balance_below_zero_after_a_refund_of_what_was_spent(self):
        self.order("o", 10_000)
        self.adjust("a", type="spend", points=100)
        self.adjust("b", type="refund", order_id="o", amount_cents=10_000)
        self.assertEqual((self.written[-1][2]["balance"], self.written[-1][2]["lifetime"]), (-100, 0))


class Hashes(unittest.TestCase):
    def test_hashes_are_those_of_kafkas_own_unit_test(self):
        # org.apache.kafka.common.utils.UtilsTest.testMurmur2
        for key, hashed in [("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
                            ("a-little-bit-longer-string", -1_486_304_829), ("abc", 479_470_107),
                            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971)]:
            self.assertEqual(murmur2(key.encode()), hashed & 0xFFFFFFFF, key)


if __name__ == "__main__":
    unittest.main()
