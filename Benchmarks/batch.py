#!/usr/bin/env python3
"""A batch of images at a time beside one: milliseconds an image.

usage: batch.py [--swiftlet BINARY] [--batch 8] [--threads 1,2] [--rounds 3] [--seconds 0.4] MODEL.onnx…

The models' first dimension is set to the batch; both packages run in turns. needs: pip install -r Benchmarks/requirements.txt
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

import onnx

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def with_batch(path, batch, to):
    model = onnx.load(path)
    constants = {tensor.name for tensor in model.graph.initializer}
    for value in [value for value in model.graph.input if value.name not in constants] + list(model.graph.output):
        dimensions = value.type.tensor_type.shape.dim
        if dimensions:
            dimensions[0].dim_value = batch
    del model.graph.value_info[:]
    onnx.save(model, to)


def median_ms(swiftlet, package, threads, seconds):
    command = [swiftlet, "bench", package, "--threads", threads, "--seconds", str(seconds), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])["median_ms"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--swiftlet", default=f"{ROOT}/.build/release/swiftlet")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.4)
    arguments = parser.parse_args()
    print(f"| model | threads | one, ms | {arguments.batch}, ms an image | one ÷ {arguments.batch} |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for path in arguments.models:
            name = os.path.basename(path).removesuffix(".onnx")
            packages = {}
            for batch in (1, arguments.batch):
                onnx_path, packages[batch] = f"{folder}/m.onnx", f"{folder}/{batch}.swiftlet"
                with_batch(path, batch, onnx_path)
                made = subprocess.run([arguments.swiftlet, "compile", onnx_path, "-o", packages[batch]], capture_output=True, text=True)
                if made.returncode != 0:
                    print(f"| {name} | | {(made.stderr.strip() or 'not compiled').splitlines()[0]} | | |")
                    break
            else:
                for threads in arguments.threads.split(","):
                    times = {batch: [] for batch in packages}
                    for _ in range(arguments.rounds):
                        for batch, package in packages.items():
                            times[batch].append(median_ms(arguments.swiftlet, package, threads, arguments.seconds) / batch)
                    one, many = (statistics.median(times[batch]) for batch in (1, arguments.batch))
                    print(f"| {name} | {threads} | {one:.3f} | {many:.3f} | {one / many:.2f} |", flush=True)


if __name__ == "__main__":
    main()
