"""The two models agree on clean runs, and the clean runs have some of everything."""

import tempfile
import unittest

from ..judge import judge
from . import clean

# What a run must have had for the agreement to mean anything.
SEEN = {
    "inventory": ["outcome/stocked", "outcome/refused/below-zero", "outcome/refused/below-reserved", "outcome/accepted",
                  "outcome/duplicate", "outcome/refused/short", "outcome/refused/too-many-reservations", "outcome/confirmed",
                  "outcome/cancelled", "outcome/late/unknown-order", "outcome/late/already-confirmed",
                  "outcome/late/already-cancelled", "outcome/late/reservation-expired", "low-stock", "accepted", "dead_letters"],
    "loyalty": ["outcome/earned", "outcome/refunded", "outcome/corrected", "outcome/spent", "outcome/refused/unknown-order",
                "outcome/refused/refund-too-large", "outcome/refused/insufficient-points", "dropped/orders", "dropped/adjustments",
                "dead_letters"],
}


class Clean(unittest.TestCase):
    def test_a_clean_run_of_any_seed_has_no_findings_and_some_of_everything(self):
        seen = {}
        for seed in range(1, 7):
            with tempfile.TemporaryDirectory() as folder:
                clean.world(seed, restaurants=2 + seed % 3).dump(folder)
                report = judge(folder, clean.config())
            self.assertEqual(report["findings"], [], f"seed {seed}")
            for pipeline in report["pipelines"]:
                for name, count in pipeline["checked"].items():
                    seen[(pipeline["name"], name)] = seen.get((pipeline["name"], name), 0) + count
        missing = [(name, what) for name, all_of in SEEN.items() for what in all_of if not seen.get((name, what))]
        self.assertEqual(missing, [], seen)


if __name__ == "__main__":
    unittest.main()
