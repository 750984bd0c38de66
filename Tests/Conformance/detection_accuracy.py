#!/usr/bin/env python3
"""YOLOX-nano on COCO images: mean average precision in ONNX Runtime and in Swiftlet, FP32 and INT8, by one scorer.

    SWIFTLET_SHARED=../shared Tests/Conformance/detection_accuracy.py .build/release/swiftlet

Both INT8 models are calibrated on the images that they are scored on. Beside Swiftlet's rows stands what `swiftlet evaluate` says,
which prepares the images and scores the boxes by itself.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnx.version_converter
import onnxruntime as ort
from PIL import Image

import detection_scoring as scoring

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SWIFTLET_SHARED", ROOT.parent / "shared"))
MODEL = SHARED / "models/yolox_nano_416.onnx"
RECIPE = ROOT / "Calibration/recipes/yolox_nano_416.yaml"
DATA = SHARED / "data/coco"


def quantised_by_onnxruntime(inputs, target, options):
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.rest = iter(inputs)

        def get_next(self):
            value = next(self.rest, None)
            return None if value is None else {"images": value}

    logging.disable(logging.WARNING)
    # Per-channel DequantizeLinear came with operator set 13; the model has 11.
    renewed = target.with_suffix(".13.onnx")
    onnx.save(onnx.version_converter.convert_version(onnx.load(MODEL), 13), renewed)
    quantize_static(
        str(renewed), str(target), Reader(), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax, extra_options=options)
    return target


def by_onnxruntime(path, inputs):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    if path != MODEL:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return [session.run(None, {"images": value})[0][0] for value in inputs]


def by_swiftlet(swiftlet, package, inputs, folder):
    outputs = []
    for value in inputs:
        np.save(folder / "input.npy", value)
        subprocess.run(
            [swiftlet, "infer", str(package), "--tensor", f"images={folder / 'input.npy'}", "--save-tensors", str(folder / "out")],
            check=True, capture_output=True)
        outputs.append(np.load(folder / "out/output.npy")[0])
    return outputs


def main():
    swiftlet = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("SWIFTLET", str(ROOT / ".build/release/swiftlet"))
    if not MODEL.exists():
        print(f"SKIPPED: real models are not at {SHARED}; set SWIFTLET_SHARED", file=sys.stderr)
        return 2
    files = sorted((DATA / "images").glob("*.jpg"))
    pictures = [Image.open(file) for file in files]
    prepared = [scoring.letterboxed(picture) for picture in pictures]
    inputs = [value for value, _ in prepared]
    truths = [scoring.truth(DATA / "labels" / f"{file.stem}.txt", *picture.size) for file, picture in zip(files, pictures)]

    def row(name, outputs, package=None):
        detections = [scoring.decoded(output, scale, *picture.size) for output, (_, scale), picture in zip(outputs, prepared, pictures)]
        map50, map50_95 = scoring.mean_average_precision(detections, truths)
        own = ["", ""]
        if package:
            done = subprocess.run([swiftlet, "evaluate", str(package), str(DATA), "--json"], check=True, capture_output=True, text=True)
            report = json.loads(done.stdout)
            own = [f"{report['map50']:.3f}", f"{report['map50_95']:.3f}"]
        print(f"| {name} | {map50:.3f} | {map50_95:.3f} | {own[0]} | {own[1]} |", flush=True)

    print(f"{len(files)} images, onnxruntime {ort.__version__}\n")
    print("| | mAP@0.5 | mAP@0.5:0.95 | `evaluate`: mAP@0.5 | mAP@0.5:0.95 |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        row("ONNX Runtime FP32", by_onnxruntime(MODEL, inputs))
        row("ONNX Runtime INT8, min-max", by_onnxruntime(quantised_by_onnxruntime(inputs, folder / "a.onnx", {}), inputs))
        averaging = {"CalibMovingAverage": True, "CalibMovingAverageConstant": 0.03}
        row("ONNX Runtime INT8, moving average", by_onnxruntime(quantised_by_onnxruntime(inputs, folder / "b.onnx", averaging), inputs))
        for label, options in [
            ("Swiftlet FP32", []),
            ("Swiftlet INT8, min-max", ["--calibrate", str(DATA / "images"), "--method", "min-max"]),
            ("Swiftlet INT8", ["--calibrate", str(DATA / "images")]),
        ]:
            package = folder / "m.swiftlet"
            subprocess.run([swiftlet, "compile", str(MODEL), "--recipe", str(RECIPE), "-o", str(package), *options], check=True, capture_output=True)
            row(label, by_swiftlet(swiftlet, package, inputs, folder), package)
    return 0


if __name__ == "__main__":
    sys.exit(main())
