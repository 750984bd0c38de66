#!/usr/bin/env python3
"""Whether Benchmarks/soak.py tells a rise from a slope, and one rise from two. A second; needs nothing."""
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Benchmarks"))
sys.dont_write_bytecode = True
import soak  # noqa: E402


def run(value, seconds=3000, noise=4, seed=1):
    """A sample each ten seconds of what `value` says of a second, a few KiB to and fro."""
    chance = random.Random(seed)
    return [(float(at), 20_000 + value(at) + chance.uniform(-noise, noise)) for at in range(0, seconds, 10)]


class Slope(unittest.TestCase):
    def test_what_is_level_has_no_slope_and_no_second_rise(self):
        for seed in range(20):
            rise, interval, _, _, again, _ = soak.slope(run(lambda _: 0, seed=seed))
            self.assertLess(abs(rise), 50)
            self.assertLess(interval, 50)
            self.assertEqual(again, 0)

    def test_a_line_is_a_line(self):
        rise, interval, _, _, again, _ = soak.slope(run(lambda at: at / 3600 * 2000))
        self.assertLess(abs(rise - 2000), max(interval, 60))
        self.assertEqual(again, 0)

    def test_one_rise_is_no_slope(self):
        for seed in range(20):
            rise, interval, step, at, again, _ = soak.slope(run(lambda at: 200 if at >= 1500 else 0, seed=seed))
            self.assertLess(abs(rise), 80)
            self.assertLess(abs(step - 200), 20)
            self.assertEqual(at, 1500)
            self.assertEqual(again, 0)

    def test_a_second_rise_is_told(self):
        for second in (2000, 600):
            *_, at, again, when = soak.slope(run(lambda at: (200 if at >= 1500 else 0) + (150 if at >= second else 0)))
            self.assertEqual((at, when), (1500, second))
            self.assertLess(abs(again - 150), 20)

    def test_a_rise_that_is_not_kept_or_small_is_none(self):
        *_, again, _ = soak.slope(run(lambda at: (200 if at >= 1500 else 0) + (150 if at == 2000 else 0)))
        self.assertEqual(again, 0)
        *_, again, _ = soak.slope(run(lambda at: (200 if at >= 1500 else 0) + (60 if at >= 2000 else 0)))
        self.assertEqual(again, 0)

    def test_too_few_samples_are_said_to_be(self):
        for count in range(soak.LEAST_PARTS):
            with self.assertRaisesRegex(SystemExit, "too short"):
                soak.slope([(10.0 * i, 1.0) for i in range(count)])
        soak.slope([(10.0 * i, 1.0) for i in range(soak.LEAST_PARTS)])


if __name__ == "__main__":
    unittest.main()
