#!/usr/bin/env python3
"""What weights of 8 and of 4 bits bring and cost where activations stay float (`swiftlet compile --weights`): size, memory, load time, latency and
what is heard.

    SWIFTLET_SHARED=../shared Benchmarks/weights.py .build/release/swiftlet

Needs what Tests/Conformance/requirements.txt names. The decoder step has the matrices of one token of Moonshine base (Jeffries et al. 2024: 8
layers of 416, feed-forward of 1,664 gated, 32,768 words), with random weights: only its time is measured.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/Conformance"))
import models_table  # noqa: E402

WIDTH, INNER, LAYERS, WORDS = 416, 1664, 8, 32768


def decoder_step(rows):
    random = np.random.default_rng(20)
    nodes, matrices = [], []

    def product(value, name, depth, outputs):
        matrices.append(numpy_helper.from_array((random.standard_normal((depth, outputs)) / np.sqrt(depth)).astype(np.float32), name))
        nodes.append(helper.make_node("MatMul", [value, name], [f"{name}.y"]))
        return f"{name}.y"

    value = "x"
    for layer in range(LAYERS):
        # Query, key, value and output of self-attention; query and output of cross-attention, whose keys and values are made once a clip.
        for index in range(6):
            value = product(value, f"a{layer}.{index}", WIDTH, WIDTH)
        value = product(value, f"u{layer}", WIDTH, 2 * INNER)
        nodes.append(helper.make_node("Split", [value], [f"s{layer}.a", f"s{layer}.b"], axis=2, num_outputs=2))
        nodes.append(helper.make_node("Mul", [f"s{layer}.a", f"s{layer}.b"], [f"m{layer}"]))
        value = product(f"m{layer}", f"d{layer}", INNER, WIDTH)
        nodes.append(helper.make_node("LayerNormalization", [value, "gain"], [f"n{layer}"]))
        value = f"n{layer}"
    matrices.append(numpy_helper.from_array(np.ones(WIDTH, np.float32), "gain"))
    value = product(value, "words", WIDTH, WORDS)
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, rows, width]) for name, width in (("x", WIDTH), (value, WORDS))]
    graph = helper.make_graph(nodes, "step", ports[:1], ports[1:], matrices)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def bench(swiftlet, package, threads):
    return json.loads(subprocess.run([swiftlet, "bench", package, "--threads", str(threads), "--json"], check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("swiftlet", nargs="?", default=str(ROOT / ".build/release/swiftlet"))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        print("| decoder step, rows | weights | MB | load ms | memory MiB | ms, 1 thread | ms, 2 threads |\n|---|---|---|---|---|---|---|")
        for rows in (1, 64):
            path = folder / f"step{rows}.onnx"
            onnx.save(decoder_step(rows), path)
            times = {}
            for weights in ("float", "int8", "int4"):
                package = folder / f"{weights}.swiftlet"
                subprocess.run([options.swiftlet, "compile", path, "--weights", weights, "-o", package], check=True, capture_output=True)
                times[weights] = [[], [], [], []]
            for _ in range(options.rounds):
                for weights, lists in times.items():
                    one, two = (bench(options.swiftlet, folder / f"{weights}.swiftlet", threads) for threads in (1, 2))
                    for values, value in zip(lists, (one["load_ms"], one["peak_rss_mb"], one["median_ms"], two["median_ms"])):
                        values.append(value)
            for weights, lists in times.items():
                size = (folder / f"{weights}.swiftlet").stat().st_size / 1e6
                print(f"| {rows} | {weights} | {size:.1f} | {' | '.join(f'{np.median(values):.2f}' for values in lists)} |", flush=True)
        print("\n| model | weights | MB | what | ONNX Runtime | Swiftlet | |\n|---|---|---|---|---|---|---|")
        for stem, measure in (("quartznet15x5", models_table.quartznet), ("moonshine_spelling_cnn", models_table.spelling)):
            for weights in ("float", "int8", "int4"):
                own = folder / f"{stem}.{weights}"
                own.mkdir()
                model = models_table.Model(options.swiftlet, stem, own, "--weights", weights)
                what, reference, found, words = measure(model)
                print(f"| {stem} | {weights} | {model.package.stat().st_size / 1e6:.1f} | {what} | {reference} | {found} | {words} |", flush=True)


if __name__ == "__main__":
    main()
