#!/usr/bin/env python3
"""What 8 bits cost: Swiftlet's calibration beside ONNX Runtime's static quantisation and OpenVINO's NNCF, with the same calibration images.

    SWIFTLET_SHARED=../shared Benchmarks/accuracy.py .build/release/swiftlet

The peers write QDQ models; all models are run and scored by `swiftlet evaluate`, which computes such models exactly, so that only the choice
of scales and integers differs. 43 labelled images tell little about detectors, so there is a second number: the mAP@0.5:0.95 that a quantised detector
has where the float model's own detections above 0.25 are taken for the truth, on the photographs that calibration didn't see. Needs numpy, pillow,
onnx, onnxruntime and, for its column, nncf.
"""

import argparse
import contextlib
import json
import logging
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnx.version_converter
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
OVERLAP = 0.6  # Of boxes of one class, as `swiftlet evaluate` takes it.


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("swiftlet", nargs="?", default=str(ROOT / ".build/release/swiftlet"))
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SWIFTLET_SHARED", ROOT.parent / "shared")))
    parser.add_argument("--count", type=int, default=32, help="calibration images")
    parser.add_argument("--models", nargs="*", help="stems of the models to measure; all by default")
    parser.add_argument("--sizes", type=int, nargs="*", help="Swiftlet alone, calibrated on so many images each")
    return parser.parse_args()


class Model:
    """A float model, how its images are prepared, and where they are."""

    def __init__(self, stem, tensor, size, calibration, data, colour="rgb", mean=0, deviation=1, letterbox=False, channels_last=False, other=None):
        self.stem, self.tensor, self.size, self.calibration, self.data = stem, tensor, size, calibration, data
        self.colour, self.mean, self.deviation, self.letterbox, self.channels_last = colour, mean, deviation, letterbox, channels_last
        self.other = other
        self.agreement = None  # The data set of the float model's detections.

    def prepared(self, path):
        image = Image.open(path).convert("RGB")
        if self.letterbox:
            scale = min(self.size / image.width, self.size / image.height)
            canvas = Image.new("RGB", (self.size, self.size), (114, 114, 114))
            canvas.paste(image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR), (0, 0))
            image = canvas
        pixels = np.asarray(image.resize((self.size, self.size), Image.Resampling.BILINEAR), np.float32)
        pixels = pixels[:, :, ::-1] if self.colour == "bgr" else pixels
        pixels = (pixels - np.float32(self.mean)) / np.float32(self.deviation)
        return np.ascontiguousarray(pixels if self.channels_last else pixels.transpose(2, 0, 1))[None]


def pictures(folder):
    return sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".bmp"))


def evenly(files, count):
    return [files[index * len(files) // count] for index in range(min(count, len(files)))]


def models(shared, folder):
    data = shared / "data"
    with tarfile.open(data / "cifar10_test_quarter.tar.gz") as archive:
        archive.extractall(folder / "cifar", filter="data")
    cifar = next(path for path in (folder / "cifar").rglob("airplane")).parent
    persons = folder / "persons"
    names = (data / "coco/classes.txt").read_text().split("\n")
    for path in pictures(data / "coco/images"):
        label = data / "coco/labels" / f"{path.stem}.txt"
        rows = label.read_text().splitlines() if label.exists() else []
        kind = "person" if any(int(row.split()[0]) == names.index("person") for row in rows) else "no person"
        (persons / kind).mkdir(parents=True, exist_ok=True)
        (persons / kind / path.name).symlink_to(path.resolve())
    photographs, coco = pictures(data / "imagenet"), data / "coco"
    small = sorted(cifar.glob("*/*"))
    bgr = {"colour": "bgr", "other": small}
    return [
        Model("yolox_nano_416", "images", 416, photographs, coco, letterbox=True, **bgr),
        Model("nanodet_m_320", "input.1", 320, photographs, coco, mean=[103.53, 116.28, 123.675], deviation=[57.375, 57.12, 58.395], **bgr),
        Model("fastestdet_352", "input.1", 352, photographs, coco, deviation=255, **bgr),
        Model("resnet8_cifar_fp32", "input_1", 32, small, cifar, channels_last=True, other=photographs),
        Model("vww_96_fp32", "input_1", 96, photographs, persons, deviation=255, channels_last=True, other=small),
    ]


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().split("\n")[-1])
    return done.stdout


def score(swiftlet, model, path, recipe=None):
    """The task's metric, and the agreement with the float model of what detects."""
    options = ["--recipe", recipe] if recipe else []
    report = json.loads(run(swiftlet, "evaluate", path, model.data, "--json", *options))
    if model.agreement is None:
        return report.get("map50", report.get("top1")), None
    return report["map50"], json.loads(run(swiftlet, "evaluate", path, model.agreement, "--json", *options))["map50_95"]


def counted(recipe, folder):
    """The recipe with the overlap by which `evaluate` suppresses: with another one, the float model would find too much or too little of its own."""
    text = re.sub(r"overlap: [0-9.]+", f"overlap: {OVERLAP}", recipe.read_text()).replace("file: ", f"file: {recipe.parent.resolve()}/")
    path = folder / recipe.name
    path.write_text(text)
    return path


def own_detections(swiftlet, model, original, recipe, files, folder):
    """A data set of `files` whose truth is what the float model finds."""
    labels = (ROOT / "Calibration/recipes/labels/coco.txt").read_text().split("\n")
    data = folder / f"{model.stem}.own"
    (data / "images").mkdir(parents=True)
    (data / "labels").mkdir()
    found = run(swiftlet, "infer", original, "--recipe", counted(recipe, folder), "--json", "--threshold", "0.25", *files).splitlines()
    (data / "classes.txt").write_text("\n".join(label for label in labels if label) + "\n")
    for path, line in zip(files, found):
        width, height = Image.open(path).size
        rows = []
        for detection in json.loads(line)["detections"]:
            x, y, across, down = detection["box"]
            middle = ((x + across / 2) / width, (y + down / 2) / height)
            rows.append(" ".join(map(str, (labels.index(detection["label"]), *middle, across / width, down / height))))
        (data / "images" / path.name).symlink_to(path.resolve())
        (data / "labels" / f"{path.stem}.txt").write_text("\n".join(rows) + "\n")
    return data


def by_swiftlet(swiftlet, model, original, recipe, files, folder):
    images = Path(tempfile.mkdtemp(dir=folder))
    for index, path in enumerate(files):
        (images / f"{index:04}{path.suffix}").symlink_to(path.resolve())
    package = images / "model.swiftlet"
    run(swiftlet, "compile", original, "--recipe", recipe, "--calibrate", images, "-o", package)
    return score(swiftlet, model, package)


def renewed(original, folder):
    """Per-channel DequantizeLinear came with operator set 13."""
    model = onnx.load(original)
    if model.opset_import[0].version < 13:
        model = onnx.version_converter.convert_version(model, 13)
    path = folder / f"{original.stem}.13.onnx"
    onnx.save(model, path)
    return path


def by_onnxruntime(swiftlet, model, original, recipe, files, folder, method):
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quant_pre_process, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.rest = iter(files)

        def get_next(self):
            path = next(self.rest, None)
            return None if path is None else {model.tensor: model.prepared(path)}

    logging.disable(logging.WARNING)
    prepared, target = folder / f"{model.stem}.pre.onnx", folder / f"{model.stem}.{method}.onnx"
    quant_pre_process(str(renewed(original, folder)), str(prepared))
    with contextlib.redirect_stdout(sys.stderr):
        quantize_static(
            str(prepared), str(target), Reader(), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8, calibrate_method=getattr(CalibrationMethod, method))
    return score(swiftlet, model, target, recipe)


def by_nncf(swiftlet, model, original, recipe, files, folder):
    import nncf

    nncf.set_log_level(logging.ERROR)
    with contextlib.redirect_stdout(sys.stderr):  # It draws its progress there.
        quantised = nncf.quantize(
            onnx.load(renewed(original, folder)), nncf.Dataset(files, lambda path: {model.tensor: model.prepared(path)}), subset_size=len(files))
    target = folder / f"{model.stem}.nncf.onnx"
    onnx.save(quantised, target)
    return score(swiftlet, model, target, recipe)


def attempt(function, *values):
    """A score and its loss, or why there is none."""
    try:
        return function(*values)
    except Exception as error:  # A peer's failure is a cell of the table, not this script's.
        return f"fails: {str(error).splitlines()[0][-70:]}" if str(error) else f"fails: {type(error).__name__}"


def cell(value, float_score):
    if isinstance(value, str):
        return value
    metric, agreement = value
    return f"{metric:.4f} ({(metric - float_score) * 100:+.2f})" + (f", {agreement:.3f}" if agreement is not None else "")


def main():
    given = arguments()
    if not (given.shared / "models").is_dir():
        print(f"SKIPPED: no models at {given.shared}; set SWIFTLET_SHARED")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chosen = [model for model in models(given.shared, folder) if not given.models or model.stem in given.models]
        if given.sizes:
            print("| model | FP32 | " + " | ".join(f"{count} images" for count in given.sizes) + " | 32 of another kind |")
            print("|---" * (len(given.sizes) + 3) + "|")
        else:
            print("| model | FP32 | Swiftlet | ONNX Runtime, min-max | ONNX Runtime, percentile | NNCF |\n|---|---|---|---|---|---|")
        for model in chosen:
            original = given.shared / f"models/{model.stem}.onnx"
            recipe = ROOT / f"Calibration/recipes/{model.stem}.yaml"
            exact, _ = score(given.swiftlet, model, original, recipe)
            shared = (given.swiftlet, model, original, recipe)
            if model.data.name == "coco":
                seen = set().union(*(evenly(model.calibration, count) for count in given.sizes or [given.count]))
                unseen = pictures(model.data / "images") + [path for path in model.calibration if path not in seen]
                model.agreement = own_detections(given.swiftlet, model, original, recipe, unseen, folder)
            if given.sizes:
                cells = [attempt(by_swiftlet, *shared, evenly(model.calibration, count), folder) for count in given.sizes]
                cells.append(attempt(by_swiftlet, *shared, evenly(model.other, 32), folder))
            else:
                files = evenly(model.calibration, given.count)
                cells = [attempt(by_swiftlet, *shared, files, folder)]
                cells += [attempt(by_onnxruntime, *shared, files, folder, method) for method in ("MinMax", "Percentile")]
                cells.append(attempt(by_nncf, *shared, files, folder))
            print(f"| `{model.stem}` | {exact:.4f} | " + " | ".join(cell(value, exact) for value in cells) + " |", flush=True)


if __name__ == "__main__":
    main()
