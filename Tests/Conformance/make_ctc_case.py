#!/usr/bin/env python3
"""Writes Tests/Transcription/Golden/ctc/model.onnx: a smallest CTC model of random weights, whose symbols see 60 ms of sound on either side.

    Tests/Conformance/make_ctc_case.py

Convolutions over 8 bands of any number of frames, two frames to one of symbols: a space, a, b, c, and the blank. Seeded. Needs: pip install
onnx==1.17.0 numpy.
"""
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

generator = np.random.default_rng(5)
weights = {
    "first": generator.normal(0, 0.35, (16, 8, 5)),
    "second": generator.normal(0, 0.25, (16, 16, 5)),
    "third": generator.normal(0, 1.2, (5, 16, 1)),
}
# Changes count, and no symbol is ahead by itself.
weights["first"] -= weights["first"].mean(axis=2, keepdims=True)
weights["third"] -= weights["third"].mean(axis=1, keepdims=True)
nodes = [
    helper.make_node("Conv", ["mel", "first"], ["a"], strides=[2], pads=[2, 2]),
    helper.make_node("Relu", ["a"], ["b"]),
    helper.make_node("Conv", ["b", "second"], ["c"], pads=[2, 2]),
    helper.make_node("Relu", ["c"], ["d"]),
    helper.make_node("Conv", ["d", "third"], ["e"]),
    helper.make_node("Transpose", ["e"], ["f"], perm=[0, 2, 1]),
    helper.make_node("LogSoftmax", ["f"], ["logprobs"], axis=2),
]
graph = helper.make_graph(
    nodes, "ctc", [helper.make_tensor_value_info("mel", onnx.TensorProto.FLOAT, [1, 8, "T"])],
    [helper.make_tensor_value_info("logprobs", onnx.TensorProto.FLOAT, [1, "U", 5])],
    [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
onnx.checker.check_model(model)
onnx.save(model, Path(__file__).resolve().parents[2] / "Tests/Transcription/Golden/ctc/model.onnx")
