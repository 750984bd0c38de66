#!/usr/bin/env python3
"""Real models on real images: Swiftlet's output tensors beside ONNX Runtime's.

    SWIFTLET_SHARED=../shared Tests/Conformance/conformance.py .build/release/swiftlet

FP32 outputs have to agree within 1e-3 of the output's largest magnitude; INT8 outputs, and the float outputs of INT8 models in units
of their last scale, within one quantum on at least 99.9 % of the elements. Exit status 1 on a miss, 2 where the models are not at hand.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SWIFTLET_SHARED", ROOT.parent / "shared"))
FLOAT_LIMIT, INTEGER_LIMIT = 1e-3, 0.999

# Name, file, how a pixel becomes a number, and whether the model is INT8.
MODELS = [
    ("mobilenet_v2_224_qdq", SHARED / "models/mobilenet_v2_224_qdq.onnx", "signed", True),
    ("yolox_nano_416", SHARED / "models/yolox_nano_416.onnx", "raw", False),
    ("ultraface_rfb_320", SHARED / "models/ultraface_rfb_320.onnx", "centred", False),
    ("vww_96_fp32", SHARED / "models/vww_96_fp32.onnx", "unit", False),
    ("vww_96_qdq", SHARED / "models/vww_96_qdq.onnx", "unit", True),
    ("surface-defects", ROOT / "Calibration/surface-defects/surface-defects.onnx", "raw", False),
]


def has_exact_products():
    """Whether this processor multiplies bytes without saturation (VNNI), so that ONNX Runtime's plain integer kernels are exact."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_vnni" in flags or "avx_vnni" in flags


def exact_session(path):
    """ONNX Runtime without saturating products, and how: its exact INT8 mode; where that can't load the model, the same integer
    kernels without turning signed weights into unsigned ones, which is exact with VNNI; without it, float arithmetic between
    QuantizeLinear and DequantizeLinear, which rounds in other places."""
    ort.set_default_logger_severity(4)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]), "exact mode"
    except Exception:  # onnxruntime raises its own classes, which differ between versions.
        options = ort.SessionOptions()
        options.intra_op_num_threads = 2
        if has_exact_products():
            return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]), "integer kernels, VNNI"
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]), "float between Q and DQ"


def tensor(image, port, preparation):
    """The image stretched to the input's shape."""
    shape = [size if isinstance(size, int) else 1 for size in port.shape]
    is_planar = shape[1] in (1, 3)
    height, width = shape[2:4] if is_planar else shape[1:3]
    pixels = np.asarray(image.convert("RGB").resize((width, height), Image.BILINEAR)).astype(np.float32)[None]
    if is_planar:
        pixels = pixels.transpose(0, 3, 1, 2)
    if "int8" in port.type:
        signed = "uint8" not in port.type
        return np.ascontiguousarray(pixels - 128 if signed else pixels).astype(np.int8 if signed else np.uint8)
    scaled = {"unit": lambda x: x / 255, "centred": lambda x: (x - 127) / 128}.get(preparation, lambda x: x)(pixels)
    return np.ascontiguousarray(scaled.astype(np.float32))


def last_scale(path, output):
    """The scale of the DequantizeLinear that makes a float output, through what only moves elements; None where there is none."""
    graph = onnx.load(path).graph
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    while output in makers:
        node = makers[output]
        if node.op_type == "DequantizeLinear":
            return float(constants[node.input[1]]) if node.input[1] in constants and constants[node.input[1]].size == 1 else None
        if node.op_type not in ("Reshape", "Flatten", "Transpose", "Squeeze", "Identity"):
            return None
        output = node.input[0]
    return None


def images():
    photos = sorted((SHARED / "data/photos").glob("*.[jb][pm][gp]"))
    return photos + sorted((SHARED / "data/coco/images").glob("*.jpg"))[:4] + sorted((SHARED / "data/imagenet").glob("*.[jJ]*"))[:4]


def file_name(output):
    """How `--save-tensors` names an output's file, without the ending."""
    return output.replace("/", "_")


def run(swiftlet, package, name, value, folder):
    np.save(folder / "input.npy", value)
    command = [swiftlet, "infer", str(package), "--tensor", f"{name}={folder / 'input.npy'}", "--save-tensors", str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")


def compare(swiftlet, name, path, preparation, is_integer, folder):
    """(worst float error, elements within one quantum, all elements, an image's worst share, the reference's mode, images)"""
    session, mode = exact_session(path)
    port = session.get_inputs()[0]
    package = folder / f"{name}.swiftlet"
    subprocess.run([swiftlet, "compile", str(path), "-o", str(package)], check=True, capture_output=True)
    worst_error, within, total, worst_share = 0.0, 0, 0, 1.0
    files = images()
    for file in files:
        value = tensor(Image.open(file), port, preparation)
        expected = session.run(None, {port.name: value})
        run(swiftlet, package, port.name, value, folder)
        for output, reference in zip(session.get_outputs(), expected):
            result = np.load(folder / "out" / f"{file_name(output.name)}.npy").reshape(reference.shape)
            difference = np.abs(result.astype(np.float64) - reference.astype(np.float64))
            if is_integer:
                quantum = 1 if reference.dtype in (np.int8, np.uint8) else last_scale(path, output.name) or 1 / 256
                near = difference <= quantum * 1.0001
                within, total, worst_share = within + int(near.sum()), total + near.size, min(worst_share, float(near.mean()))
            else:
                worst_error = max(worst_error, float(difference.max() / max(np.abs(reference).max(), 1e-12)))
    return worst_error, within, total, worst_share, mode if is_integer else "float", len(files)


def main():
    swiftlet = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("SWIFTLET", str(ROOT / ".build/release/swiftlet"))
    if not (SHARED / "models").is_dir():
        print(f"SKIPPED: real models are not at {SHARED}; set SWIFTLET_SHARED", file=sys.stderr)
        return 2
    failed = False
    print(f"onnxruntime {ort.__version__}\n")
    print("| model | images | reference | FP32: largest error | INT8: within one quantum | |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, path, preparation, is_integer in MODELS:
            error, within, total, worst, mode, count = compare(swiftlet, name, path, preparation, is_integer, Path(folder))
            share = within / max(total, 1)
            passes = share >= INTEGER_LIMIT if is_integer else error <= FLOAT_LIMIT
            failed = failed or not passes
            figures = ("", f"{share:.3%} of {total}, worst image {worst:.3%}") if is_integer else (f"{error:.1e}", "")
            print(f"| `{name}` | {count} | {mode} | {figures[0]} | {figures[1]} | {'ok' if passes else 'MISS'} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
