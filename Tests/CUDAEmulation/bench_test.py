#!/usr/bin/env python3
"""What of Benchmarks/cuda.py needs no device: arithmetic, table, page, and what it says where something is missing.

usage: bench_test.py [EMULATED-DRIVER]
"""
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

BUNDLER = pathlib.Path(__file__).resolve().parent.parent.parent / "Packaging/cuda/bundle.py"
SCRIPT = pathlib.Path(__file__).resolve().parent.parent.parent / "Benchmarks/cuda.py"
spec = importlib.util.spec_from_file_location("cuda_bench", SCRIPT)
bench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bench)
DRIVER = sys.argv.pop() if len(sys.argv) > 1 else None


def device(major, minor, multiprocessors, gigahertz, memory_khz=0, bits=0):
    return {
        "name": "X", "major": major, "minor": minor, "multiprocessors": multiprocessors, "clock_khz": int(gigahertz * 1e6),
        "memory_clock_khz": memory_khz, "memory_bits": bits,
    }


class Arithmetic(unittest.TestCase):
    def test_peaks_are_those_that_the_makers_state(self):
        # Dense operations on bytes, in 10^12 a second: A100, Orin AGX, RTX 4090, H100 SXM.
        for facts, stated in [
            (device(8, 0, 108, 1.41), 624), (device(8, 7, 16, 1.3), 85), (device(8, 9, 128, 2.52), 661), (device(9, 0, 132, 1.83), 1979),
        ]:
            self.assertAlmostEqual(bench.peak(facts, True) / 1e12 / stated, 1, delta=0.01)
        # On floats without matrix units: A100, RTX 4090.
        self.assertAlmostEqual(bench.peak(device(8, 0, 108, 1.41), False) / 1e12, 19.5, delta=0.1)
        self.assertAlmostEqual(bench.peak(device(8, 9, 128, 2.52), False) / 1e12, 82.6, delta=0.1)

    def test_below_8_0_dot_products_are_the_peak(self):
        self.assertEqual(bench.peak(device(7, 5, 40, 1.59), True), 512 * 40 * 1.59e9)

    def test_what_is_not_known_has_no_peak(self):
        self.assertIsNone(bench.peak(device(12, 1, 40, 1.5), True))
        self.assertIsNone(bench.peak({**device(8, 0, 1, 1), "clock_khz": None}, True))
        self.assertIsNone(bench.bandwidth({**device(8, 0, 1, 1), "memory_bits": None}))

    def test_bandwidth(self):
        self.assertAlmostEqual(bench.bandwidth(device(8, 0, 108, 1.41, 1_215_000, 5120)) / 1e9, 1555, delta=1)


CASE = {"name": "m", "batch": 8, "package": "m-8.swiftlet", "onnx": "m-8.onnx", "weight_bytes": 4_000_000, "port_bytes": 125_000, "multiplications": 10**9, "is_integer": True}


class Table(unittest.TestCase):
    facts = device(8, 0, 100, 1.0, 500_000, 8000)

    def test_a_row_has_absolute_times_throughput_ratio_and_shares(self):
        # 1.6 × 10^10 operations in 2 ms of 4.096 × 10^14 a second; 5 MB in 2 ms of 10^12 bytes a second.
        row = bench.row(CASE, {"swiftlet": 2.0, "onnxruntime": 4.0}, self.facts)
        self.assertEqual(row, "| m | 8 | 2.000 | 4000 | 4.000 | 2000 | 0.50 | 2.0 % | 0.2 % |")

    def test_what_did_not_run_is_a_dash(self):
        self.assertEqual(bench.row(CASE, {"swiftlet": 2.0, "onnxruntime": None}, self.facts), "| m | 8 | 2.000 | 4000 | – | – | – | 2.0 % | 0.2 % |")
        self.assertEqual(bench.row(CASE, {"swiftlet": None, "onnxruntime": 4.0}, self.facts), "| m | 8 | – | – | 4.000 | 2000 | – | – | – |")

    def test_columns_fit_the_head(self):
        for line in bench.table([CASE], [{"swiftlet": 1.0, "onnxruntime": None}], self.facts).splitlines():
            self.assertEqual(line.count("|"), 10)

    def test_a_page_keeps_what_stands_around_the_marks(self):
        self.assertEqual(bench.written("", "one"), "<!-- cuda -->\none\n<!-- end cuda -->\n")
        once = bench.written("# Results\n\nold\n", "one")
        self.assertEqual(once, "# Results\n\nold\n\n<!-- cuda -->\none\n<!-- end cuda -->\n")
        self.assertEqual(bench.written(once + "after\n", "two"), "# Results\n\nold\n\n<!-- cuda -->\ntwo\n<!-- end cuda -->\nafter\n")


class Program(unittest.TestCase):
    def run_script(self, *arguments):
        return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True)

    def test_without_a_driver_it_says_so_and_fails(self):
        done = self.run_script("/nowhere", "--dry-run", "/nowhere/libcuda.so.1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing was measured: no CUDA driver", done.stderr)

    def test_where_the_page_cannot_be_written_nothing_is_measured(self):
        done = self.run_script("/nowhere", "--write", "/nowhere/RESULTS.md")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nowhere/RESULTS.md can't be written", done.stderr)

    def test_a_dry_run_is_written_nowhere(self):
        done = self.run_script("/nowhere", "--dry-run", "/nowhere/libcuda.so.1", "--write", "RESULTS.md")
        self.assertEqual(done.returncode, 2)
        self.assertIn("written nowhere", done.stderr)

    @unittest.skipIf(DRIVER is None, "no emulated driver was given")
    def test_a_dry_run_is_marked_and_what_fails_is_said(self):
        facts = bench.device(DRIVER)
        self.assertEqual((facts["major"], facts["minor"], facts["clock_khz"]), (8, 7, None))
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, "swiftlet")
            program.write_text("#!/bin/sh\ncase $2 in *m-8*) echo '{\"median_ms\": 2.5}';; *) echo 'no room on the device' >&2; exit 1;; esac\n")
            program.chmod(0o755)
            pathlib.Path(folder, "bench.json").write_text(json.dumps([CASE, {**CASE, "batch": 32, "package": "m-32.swiftlet"}]))
            done = self.run_script(folder, "--rounds", "1", "--dry-run", DRIVER)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(done.stdout.startswith(bench.DRY))
            self.assertIn("| m | 8 | 2.500 | 3200 | – |", done.stdout)
            self.assertIn("missing (swiftlet: m × 32): no room on the device", done.stdout)


class Bundling(unittest.TestCase):
    def test_what_is_no_bundle_is_left_alone(self):
        spec = importlib.util.spec_from_file_location("cuda_bundle", BUNDLER)
        bundler = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(bundler)
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder, "place")
            self.assertIsNone(bundler.obstacle(place))
            place.mkdir()
            self.assertIsNone(bundler.obstacle(place))
            (place / "check").write_text("")
            self.assertIn("no bundle", bundler.obstacle(place))
            (place / "bench.json").write_text("[]")
            (place / "cases").mkdir()
            (place / "cuda.py").write_text("")
            self.assertIsNone(bundler.obstacle(place))
            link = pathlib.Path(folder, "link")
            link.symlink_to(place)
            self.assertIn("no bundle", bundler.obstacle(link))
            (place / "mine").write_text("")
            self.assertIn("no bundle", bundler.obstacle(place))
            self.assertIn("no bundle", bundler.obstacle(place / "check"))


if __name__ == "__main__":
    unittest.main()
