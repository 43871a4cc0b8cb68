"""Every error that a run can make is planted into a clean dump, alone, and found by the name of its place."""

import copy
import json
import os
import tempfile
import unittest

from ..judge import judge
from . import clean, club, shop


_CLEAN = clean.world(seed=3)


class Planted(unittest.TestCase):
    def setUp(self):
        self.world = copy.deepcopy(_CLEAN)

    def judged(self, **more):
        with tempfile.TemporaryDirectory() as folder:
            self.world.dump(folder)
            return judge(folder, clean.config(**more))["findings"]

    def assert_found(self, kind, *words, only=True, **more):
        """One finding of `kind` has all the words; with `only` there is no other finding."""
        findings = self.judged(**more)
        texts = [text for found in findings if found["kind"] == kind for text in found["listed"]]
        self.assertTrue(any(all(str(word) in text for word in words) for text in texts), f"{kind} {words}: {findings}")
        if only:
            self.assertEqual(sum(found["count"] for found in findings), 1, findings)

    def lines(self, topic, having=""):
        """The (partition's log, index) of records of `topic` whose value has the text."""
        return [(part, index) for part in self.world.logs[topic] for index, line in enumerate(part) if having in (line["value"] or "")]

    def some(self, topic, having="", at=0.5):
        found = self.lines(topic, having)
        return found[int(len(found) * at)]

    @staticmethod
    def place(topic, part, index):
        return f"{topic}[{part[index]['partition']}]@{part[index]['offset']} (key {part[index]['key']!r})"

    def double(self, topic, having="", at=0.5):
        """The record once more, at the end of its partition."""
        part, index = self.some(topic, having, at)
        part.append({**part[index], "offset": part[-1]["offset"] + 1})
        return self.place(topic, part, -1)

    def lose(self, topic, having="", at=0.5):
        part, index = self.some(topic, having, at)
        return part.pop(index)

    def change(self, topic, old, new, having="", at=0.5):
        part, index = self.some(topic, having or old, at)
        self.assertIn(old, part[index]["value"])
        part[index]["value"] = part[index]["value"].replace(old, new, 1)
        return self.place(topic, part, index)

    def swap(self, topic, key, field="key"):
        """Two neighbours of one key change their places."""
        for part in self.world.logs[topic]:
            mine = [index for index, line in enumerate(part) if line["key"] == key]
            for one, other in zip(mine, mine[1:]):
                if '"input":"orders"' in part[one]["value"] and '"input":"orders"' in part[other]["value"]:
                    first, second = dict(part[one]), dict(part[other])
                    part[one] = {**second, "offset": first["offset"]}
                    part[other] = {**first, "offset": second["offset"]}
                    return self.place(topic, part, other)
        raise AssertionError("no neighbours")


class Inventory(Planted):
    def test_a_doubled_decision(self):
        self.assert_found("duplicate", self.double("inventory.decisions"))

    def test_a_decision_that_is_there_twice_in_a_row(self):
        part, index = self.some("inventory.decisions")
        for line in part:
            line["offset"] *= 2
        part.insert(index + 1, {**part[index], "offset": part[index]["offset"] + 1})
        self.assert_found("duplicate", self.place("inventory.decisions", part, index + 1))

    def test_a_lost_decision_that_changed_the_stock(self):
        line = self.lose("inventory.decisions", '"decision":"accepted"')
        self.assert_found("lost", "orders.by-restaurant[", line["key"], '"decision":"accepted"', only=False)

    def test_a_lost_decision_that_changed_nothing(self):
        line = self.lose("inventory.decisions", '"code":"unknown-order"')
        self.assert_found("lost", "fulfilment[", line["key"], "inventory.decisions")

    def test_two_swapped_decisions(self):
        place = self.swap("inventory.decisions", "r-1")
        self.assert_found("order", place, only=False)

    def test_a_decision_with_another_outcome(self):
        place = self.change("inventory.decisions", '"refused","code":"short"', '"refused","code":"long"')
        self.assert_found("wrong-answer", place, "the rules give", '"code":"short"')

    def test_a_decision_with_another_count(self):
        self.assert_found("wrong-answer", self.change("inventory.decisions", '"sold":', '"sold":1'), only=False)

    def test_a_negative_stock(self):
        place = self.change("inventory.decisions", '"on_hand":', '"on_hand":-', '"stocked"')
        self.assert_found("invariant", place, "on hand", only=False)
        self.assert_found("wrong-answer", place, only=False)

    def test_a_decision_for_no_record(self):
        part, index = self.some("inventory.decisions", '"input":"stock"')
        head = part[index]["value"].rsplit(":", 1)[0]
        part.append({**part[index], "value": head + ":999999}", "offset": part[-1]["offset"] + 1})
        self.assert_found("foreign", self.place("inventory.decisions", part, -1))

    def test_a_decision_with_another_correlation(self):
        part, index = next((part, index) for part, index in self.lines("inventory.decisions") if part[index]["headers"])
        part[index]["headers"] = [["correlation-id", "another"]]
        self.assert_found("headers", self.place("inventory.decisions", part, index))

    def test_a_decision_with_another_time_key_or_partition(self):
        part, index = self.some("inventory.decisions")
        part[index]["timestamp"] += 1
        self.assert_found("timestamp", self.place("inventory.decisions", part, index))
        part[index]["timestamp"] -= 1
        part[index]["key"] = "r-9"
        self.assert_found("key", self.place("inventory.decisions", part, index))
        part[index]["key"] = "r-1" if part[index]["key"] != "r-1" else "r-2"
        self.assert_found("key", self.place("inventory.decisions", part, index), only=False)

    def test_a_decision_in_another_partition(self):
        part, index = self.some("inventory.decisions", at=0.9)
        line = part.pop(index)
        other = self.world.logs["inventory.decisions"][1 - line["partition"]]
        other.append({**line, "partition": 1 - line["partition"], "offset": (other[-1]["offset"] if other else 0) + 1})
        self.assert_found("partition", self.place("inventory.decisions", other, -1), only=False)

    def test_headers_where_none_belong(self):
        for topic in ("inventory.low-stock", shop.STOCK, club.ACCOUNTS, "loyalty.balances"):
            self.world = copy.deepcopy(_CLEAN)
            part, index = self.some(topic)
            part[index]["headers"] = [["a", "b"]]
            self.assert_found("headers", self.place(topic, part, index))

    def test_a_lost_low_stock(self):
        line = self.lose("inventory.low-stock")
        self.assert_found("lost", "inventory.low-stock", line["key"], line["value"])

    def test_a_low_stock_that_nobody_had_to_say_or_that_says_something_else(self):
        part, index = self.some("inventory.low-stock")
        part.append({**part[index], "value": part[index]["value"].replace("P-", "Q-"), "offset": part[-1]["offset"] + 1})
        self.assert_found("foreign", self.place("inventory.low-stock", part, -1))
        part.pop()
        part[index]["value"] = part[index]["value"].replace('"on_hand":', '"on_hand":1')
        self.assert_found("wrong-message", self.place("inventory.low-stock", part, index))

    def test_a_doubled_low_stock(self):
        self.assert_found("duplicate", self.double("inventory.low-stock"))

    def test_two_swapped_low_stocks(self):
        self.assert_found("order", self.swap("inventory.low-stock", "r-1"), only=False)

    def test_a_lost_accepted_order(self):
        line = self.lose("orders.accepted")
        self.assert_found("lost", "orders.accepted", line["key"], "orders.by-restaurant[", only=False)

    def test_a_doubled_accepted_order(self):
        self.assert_found("duplicate", self.double("orders.accepted"), only=False)

    def test_an_accepted_order_with_another_value(self):
        self.assert_found("value", self.change("orders.accepted", '"currency"', '"Currency"'), only=False)

    def test_an_accepted_order_without_its_headers(self):
        part, index = self.some("orders.accepted")
        part[index]["headers"] = []
        self.assert_found("headers", self.place("orders.accepted", part, index) + ": headers are []", only=False)

    def test_a_missing_dead_letter(self):
        line = self.lose("inventory.dlq")
        self.assert_found("lost", "no dead letter", repr(line["key"]))

    def test_a_dead_letter_that_is_not_its_record_or_names_none(self):
        part, index = self.some("inventory.dlq", "{")
        part[index]["value"] += " "
        self.assert_found("dead-letter", self.place("inventory.dlq", part, index), "value not as it should be")
        for field, value in (("offset", "999999"), ("topic", "elsewhere")):
            self.world = copy.deepcopy(_CLEAN)
            part, index = self.some("inventory.dlq", "{")
            part[index]["headers"] = [[name, value if name.endswith("." + field) else it] for name, it in part[index]["headers"]]
            self.assert_found("dead-letter", self.place("inventory.dlq", part, index), only=False)

    def test_a_dead_letter_in_another_partition(self):
        part, index = self.some("inventory.dlq")
        line = part.pop(index)
        other = self.world.logs["inventory.dlq"][1 - line["partition"]]
        other.append({**line, "partition": 1 - line["partition"], "offset": (other[-1]["offset"] if other else 0) + 1})
        self.assert_found("partition", self.place("inventory.dlq", other, -1), only=False)

    def test_an_accepted_order_that_nobody_sent(self):
        part, index = self.some("orders.accepted")
        part.append({**part[index], "value": '{"order_id":"x"}', "offset": part[-1]["offset"] + 1})
        self.assert_found("foreign", self.place("orders.accepted", part, -1), only=False)

    def test_two_swapped_accepted_orders(self):
        for part in self.world.logs["orders.accepted"]:
            for one, other in zip(part, part[1:]):
                if json.loads(one["value"])["restaurant_id"] == json.loads(other["value"])["restaurant_id"]:
                    one["offset"], other["offset"] = other["offset"], one["offset"]
                    part.sort(key=lambda line: line["offset"])
                    return self.assert_found("order", self.place("orders.accepted", part, part.index(one)), only=False)
        self.fail("no neighbours")

    def test_a_doubled_dead_letter(self):
        self.assert_found("duplicate", self.double("inventory.dlq"))

    def test_a_dead_letter_with_another_code(self):
        part, index = self.some("inventory.dlq")
        part[index]["headers"] = [[name, "wrong-currency" if name.endswith(".code") else it] for name, it in part[index]["headers"]]
        self.assert_found("dead-letter", self.place("inventory.dlq", part, index), "wrong-currency")

    def test_a_dead_letter_of_a_good_record(self):
        part, index = self.some("stock", '"type":"count"')
        shop.dead_letter(self.world, "inventory.dlq", shop.GROUP, "stock", {**part[index], "code": "plugin-trap"})
        self.assert_found("dead-letter", "inventory.dlq", "plugin-trap", self.place("stock", part, index), only=False)

    def test_a_host_code_is_excused_only_where_it_is_allowed_and_only_without_an_answer(self):
        part, index = self.some("inventory.decisions", '"code":"unknown-order"')
        partition, offset = (int(it) for it in part[index]["value"][:-1].replace('"offset":', "").split(":")[-1].split(","))
        line = next(line for line in self.world.logs["fulfilment"][partition] if line["offset"] == offset)
        shop.dead_letter(self.world, "inventory.dlq", shop.GROUP, "fulfilment", {**line, "code": "output-refused"})
        self.assert_found("dead-letter", "output-refused", "nothing is wrong", only=False)
        self.assert_found("dead-letter", "which was answered too", only=False, host_codes=["output-refused"])
        part.pop(index)
        kinds = {found["kind"] for found in self.judged(host_codes=["output-refused"])}
        self.assertLessEqual(kinds, {"order"}, "the letter stands at the end of its log")

    def test_a_changelog_that_ends_with_a_former_value(self):
        line, part, index = self._rewritten(shop.STOCK)
        part.pop(index)
        self.assert_found("final-state", shop.STOCK, repr(line["key"])[:-1], "the rules end with")

    def test_an_extra_changelog_record(self):
        self.assert_found("changelog-stale", self.double(shop.STOCK, at=1 - 1e-9))
        self.world = copy.deepcopy(_CLEAN)
        part, index = self.some(shop.STOCK)
        part.append({**part[index], "key": "r-1\0\1P-99\0\1", "offset": part[-1]["offset"] + 1})
        self.assert_found("changelog-extra", self.place(shop.STOCK, part, -1))

    def test_a_changelog_value_that_can_not_be_read(self):
        part, index = self.some(shop.STOCK)
        part[index]["value"] = "{"
        self.assert_found("invariant", self.place(shop.STOCK, part, index), "can't be read", only=False)

    def test_a_changelog_value_that_never_was(self):
        line, part, index = self._rewritten(shop.STOCK, last=False)
        line["value"] = line["value"].replace('"on_hand":', '"on_hand":1').replace('"delivered":', '"delivered":1')
        self.assert_found("changelog-stale", self.place(shop.STOCK, part, index), only=False)

    def test_a_key_that_the_changelog_has_lost(self):
        line = self.lose(shop.ORDERS, '"state":"confirmed"')
        for part in self.world.logs[shop.ORDERS]:
            part[:] = [it for it in part if it["key"] != line["key"]]
        self.assert_found("lost", shop.ORDERS, repr(line["key"]))

    def test_a_value_that_was_deleted_without_or_before_its_time(self):
        def delete(at):
            part, index = self.some(shop.ORDERS, "state", at)
            part.append({**part[index], "value": None, "offset": part[-1]["offset"] + 1})
            return self.place(shop.ORDERS, part, -1)

        place = delete(0)
        self.assert_found("changelog-deleted", place)
        self.assertEqual(self.judged(ttl=["orders"]), [], "expired, and the store has a time to live")
        self.assert_found("changelog-deleted", delete(1 - 1e-9), only=False, ttl=["orders"])

    def test_a_tombstone_whose_value_was_compacted_away(self):
        part, index = self.some(shop.ORDERS, "state", 0)
        key = part[index]["key"]
        part.append({**part[index], "value": None, "offset": part[-1]["offset"] + 1})
        part[:] = [line for line in part if line["key"] != key or line["value"] is None]
        self.assertEqual(self.judged(ttl=["orders"]), [], "it had expired")
        self.assert_found("changelog-deleted", self.place(shop.ORDERS, part, -1), only=False)

    def _rewritten(self, topic, last=True):
        """The last (or the first) record of a key that has several."""
        for part in self.world.logs[topic]:
            keys = [line["key"] for line in part]
            order = range(len(part) - 1, -1, -1) if last else range(len(part))
            for index in order:
                if keys.count(keys[index]) > 1:
                    return part[index], part, index
        raise AssertionError("no key has two values")


class Loyalty(Planted):
    def test_a_stale_balance(self):
        place = self.change("loyalty.balances", '"balance":', '"balance":1')
        self.assert_found("wrong-message", place, "the rules give")

    def test_a_lost_or_doubled_balance(self):
        place = self.double("loyalty.balances")
        self.assert_found("duplicate", place)
        self.world = copy.deepcopy(_CLEAN)
        line = self.lose("loyalty.balances", at=0.1)
        self.assert_found("lost", "loyalty.balances", repr(line["key"]), line["value"])
        self.assertEqual(self.judged(compacted=["balances"]), [], "compaction may take what is not the last of its key")

    def test_the_last_balance_of_a_customer_is_not_lost_to_compaction(self):
        part = self.world.logs["loyalty.balances"][0]
        line = part.pop()
        self.assert_found("lost", "loyalty.balances", repr(line["key"]), compacted=["balances"])

    def test_two_swapped_balances(self):
        self.assert_found("order", self.swap("loyalty.balances", "c-1"), only=False)

    def test_two_swapped_balances_of_different_inputs(self):
        for part in self.world.logs["loyalty.balances"]:
            for one, other in zip(part, part[1:]):
                if one["key"] == other["key"] and ('"orders"' in one["value"]) != ('"orders"' in other["value"]):
                    one["offset"], other["offset"] = other["offset"], one["offset"]
                    part.sort(key=lambda line: line["offset"])
                    return self.assert_found("order", self.place("loyalty.balances", part, part.index(one)))
        self.fail("no neighbours")

    def test_a_lost_event(self):
        line = self.lose("loyalty.events", '"type":"earned"')
        self.assert_found("lost", "orders.accepted[", repr(line["key"]), line["value"])

    def test_a_lost_tier(self):
        line = self.lose("loyalty.events", '"type":"tier"')
        self.assert_found("lost", "loyalty.events", repr(line["key"]), line["value"])

    def test_a_doubled_event_and_a_doubled_tier(self):
        self.assert_found("duplicate", self.double("loyalty.events", '"type":"spent"'))
        self.world = copy.deepcopy(_CLEAN)
        self.assert_found("duplicate", self.double("loyalty.events", '"type":"tier"'))

    def test_two_swapped_events_of_different_inputs(self):
        for part in self.world.logs["loyalty.events"]:
            for one, other in zip(part, part[1:]):
                if one["key"] == other["key"] and '"input":"orders"' in one["value"] and '"input":"adj' in other["value"]:
                    one["offset"], other["offset"] = other["offset"], one["offset"]
                    part.sort(key=lambda line: line["offset"])
                    place = self.place("loyalty.events", part, part.index(other))
                    self.assert_found("wrong-answer", place, "the rules give", only=False)
                    return
        self.fail("no neighbours")

    def test_a_duplicate_that_was_counted_twice(self):
        part, index, line = self._dropped()
        log = self.world.logs["loyalty.events"][line["partition"]]
        for event in log:
            event["offset"] *= 2
        source = f'"input":"orders","partition":{line["partition"]},"offset":'
        at = next(at for at, event in enumerate(log) if source in event["value"]
                  and int(event["value"].rsplit(":", 1)[1][:-1]) > line["offset"])
        event = {**log[at], "key": line["key"], "timestamp": line["timestamp"], "offset": log[at]["offset"] - 1,
                 "headers": [it for it in line["headers"] if it[0] == "correlation-id"],
                 "value": f'{{"type":"earned",{source}{line["offset"]}}}'}
        log.insert(at, event)
        self.assert_found("wrong-answer", self.place("loyalty.events", log, at), "no answer")

    def _dropped(self):
        """An order that loyalty has dropped."""
        answered = {event["value"].rsplit('"input":', 1)[1] for log in self.world.logs["loyalty.events"] for event in log}
        for part, index in self.lines("orders.accepted"):
            line = part[index]
            if f'"orders","partition":{line["partition"]},"offset":{line["offset"]}}}' not in answered:
                return part, index, line
        raise AssertionError("none")

    def test_a_stale_account_in_the_changelog(self):
        part = self.world.logs[club.ACCOUNTS][0]
        key = part[-1]["key"]
        former = [line for line in part[:-1] if line["key"] == key][-1]
        part[-1]["value"] = former["value"]
        self.assert_found("final-state", self.place(club.ACCOUNTS, part, -1), "the rules end with")

    def test_an_account_that_does_not_add_up(self):
        self.assert_found("invariant", self.change(club.ACCOUNTS, '"spent":', '"spent":1'), only=False)


class Whole(Planted):
    def test_a_transaction_that_hangs(self):
        for topic in ("inventory.decisions", club.ACCOUNTS, "__consumer_offsets"):
            self.world.open = [(topic, 0)]
            self.assert_found("open-transaction", f"{topic}[0] is stable to")

    def test_a_position_that_is_not_at_the_end(self):
        position = next(it for it in self.world.positions if self.world.logs[it["topic"]][it["partition"]])
        position["committed"] = self.world.logs[position["topic"]][position["partition"]][-1]["offset"]
        self.assert_found("position", "inventory has committed", "orders.by-restaurant[")

    def test_nobody_asked(self):
        for field, kind, missing in (("ends", "open-transaction", "__consumer_offsets"), ("ends", "open-transaction", "stock"),
                                     ("positions", "position", "stock")):
            with tempfile.TemporaryDirectory() as folder:
                self.world.dump(folder)
                path = os.path.join(folder, "dump.json")
                with open(path, encoding="utf-8") as file:
                    manifest = json.load(file)
                manifest[field] = [it for it in manifest[field] if it["topic"] != missing]
                with open(path, "w", encoding="utf-8") as file:
                    json.dump(manifest, file)
                findings = judge(folder, clean.config())["findings"]
            self.assertEqual([found["kind"] for found in findings], [kind])
            self.assertIn(missing, findings[0]["listed"][0])

    def test_offsets_that_do_not_ascend_and_logs_of_other_lengths(self):
        part, index = self.some("stock")
        part[index]["offset"] = part[index - 1]["offset"]
        self.assert_found("offsets", "stock[", only=False)
        self.world = copy.deepcopy(_CLEAN)
        self.world.logs["fulfilment"].append([])
        self.assert_found("partitions", "fulfilment", only=False)

    def test_no_records_are_not_ok(self):
        for part in self.world.logs["loyalty.adjustments"]:
            part.clear()
        self.assert_found("nothing-to-judge", "adjustments", "no records", only=False)

    def test_what_has_to_be_there_is_missing(self):
        self.assert_found("nothing-to-judge", "outcome/stolen", only=False, require=["outcome/stolen"])

    def test_another_number_of_records_than_were_sent(self):
        self.assert_found("wrong-count", "3 records were sent to stock", only=True, expected={"stock": 3})

    def test_a_lost_input_record_leaves_an_answer_without_source(self):
        line = self.lose("stock", '"type":"adjustment"')
        self.assert_found("foreign", "inventory.decisions", f"('stock', {line['partition']}, {line['offset']})", only=False)


if __name__ == "__main__":
    unittest.main()
