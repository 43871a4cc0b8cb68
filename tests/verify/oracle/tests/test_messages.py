"""Which records are dead letters, and with which code: the order of the page's table, field by field."""

import json
import unittest

from .. import inventory_messages, loyalty_messages
from ..dump import Record
from ..inventory import DEFAULTS as INVENTORY
from ..loyalty import DEFAULTS as LOYALTY
from ..message import Rejected

COUNT = {"type": "count", "restaurant_id": "r", "sku": "P-1", "count": 20}
ORDER = {"order_id": "o", "customer_id": "c", "restaurant_id": "r", "items": [{"sku": "P-1", "quantity": 2}]}
DONE = {"order_id": "o", "restaurant_id": "r", "status": "confirmed"}
PAID = {"order_id": "o", "customer_id": "c", "currency": "USD", "totals": {"total_cents": 100}}
REFUND = {"type": "refund", "adjustment_id": "a", "customer_id": "c", "order_id": "o", "amount_cents": 1}


class Codes(unittest.TestCase):
    def code(self, name, value, key="r", timestamp=1):
        """The code of the dead letter; None for a good record."""
        value = json.dumps(value) if isinstance(value, dict) else value
        record = Record("t", 0, 0, timestamp, key, value, [])
        module, config = (inventory_messages, INVENTORY) if name in ("stock", "orders", "fulfilment") else (loyalty_messages, LOYALTY)
        try:
            module.read({"paid": "orders"}.get(name, name), record, config)
        except Rejected as rejected:
            return rejected.code
        return None

    def check(self, name, key, cases):
        for value, code in cases:
            self.assertEqual(self.code(name, value, key), code, value)

    def test_good_records_are_none_and_other_fields_do_not_matter(self):
        for name, good, key in [("stock", COUNT, "r"), ("orders", ORDER, "r"), ("fulfilment", DONE, "r"), ("paid", PAID, "c"),
                                ("adjustments", REFUND, "c")]:
            self.assertIsNone(self.code(name, good, key))
            more = json.dumps(good)[:-1] + ',"note":null,"note":[1e400,{}],"n":' + "9" * 5000 + "}"
            self.assertIsNone(self.code(name, more, key), more)

    def test_what_is_no_document(self):
        good = json.dumps(COUNT)
        self.assertEqual(self.code("stock", good, None), "null-key")
        self.assertEqual(self.code("stock", good, b"\xff"), "invalid-key")
        self.assertEqual(self.code("stock", good, ""), "wrong-key")
        self.check("stock", "r", [
            (None, "null-value"), ("", "invalid-json"), (b"\xff", "invalid-json"), (b"\xff" * 65_537, "message-too-large"),
            (" " * 65_536, "invalid-json"), (" " * 65_537, "message-too-large"), ("ü" * 32_769, "message-too-large"),
            (good + "{}", "invalid-json"), ("\ufeff" + good, "invalid-json"), (good.replace("20", "NaN"), "invalid-json"),
            (good.replace("20", "020"), "invalid-json"), ("[1]", "wrong-type"), ("7", "wrong-type"),
            (good.replace("P-1", "\\ud800"), "invalid-json"), (good[:-1] + ',"x":"\\ud800"}', None), (good[:-1] + ",}", "invalid-json")])

    def test_the_first_that_is_met_from_left_to_right(self):
        self.check("stock", "r", [
            ('{"type":7,"sku":"","sku":""}', "wrong-type"), ('{"sku":"","sku":7,"type":7}', "duplicate-field"),
            ('{"type":"count","restaurant_id":"r","sku":"P"}', "missing-field"),
            ('{"type":"count","restaurant_id":"r","sku":"P","delta":1}', "missing-field"),
            ('{"type":"adjustment","restaurant_id":"r","sku":"P","count":1}', "missing-field"),
            ('{"type":"adjustment","restaurant_id":"r","sku":"P","delta":1,"count":"x"}', "wrong-type"),
            ('{"type":"theft","restaurant_id":"r","sku":"P"}', "unknown-type"), ('{"type":"theft","restaurant_id":"r"}', "missing-field")])
        self.check("orders", "r", [
            ('{"items":[{"sku":"P"}],"order_id":7}', "missing-field"), ('{"items":[{"sku":"P","sku":"P"},7]}', "duplicate-field"),
            ('{"items":{}}', "wrong-type"), ('{"items":[[]]}', "wrong-type"), ('{"items":[]}', "missing-field")])
        self.check("paid", "c", [({**PAID, "totals": {}}, "missing-field"), ({**PAID, "totals": 7}, "wrong-type")])

    def test_whole_numbers_that_64_bits_hold(self):
        text = json.dumps(COUNT)
        for number, code in [("1.0", "wrong-type"), ("1e2", "wrong-type"), ("true", "wrong-type"), ("null", "wrong-type"),
                             ('"1"', "wrong-type"), (str(2**63), "wrong-type"), (str(2**63 - 1), "out-of-range"),
                             ("9" * 5000, "wrong-type"), ("-1", "out-of-range"), ("0", None), ("-0", "wrong-type"), ("1000000000", None),
                             ("1000000001", "out-of-range")]:
            self.assertEqual(self.code("stock", text.replace("20", number)), code, number[:30])

    def test_ids(self):
        for text, code in [("", "invalid-id"), ("a b", "invalid-id"), ("a\u3000b", "invalid-id"), ("a\x7fb", "invalid-id"),
                           ("a\x85", "invalid-id"), ("x" * 65, "invalid-id"), ("ü" * 33, "invalid-id"), ("x" * 64, None),
                           ("ü" * 32, None), ("a\u200bb", None), ('a"\\/', None)]:
            self.assertEqual(self.code("stock", {**COUNT, "sku": text}), code, text)
        self.assertEqual(self.code("stock", {**COUNT, "sku": "", "restaurant_id": "x"}), "invalid-id")
        self.assertEqual(self.code("adjustments", {**REFUND, "order_id": ""}, "c"), "invalid-id")
        self.assertIsNone(self.code("adjustments", {**REFUND, "type": "spend", "points": 1, "order_id": ""}, "c"))

    def test_what_a_message_says(self):
        many = [{"sku": "P", "quantity": 1}] * 101
        self.check("orders", "r", [
            ({**ORDER, "restaurant_id": "x", "items": []}, "wrong-key"), ({**ORDER, "items": []}, "no-items"),
            ({**ORDER, "items": many}, "too-many-items"), ({**ORDER, "items": many[1:]}, None),
            ({**ORDER, "items": [{"sku": "P", "quantity": 0}]}, "out-of-range"),
            ({**ORDER, "items": [{"sku": "P", "quantity": 1_000_001}]}, "out-of-range")])
        self.check("fulfilment", "r", [({**DONE, "status": "lost"}, "unknown-type"), ({**DONE, "restaurant_id": "x"}, "wrong-key")])
        self.check("paid", "c", [
            ({**PAID, "currency": "EUR"}, "wrong-currency"), ({**PAID, "customer_id": "x", "currency": "EUR"}, "wrong-key"),
            ({**PAID, "totals": {"total_cents": -1}}, "out-of-range"), ({**PAID, "totals": {"total_cents": 10**12 + 1}}, "out-of-range")])
        self.check("adjustments", "c", [
            ({**REFUND, "amount_cents": 0}, "out-of-range"), ({**REFUND, "type": "gift"}, "unknown-type"),
            ({**REFUND, "type": "correction", "points": 0}, "out-of-range"), ({**REFUND, "type": "correction", "points": -1}, None),
            ({**REFUND, "type": "spend", "points": -1}, "out-of-range"), ({**REFUND, "type": "spend"}, "missing-field"),
            ({**REFUND, "type": "spend", "points": 1, "amount_cents": 0}, None)])

    def test_the_time_comes_last(self):
        for name, good, key in [("stock", COUNT, "r"), ("orders", ORDER, "r"), ("fulfilment", DONE, "r"), ("paid", PAID, "c"),
                                ("adjustments", REFUND, "c")]:
            self.assertEqual(self.code(name, good, key, None), "no-timestamp")
            self.assertEqual(self.code(name, good, key, -1), "no-timestamp")
            self.assertIsNone(self.code(name, good, key, 0))
        self.assertEqual(self.code("stock", {**COUNT, "count": -1}, timestamp=None), "out-of-range")


if __name__ == "__main__":
    unittest.main()
