#!/usr/bin/env python3
"""What an update costs to fetch: all of a package, a new head, new labels.

    SWIFTLET_SHARED=../shared Benchmarks/update-sizes.py .build/release/swiftlet .build/release/update-sizes [--write Benchmarks/RESULTS.md]

Needs Python's onnx (Tests/Conformance/requirements.txt). Each model is compiled three times with its recipe: as it is; with the weights of its
head, the layers with weights that no other such layer follows, in another order; and with another word for its first label
and another score threshold, where it has such. Bytes are those of the messages' payloads, the list of blocks included.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from marked import write_between

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("SWIFTLET_SHARED", ROOT.parent / "shared"))
RECIPES = ROOT / "Calibration/recipes"
LAYERS = {"Conv", "Gemm", "MatMul", "ConvTranspose"}
# Name, model, recipe, and how it is compiled.
MODELS = [
    ("MobileNetV2, 8 bits", SHARED / "models/mobilenet_v2_224_qdq.onnx", RECIPES / "mobilenet_v2_224_qdq.yaml", []),
    ("YOLOX-nano, float", SHARED / "models/yolox_nano_416.onnx", RECIPES / "yolox_nano_416.yaml", []),
    ("PCB detector, float", ROOT / "Calibration/pcb/pcb.onnx", ROOT / "Calibration/pcb/pcb.yaml", []),
    ("surface defects, calibrated to 8 bits", ROOT / "Calibration/surface-defects/surface-defects.onnx",
     ROOT / "Calibration/surface-defects/surface-defects.yaml", ["--calibrate", "recipe"]),
    ("QuartzNet 15x5, weights in 8 bits", SHARED / "models/quartznet15x5.onnx", RECIPES / "quartznet15x5.yaml", ["--weights", "int8"]),
]
MARK = "<!-- update sizes -->"


def head_weights(graph):
    """Names of the initialisers of the last layers with weights."""
    constants = {tensor.name for tensor in graph.initializer}
    maker = {output: node for node in graph.node for output in node.output}
    followed, layers = set(), []

    def initialiser(name):
        while name not in constants and name in maker and maker[name].op_type in {"Cast", "DequantizeLinear", "Transpose", "Reshape", "Identity"}:
            name = maker[name].input[0]
        return name if name in constants else None

    for node in reversed(graph.node):
        is_followed = any(output in followed for output in node.output)
        weights = initialiser(node.input[1]) if node.op_type in LAYERS else None
        if weights and not is_followed:
            layers.append(weights)
        if weights or is_followed:
            followed.update(node.input)
    return set(layers)


def with_other_head(source, target):
    model = onnx.load(source)
    names, random, count = head_weights(model.graph), np.random.default_rng(1), 0
    for tensor in model.graph.initializer:
        if tensor.name in names:
            values = numpy_helper.to_array(tensor)
            # The same values in another order, so that ranges and scales stay plausible.
            tensor.CopyFrom(numpy_helper.from_array(random.permutation(values.ravel()).reshape(values.shape), tensor.name))
            count += values.nbytes
    onnx.save(model, target)
    return len(names), count


def with_other_labels(source, folder):
    text = source.read_text()
    text = re.sub(r"score: ([0-9.]+)", lambda match: f"score: {float(match[1]) + 0.05:.2f}", text)
    file = re.search(r"labels: \{file: ([^}]+)\}", text)
    if file:
        labels = (source.parent / file[1]).read_text()
        (folder / "labels.txt").write_text("renamed-" + labels)
        text = text.replace(file[0], f"labels: {{file: {folder}/labels.txt}}")
    else:
        text = re.sub(r"labels: \[\s*\"?", lambda match: match[0] + "renamed-", text, count=1)
    # The calibration images stay where they are.
    text = re.sub(r"folder: ([\w-]+)", lambda match: f"folder: {source.parent / match[1]}", text)
    target = folder / source.name
    target.write_text(text)
    return target


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {result.stdout}{result.stderr}")
    return result.stdout


def compare(tool, old, new):
    return {name: int(value) for name, value in (line.split() for line in run(tool, old, new).splitlines())}


def measure(swiftlet, tool, name, model, recipe, options, folder):
    head, packages = folder / "head.onnx", [folder / f"{name}.swiftlet" for name in ("old", "head", "labels")]
    layers, weights = with_other_head(model, head)
    recipes = [recipe, recipe, with_other_labels(recipe, folder)]
    for source, used, package in zip((model, head, model), recipes, packages):
        run(swiftlet, "compile", source, "--recipe", used, *options, "-o", package)
    of_head, of_labels = (compare(tool, packages[0], package) for package in packages[1:])
    labels = f"{of_labels['fetched_bytes']:,} ({of_labels['fetched_blocks']})" if of_labels["fetched_blocks"] else "has none"
    print(f"{name}: {layers} layers of the head, {weights} bytes of weights in the model's file", file=sys.stderr)
    return (f"| {name} | {of_labels['package_bytes']:,} | {of_labels['blocks']} | {of_labels['full_bytes']:,} | {of_labels['index_bytes']:,} "
            f"| {of_head['fetched_bytes']:,} ({of_head['fetched_blocks']}) | {labels} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("swiftlet", type=Path)
    parser.add_argument("tool", type=Path)
    parser.add_argument("--write", type=Path, help="put the table into this file, between its marks")
    arguments = parser.parse_args()
    rows = ["| model | package | blocks | all of it | index alone | a new head (blocks) | new labels and threshold (blocks) |", "|---|---|---|---|---|---|---|"]
    for name, model, recipe, options in MODELS:
        if not model.exists():
            print(f"SKIPPED: {name}, there is no {model}; set SWIFTLET_SHARED", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(arguments.swiftlet, arguments.tool, name, model, recipe, options, Path(folder)))
    table = "\n".join(rows)
    print(table)
    if arguments.write:
        write_between(arguments.write, MARK, MARK, table + "\n")


if __name__ == "__main__":
    main()
