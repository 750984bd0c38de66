#!/usr/bin/env python3
"""What of Benchmarks/cuda.py needs no device: arithmetic, table, page, and what it says where something is missing.

usage: bench_test.py [EMULATED-DRIVER]
"""
import importlib.util
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

BUNDLER = pathlib.Path(__file__).resolve().parent.parent.parent / "Packaging/cuda/bundle.py"
SCRIPT = pathlib.Path(__file__).resolve().parent.parent.parent / "Benchmarks/cuda.py"


def loaded(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bench = loaded("cuda_bench", SCRIPT)
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

    def test_matrix_units_are_the_peak_of_every_generation(self):
        # Xavier, T4.
        self.assertAlmostEqual(bench.peak(device(7, 2, 8, 1.377), True) / 1e12, 22.6, delta=0.1)
        self.assertAlmostEqual(bench.peak(device(7, 5, 40, 1.59), True) / 1e12, 130, delta=1)

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
        row = bench.row(CASE, {"swiftlet": 2.0, "onnxruntime": 4.0, "torch-fp32": 8.0, "torch-fp16": 1.0}, self.facts)
        self.assertEqual(row, "| m | 8 | 2.000 | 4000 | 4.000 | 2000 | 0.50 | 8.000 | 1.000 | 2.0 % | 0.2 % |")

    def test_what_did_not_run_is_a_dash(self):
        self.assertEqual(bench.row(CASE, {"swiftlet": 2.0, "onnxruntime": None}, self.facts), "| m | 8 | 2.000 | 4000 | – | – | – | – | – | 2.0 % | 0.2 % |")
        self.assertEqual(bench.row(CASE, {"swiftlet": None, "onnxruntime": 4.0}, self.facts), "| m | 8 | – | – | 4.000 | 2000 | – | – | – | – | – |")

    def test_columns_fit_the_head(self):
        for line in bench.table([CASE], [{"swiftlet": 1.0, "onnxruntime": None}], self.facts).splitlines():
            self.assertEqual(line.count("|"), 12)

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


# As much of PyTorch as cuda.py calls, which notes what it was asked for and computes nothing.
STUB = """
import sys
class Anything:
    def __init__(self, *a, **k): pass
    def __call__(self, *a, **k): return self
    def __getattr__(self, name): return self
class inference_mode(Anything):
    def __enter__(self): return self
    def __exit__(self, *a): return False
class nn:
    class Module(Anything): pass
for name in 'Conv2d BatchNorm2d Sequential ReLU ReLU6 Identity AdaptiveAvgPool2d Flatten Linear'.split(): setattr(nn, name, Anything)
class cuda:
    is_available = staticmethod(lambda: AVAILABLE)
    synchronize = staticmethod(lambda: None)
class version:
    cuda = BUILT
backends, channels_last = Anything(), None
def rand(*shape): print('shape', *shape, file=sys.stderr); return Anything()
def empty_like(tensor, device): print('output on', device, file=sys.stderr); return Anything()
def compile(model, mode): print('compiled', mode, file=sys.stderr); return model
"""


class PyTorch(unittest.TestCase):
    def run_child(self, name="mobilenet_v2_224_qdq", precision="fp16", stub=None):
        with tempfile.TemporaryDirectory() as folder:
            # Without one nothing that this machine has installed may take its place.
            pathlib.Path(folder, "torch.py").write_text(stub or "raise ImportError('No module named torch')\n")
            command = [sys.executable, str(SCRIPT), "--torch", name, precision, "0.01", "8", "3"]
            return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"})

    def test_what_is_missing_is_said(self):
        for stub, said in [
            (None, "PyTorch isn't installed"),
            (STUB.replace("AVAILABLE", "False").replace("BUILT", "None"), "this PyTorch can't use CUDA: it was built without"),
            (STUB.replace("AVAILABLE", "False").replace("BUILT", "'12.8'"), "this PyTorch can't use CUDA: it finds no device or driver"),
        ]:
            done = self.run_child(stub=stub)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(said, done.stderr.splitlines()[-1])

    def test_each_timed_model_runs_compiled_with_recorded_graphs(self):
        stub = STUB.replace("AVAILABLE", "True").replace("BUILT", "'12.8'")
        for name, side in [("mobilenet_v2_224_qdq", 224), ("vww_96_fp32", 96), ("vww_96_qdq", 96), ("resnet8_cifar_qdq", 32)]:
            for precision in ("fp32", "fp16"):
                done = self.run_child(name, precision, stub)
                self.assertEqual(done.returncode, 0, done.stderr)
                # Compiled once for all rounds.
                medians = json.loads(done.stdout)["medians_ms"]
                self.assertTrue(len(medians) == 3 and min(medians) > 0, medians)
                self.assertEqual(done.stderr.splitlines(), ["compiled reduce-overhead", f"shape 8 3 {side} {side}", "output on cpu"])
        done = self.run_child("another", "fp32", stub)
        self.assertIn("no PyTorch network of another", done.stderr)

    def test_networks_have_the_published_sizes(self):
        try:
            import torch
        except ImportError:
            self.skipTest("PyTorch isn't there")
        sys.path.insert(0, str(SCRIPT.parent))
        import cuda_networks
        # Keras, whose counts the last two are, counts what normalisation measured, and convolutions' biases, which it makes idle, too.
        for name, count, classes, per_channel in [("mobilenet_v2_224_qdq", 3_504_872, 1000, 0), ("vww_96_qdq", 221_794, 2, 3), ("resnet8_cifar_qdq", 78_666, 10, 3)]:
            build, side = cuda_networks.network(name)
            model = build(torch.nn).eval()
            self.assertEqual(tuple(model(torch.rand(1, 3, side, side)).shape), (1, classes))
            normalised = sum(module.num_features for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d))
            self.assertEqual(sum(p.numel() for p in model.parameters()) + per_channel * normalised, count)

    def test_every_model_that_a_bundle_times_has_a_network(self):
        sys.path.insert(0, str(SCRIPT.parent))
        import cuda_networks
        for name in loaded("cuda_bundle", BUNDLER).TIMED:
            self.assertIsNotNone(cuda_networks.network(name), name)


class Running(unittest.TestCase):
    def test_what_does_not_end_is_ended_with_all_that_it_started(self):
        # The inner one holds the pipes, as a compiler's workers do.
        told, reason = bench.finished(["sh", "-c", "sleep 600 & sleep 600"], 0.3)
        self.assertEqual((told, reason), (None, "it didn't end within 0.3 s"))

    def test_what_fails_says_why(self):
        self.assertEqual(bench.finished(["sh", "-c", "echo one >&2; echo two >&2; exit 3"], 60), (None, "two"))
        self.assertEqual(bench.finished(["sh", "-c", "exit 3"], 60), (None, "status 3"))
        self.assertEqual(bench.finished(["true"], 60), (None, "it told no times"))
        self.assertEqual(bench.finished(["echo", '{"median_ms": 2}'], 60), ({"median_ms": 2}, None))

    def test_pytorch_runs_once_for_all_rounds(self):
        calls = []
        own, other = bench.swiftlet, bench.peer
        try:
            bench.swiftlet = lambda *a: (calls.append("swiftlet"), ([1.0], None))[1]
            bench.peer = lambda bundle, case, rounds, seconds, limit, engine: (
                calls.append(engine), ([2.0] if engine == "onnxruntime" else [3.0] * rounds, None))[1]
            found, obstacles = bench.measure("/nowhere", [CASE], 3, 0.1, 60, None, True)
        finally:
            bench.swiftlet, bench.peer = own, other
        self.assertEqual({name: calls.count(name) for name in set(calls)}, {"swiftlet": 3, "onnxruntime": 3, "torch-fp32": 1, "torch-fp16": 1})
        self.assertEqual(found, [{"swiftlet": 1.0, "onnxruntime": 2.0, "torch-fp32": 3.0, "torch-fp16": 3.0}])
        self.assertEqual(obstacles, {})


class Checking(unittest.TestCase):
    """The bundle's `check`, with a program that gives what it is told to."""

    def check(self, code, form, expected, found, tolerance):
        bundler = loaded("cuda_bundle", BUNDLER)
        with tempfile.TemporaryDirectory() as folder:
            case = pathlib.Path(folder, "cases/one")
            (case / "out").mkdir(parents=True)
            bundler.npy(case / "out/y.npy", [len(expected)], code, struct.pack(f"<{len(expected)}{form}", *expected))
            bundler.npy(pathlib.Path(folder, "found.npy"), [len(found)], code, struct.pack(f"<{len(found)}{form}", *found))
            if tolerance:
                (case / "tolerance").write_text(bundler.TOLERANCE + "\n")
            program = pathlib.Path(folder, "swiftlet")
            program.write_text('#!/bin/sh\nwhile [ "$1" != --save-tensors ]; do shift; done\nmkdir -p "$2" && cp found.npy "$2/y.npy"\n')
            script = pathlib.Path(folder, "check")
            script.write_text(bundler.CHECK)
            for file in (program, script):
                file.chmod(0o755)
            done = subprocess.run([str(script)], capture_output=True, text=True)
            self.assertEqual(done.stderr, "")
            return done.returncode == 0

    def test_bits_or_the_tolerance(self):
        inf, nan = float("inf"), float("nan")
        for code, form, expected, found, exact, near in [
            ("<f4", "f", [1.0, -2.0], [1.0, -2.0], True, True),
            ("<f4", "f", [1.0, 1000.0, nan, inf], [1.000002, 1000.005, -nan, inf], False, True),
            ("<f4", "f", [1.0, 1000.0], [1.0, 1000.1], False, False),
            ("<f4", "f", [nan], [1.0], False, False),
            ("<f4", "f", [inf], [-inf], False, False),
            ("<f4", "f", [1e30], [inf], False, False),
            ("<f4", "f", [1.0, 2.0], [1.0], False, False),
            ("|i1", "b", [-1, 5], [0, 4], False, True),
            ("|i1", "b", [-1, 5], [1, 5], False, False),
            ("|u1", "B", [255], [0], False, False),
            ("<i8", "q", [1 << 40], [(1 << 40) + 1], False, True),
            ("<i8", "q", [1 << 40], [(1 << 40) + 2], False, False),
        ]:
            with self.subTest(code=code, expected=expected, found=found):
                self.assertEqual(self.check(code, form, expected, found, False), exact)
                self.assertEqual(self.check(code, form, expected, found, True), near)


class Bundling(unittest.TestCase):
    def test_each_operator_has_its_first_case_that_can_be_a_part_and_others_are_named(self):
        bundler = loaded("cuda_bundle", BUNDLER)
        with tempfile.TemporaryDirectory() as folder:
            for name in ("Abs-one", "Abs-two", "Loop-one", "Loop-two", "Pow-one", "Pow-two"):
                pathlib.Path(folder, name).mkdir()
            bundle = bundler.Bundle("/nowhere", pathlib.Path(folder))
            asked = []
            def add(name, model, inputs):
                asked.append(name)
                if name in ("Abs-one", "Pow-two"):
                    return True
                bundle.skipped.append((name, f"not {name}"))
                return False
            bundle.add = add
            self.assertEqual(bundle.golden(pathlib.Path(folder)), {"Loop": "not Loop-two"})
            self.assertEqual(asked, ["Abs-one", "Loop-one", "Loop-two", "Pow-one", "Pow-two"])

    def test_what_is_no_bundle_is_left_alone(self):
        bundler = loaded("cuda_bundle", BUNDLER)
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
