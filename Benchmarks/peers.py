#!/usr/bin/env python3
"""Swiftlet beside ONNX Runtime on one machine: latency, load time and peak memory of the models that the project tests with.

Every (engine, model, threads) runs in a process of its own; rounds go round-robin over the engines, so that a drift of the
machine's speed meets them all. Printed: the median over rounds of each process's median, and the ratio to ONNX Runtime.

usage: peers.py [--swiftlet BINARY] [--shared FOLDER] [--rounds 5] [--seconds 1.0] [--threads 1,2]
needs: pip install -r Benchmarks/requirements.txt
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def cases(shared):
    """(name, ONNX file, recipe, calibration folder for Swiftlet's INT8 or None)"""
    models, recipes = f"{shared}/models", f"{ROOT}/Calibration/recipes"
    demo = f"{ROOT}/Calibration/surface-defects"
    yield "mobilenet_v2_224 INT8 (QDQ)", f"{models}/mobilenet_v2_224_qdq.onnx", f"{recipes}/mobilenet_v2_224_qdq.yaml", None
    yield "vww_96 INT8 (QDQ)", f"{models}/vww_96_qdq.onnx", f"{recipes}/vww_96_qdq.yaml", None
    yield "vww_96 FP32", f"{models}/vww_96_fp32.onnx", f"{recipes}/vww_96_fp32.yaml", None
    yield "ultraface_rfb_320 FP32", f"{models}/ultraface_rfb_320.onnx", f"{recipes}/ultraface_rfb_320.yaml", None
    yield "yolox_nano_416 FP32", f"{models}/yolox_nano_416.onnx", f"{recipes}/yolox_nano_416.yaml", None
    yield "yolox_nano_416 INT8", f"{models}/yolox_nano_416.onnx", f"{recipes}/yolox_nano_416.yaml", f"{shared}/data/coco/images"
    yield "surface-defects FP32", f"{demo}/surface-defects.onnx", f"{demo}/surface-defects.yaml", None
    yield "surface-defects INT8", f"{demo}/surface-defects.onnx", f"{demo}/surface-defects.yaml", f"{demo}/frames"


def quantised_for_peer(path, folder, cache):
    """ONNX Runtime's own static quantisation (min-max, QDQ, per channel) on random data: its speed doesn't depend on ranges."""
    target = f"{cache}/{os.path.basename(path)}.qdq.onnx"
    if os.path.exists(target):
        return target
    import numpy as np
    import onnx
    import onnxruntime as ort
    from onnx import version_converter
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    model = onnx.load(path)
    if model.opset_import[0].version < 13:
        # Scales along an axis need operator set 13.
        path = f"{cache}/{os.path.basename(path)}.13.onnx"
        onnx.save(version_converter.convert_version(model, 13), path)
    first = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).get_inputs()[0]
    random = np.random.default_rng(0)

    class Reader(CalibrationDataReader):
        left = 4

        def get_next(self):
            self.left -= 1
            return {first.name: random.random(first.shape).astype(np.float32)} if self.left >= 0 else None

    quantize_static(path, target, Reader(), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    return target


def child(path, threads, seconds):
    """Runs a model in ONNX Runtime and prints one JSON object as `swiftlet bench` does."""
    import numpy as np
    import onnxruntime as ort

    begin = time.perf_counter()
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    load = time.perf_counter() - begin
    first = session.get_inputs()[0]
    shape = [d if isinstance(d, int) else 1 for d in first.shape]
    random = np.random.default_rng(0)
    x = random.integers(-100, 100, shape).astype(np.int8) if "int8" in first.type else random.random(shape).astype(np.float32)
    end = time.perf_counter() + seconds * 0.1
    while time.perf_counter() < end:
        session.run(None, {first.name: x})
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        session.run(None, {first.name: x})
        times.append(time.perf_counter() - start)
    # getrusage would report the parent's high-water mark where that was higher when it forked.
    peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:")) / 1024
    print(json.dumps({"median_ms": statistics.median(times) * 1e3, "load_ms": load * 1e3, "peak_rss_mb": peak}))


def measure(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--swiftlet", default=f"{ROOT}/.build/release/swiftlet")
    parser.add_argument("--shared", default=os.environ.get("SWIFTLET_SHARED", f"{ROOT}/../shared"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        return child(arguments.child[0], int(arguments.child[1]), float(arguments.child[2]))

    cache = tempfile.mkdtemp()
    print("| model | threads | Swiftlet ms | ONNX Runtime ms | ratio | load ms (S / O) | peak MiB (S / O) |")
    print("|---|---|---|---|---|---|---|")
    for name, path, recipe, calibration in cases(arguments.shared):
        if not os.path.exists(path):
            print(f"| {name} | – | skipped: {os.path.basename(path)} is not there | | | | |")
            continue
        package = f"{cache}/{name.replace(' ', '_')}.swiftlet"
        subprocess.run([arguments.swiftlet, "compile", path, "--recipe", recipe, "-o", package] + (["--calibrate", calibration] if calibration else []),
                       check=True, capture_output=True)
        peer = quantised_for_peer(path, calibration, cache) if calibration else path
        for threads in arguments.threads.split(","):
            ours, theirs = [], []
            for _ in range(arguments.rounds):
                ours.append(measure([arguments.swiftlet, "bench", package, "--threads", threads, "--seconds", str(arguments.seconds), "--json"]))
                theirs.append(measure([sys.executable, __file__, "--child", peer, threads, str(arguments.seconds)]))
            median = lambda runs, key: statistics.median(run[key] for run in runs)
            s, o = median(ours, "median_ms"), median(theirs, "median_ms")
            print(f"| {name} | {threads} | {s:.3f} | {o:.3f} | {s / o:.2f} | {median(ours, 'load_ms'):.1f} / {median(theirs, 'load_ms'):.1f} "
                  f"| {median(ours, 'peak_rss_mb'):.1f} / {median(theirs, 'peak_rss_mb'):.1f} |", flush=True)


if __name__ == "__main__":
    main()
