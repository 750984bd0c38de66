#!/usr/bin/env python3
"""An 8-bit QDQ model in double precision: what its QuantizeLinear and DequantizeLinear nodes mean, without rounding in between.

ONNX Runtime runs a convolution in float32 where a Clip behind it is narrower than the 8-bit range (35 of the 53 in MobileNetV2),
so its own modes differ from each other. This is the reference that has no rounding of its own: Swiftlet and ONNX Runtime are both
compared with it.

usage: double_reference.py [--swiftlet BINARY] [--shared FOLDER] [--images N]
needs: pip install -r Tests/Conformance/requirements.txt
"""
import argparse
import glob
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import numpy_helper
from PIL import Image

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def attribute(node, name, default=None):
    for candidate in node.attribute:
        if candidate.name == name:
            return onnx.helper.get_attribute_value(candidate)
    return default


def along(values, axis, rank):
    """Scales or zero points shaped so that they broadcast along an axis."""
    values = values.double()
    return values.reshape([-1 if i == axis % rank else 1 for i in range(rank)]) if values.numel() > 1 else values.reshape([])


def run(model, feed):
    """The model's first output, as integers."""
    values = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in model.graph.initializer}
    values.update({name: torch.from_numpy(value) for name, value in feed.items()})
    for node in model.graph.node:
        x = [values[name] if name else None for name in node.input]
        if node.op_type == "DequantizeLinear":
            axis, rank = attribute(node, "axis", 1), x[0].dim()
            zero = along(x[2], axis, rank) if len(x) > 2 else 0
            y = (x[0].double() - zero) * along(x[1], axis, rank)
        elif node.op_type == "QuantizeLinear":
            limits = torch.iinfo(x[2].dtype)
            y = (torch.round(x[0].double() / x[1].double()) + x[2].double()).clamp(limits.min, limits.max).to(x[2].dtype)
        elif node.op_type == "Conv":
            pads = attribute(node, "pads", [0, 0, 0, 0])
            padded = torch.nn.functional.pad(x[0], (pads[1], pads[3], pads[0], pads[2]))
            y = torch.nn.functional.conv2d(
                padded, x[1], x[2] if len(x) > 2 else None, attribute(node, "strides", [1, 1]), 0, attribute(node, "dilations", [1, 1]),
                attribute(node, "group", 1))
        elif node.op_type == "Clip":
            y = x[0].clamp(float(x[1]), float(x[2]))
        elif node.op_type == "Relu":
            y = x[0].clamp(min=0)
        elif node.op_type == "Add":
            y = x[0].double() + x[1].double()
        elif node.op_type == "MatMul":
            y = x[0].double() @ x[1].double()
        elif node.op_type == "AveragePool":
            y = torch.nn.functional.avg_pool2d(x[0], attribute(node, "kernel_shape"), attribute(node, "strides"))
        elif node.op_type == "Softmax":
            y = torch.softmax(x[0].double(), attribute(node, "axis", -1))
        elif node.op_type == "Reshape":
            y = x[0].reshape([x[0].shape[i] if d == 0 else int(d) for i, d in enumerate(x[1])])
        elif node.op_type == "Transpose":
            y = x[0].permute(*attribute(node, "perm"))
        else:
            sys.exit(f"{node.op_type} is not written here")
        values[node.output[0]] = y
    return values[model.graph.output[0].name].numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--swiftlet", default=os.environ.get("SWIFTLET", f"{ROOT}/.build/release/swiftlet"))
    parser.add_argument("--shared", default=os.environ.get("SWIFTLET_SHARED", f"{ROOT}/../shared"))
    parser.add_argument("--images", type=int, default=30)
    arguments = parser.parse_args()
    failed = False
    print("| model | images | elements | Swiftlet within one quantum | equal | ONNX Runtime within one quantum | equal |")
    print("|---|---|---|---|---|---|---|")
    for stem, size in [("mobilenet_v2_224_qdq", 224), ("vww_96_qdq", 96), ("resnet8_cifar_qdq", 32)]:
        path = f"{arguments.shared}/models/{stem}.onnx"
        model = onnx.load(path)
        session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        port = session.get_inputs()[0].name
        images = sorted(glob.glob(f"{arguments.shared}/data/imagenet/*.JPEG"))[: arguments.images]
        counts = np.zeros(4, dtype=np.int64)
        elements = 0
        with tempfile.TemporaryDirectory() as work:
            for image in images:
                pixels = np.asarray(Image.open(image).convert("RGB").resize((size, size), Image.BILINEAR)).astype(np.int32)
                x = (pixels - 128).astype(np.int8)[None]
                np.save(f"{work}/x.npy", x)
                subprocess.run([arguments.swiftlet, "infer", path, "--tensor", f"{port}={work}/x.npy", "--save-tensors", f"{work}/out"],
                               check=True, capture_output=True)
                ours = np.load(glob.glob(f"{work}/out/*.npy")[0]).astype(int)
                theirs = session.run(None, {port: x})[0].astype(int)
                exact = run(model, {port: x}).astype(int)
                elements += exact.size
                counts += [int((abs(ours - exact) <= 1).sum()), int((ours == exact).sum()), int((abs(theirs - exact) <= 1).sum()), int((theirs == exact).sum())]
        share = counts / elements
        failed = failed or share[0] < 0.999
        print(f"| {stem} | {len(images)} | {elements} | {share[0]:.3%} | {share[1]:.3%} | {share[2]:.3%} | {share[3]:.3%} |", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
