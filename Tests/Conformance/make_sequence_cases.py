#!/usr/bin/env python3
"""Writes the golden cases of recurrent layers and of operators on quantised values, as make_operator_cases.py does for the others.

    Tests/Conformance/make_sequence_cases.py

Folders that are there already stay as they are. Outputs are ONNX Runtime's, run without graph optimisation and with exact 8-bit
products. Seeded. Needs: pip install onnx==1.17.0 onnxruntime numpy.
"""
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

from make_operator_cases import F, ROOT, Const, random, session_options

I32 = np.int32


def case(name, *inputs, version=13, outputs=1, domain="", names=None, **attributes):
    """One node of any domain; `names` are the outputs', "" for one that is left out."""
    folder = ROOT / name
    if folder.exists():
        return
    operator = name.split("-")[0]
    operands, feeds, constants = [], {}, {}
    for index, value in enumerate(inputs):
        if value is None:
            operands.append("")
        elif isinstance(value, Const):
            operands.append(f"c{index}")
            constants[f"c{index}"] = value.array
        else:
            operands.append(f"x{index}")
            feeds[f"x{index}"] = value
    results = names or [f"y{index}" for index in range(outputs)]
    node = helper.make_node(operator, operands, results, name=name, domain=domain, **attributes)
    infos = [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in feeds.items()]
    initialisers = [numpy_helper.from_array(v, k) for k, v in constants.items()]
    named = [r for r in results if r]
    opsets = [helper.make_opsetid("", version)] + ([helper.make_opsetid(domain, 1)] if domain else [])

    def model(output_infos):
        graph = helper.make_graph([node], name, infos, output_infos, initialisers)
        return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="swiftlet tests")

    untyped = model([onnx.ValueInfoProto(name=r) for r in named])
    session = ort.InferenceSession(untyped.SerializeToString(), session_options(), providers=["CPUExecutionProvider"])
    values = session.run(None, feeds)
    typed = [helper.make_tensor_value_info(r, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for r, v in zip(named, values)]
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model(typed).SerializeToString())
    for index, value in enumerate(feeds.values()):
        np.save(folder / f"input_{index}.npy", value)
    for index, value in enumerate(values):
        np.save(folder / f"output_{index}.npy", np.array(value, order="C"))


def recurrent():
    steps, batch, width, hidden = 4, 2, 3, 5

    def weights(gates, directions=1):
        w = [random(f"{k}{gates}{directions}", (directions, gates * hidden, n), -0.6, 0.6) for k, n in [("w", width), ("r", hidden)]]
        return [Const(v, F) for v in w]

    def bias(gates, directions=1):
        return Const(random(f"b{gates}{directions}", (directions, 2 * gates * hidden), -0.5, 0.5), F)

    x = random("x", (steps, batch, width), -1, 1)
    lengths = np.array([4, 2], I32)
    for operator, gates, outputs in [("RNN", 1, 2), ("GRU", 3, 2), ("LSTM", 4, 3)]:
        both = [random("h", (2, batch, hidden), -1, 1)] + ([random("c", (2, batch, hidden), -1, 1)] if operator == "LSTM" else [])
        one = [v[:1].copy() for v in both]
        case(f"{operator}-plain", x, *weights(gates), hidden_size=hidden, outputs=outputs)
        case(f"{operator}-bias", x, *weights(gates), bias(gates), hidden_size=hidden, outputs=outputs)
        case(f"{operator}-initial", x, *weights(gates), bias(gates), None, *one, hidden_size=hidden, outputs=outputs)
        case(f"{operator}-reverse", x, *weights(gates), bias(gates), Const(lengths, I32), hidden_size=hidden, direction="reverse", outputs=outputs)
        case(f"{operator}-lengths", x, *weights(gates), bias(gates), lengths, hidden_size=hidden, outputs=outputs)
        case(
            f"{operator}-bidirectional", x, *weights(gates, 2), bias(gates, 2), Const(lengths, I32), *both, hidden_size=hidden, direction="bidirectional",
            outputs=outputs)
        case(f"{operator}-last", x, *weights(gates), hidden_size=hidden, names=["", "y1"])
        case(f"{operator}-clip", x, *weights(gates), bias(gates), hidden_size=hidden, clip=0.3, outputs=outputs)
    case("RNN-relu", x, *weights(1), bias(1), hidden_size=hidden, activations=["Relu"], outputs=2)
    case("RNN-affine", x, *weights(1), hidden_size=hidden, activations=["Affine"], activation_alpha=[0.5], activation_beta=[0.1], outputs=2)
    case("GRU-reset-after", x, *weights(3), bias(3), hidden_size=hidden, linear_before_reset=1, outputs=2)
    case("GRU-activations", x, *weights(3), bias(3), hidden_size=hidden, activations=["HardSigmoid", "Softsign"], activation_alpha=[0.3],
         activation_beta=[0.4], outputs=2)
    case("LSTM-peepholes", x, *weights(4), bias(4), None, None, None, Const(random("p", (1, 3 * hidden), -0.5, 0.5), F), hidden_size=hidden, outputs=3)
    case("LSTM-coupled", x, *weights(4), bias(4), hidden_size=hidden, input_forget=1, outputs=3)
    case("LSTM-activations", x, *weights(4), hidden_size=hidden, activations=["HardSigmoid", "LeakyRelu", "Elu"], activation_alpha=[0.3, 0.05, 0.8],
         activation_beta=[0.4], outputs=3)


def whole(name, shape, dtype, low=None, high=None):
    info = np.iinfo(dtype)
    generator = np.random.default_rng(sum(name.encode()))
    return generator.integers(info.min if low is None else low, (info.max if high is None else high) + 1, shape).astype(dtype)


def integers():
    for dtype in [np.uint8, np.int8]:
        label = np.dtype(dtype).name
        x, w = whole("x", (1, 3, 5, 6), dtype), whole("w", (4, 3, 3, 2), dtype)
        case(f"ConvInteger-{label}", x, Const(w, dtype), whole("z", (), dtype), Const(whole("v", (), dtype), dtype), pads=[1, 0, 1, 1], strides=[2, 1])
        a, b = whole("a", (2, 3, 7), dtype), whole("b", (7, 5), dtype)
        case(f"MatMulInteger-{label}", a, Const(b, dtype), whole("y", (), dtype), Const(whole("u", (), dtype), dtype))
    x, w = whole("x", (2, 4, 9), np.uint8), whole("w", (6, 2, 3), np.int8)
    case("ConvInteger-groups", x, Const(w, np.int8), group=2, dilations=[2])
    case("ConvInteger-computed-evaluated", whole("x", (1, 1, 3, 3), np.uint8), whole("w", (1, 1, 2, 2), np.uint8), Const(1, np.uint8))
    case("MatMulInteger-columns", whole("a", (3, 7), np.uint8), Const(whole("b", (7, 5), np.int8), np.int8), Const(7, np.uint8),
         Const(whole("v", (5,), np.int8), np.int8))
    case("MatMulInteger-computed-evaluated", whole("a", (3, 7), np.uint8), whole("b", (7, 5), np.uint8), Const(7, np.uint8), Const(9, np.uint8))
    case("DynamicQuantizeLinear-both", random("d", (3, 4)), outputs=3)
    case("DynamicQuantizeLinear-positive", random("d", (3, 4), 1, 5), outputs=3)
    case("DynamicQuantizeLinear-negative", random("d", (3, 4), -5, -1), outputs=3)
    case("DynamicQuantizeLinear-zeros", np.zeros((2, 2), F), outputs=3)


def quantised():
    microsoft = "com.microsoft"
    scale, zero = lambda v: Const(v, F), lambda v, t=np.uint8: Const(v, t)
    a, b = whole("a", (1, 3, 5, 6), np.uint8), whole("b", (1, 3, 5, 6), np.uint8)
    for operator in ["Add", "Mul"]:
        case(f"QLinear{operator}-same", a, scale(0.02), zero(120), b, scale(0.03), zero(7), scale(0.05), zero(100), domain=microsoft)
        case(f"QLinear{operator}-constant", a, scale(0.02), zero(120), Const(b[:, :, :1, :1], np.uint8), scale(0.03), zero(7), scale(0.05), zero(100),
             domain=microsoft)
        case(f"QLinear{operator}-signed", a.view(np.int8), scale(0.02), zero(-12, np.int8), b.view(np.int8), scale(0.03), zero(7, np.int8), scale(0.05),
             zero(-3, np.int8), domain=microsoft)
    case("QLinearConcat-axis", scale(0.05), zero(100), a, scale(0.02), zero(120), b, scale(0.03), zero(7), domain=microsoft, axis=1)
    case("QLinearGlobalAveragePool-image", a, scale(0.02), zero(120), scale(0.01), zero(128), domain=microsoft)
    case("QLinearAveragePool-window", a, scale(0.02), zero(120), scale(0.015), zero(128), domain=microsoft, kernel_shape=[2, 3], strides=[1, 2])
    case("QLinearSigmoid-table", a, scale(0.02), zero(120), scale(1 / 256), zero(0), domain=microsoft)
    case("QLinearLeakyRelu-slope", a, scale(0.02), zero(120), scale(0.02), zero(60), domain=microsoft, alpha=0.2)
    case("QLinearSoftmax-last", a[0, 0], scale(0.02), zero(120), scale(1 / 256), zero(0), domain=microsoft, axis=-1, opset=13)
    condition = random("condition", (1, 3, 5, 6)) > 0
    case("QLinearWhere-mixed", condition, a, scale(0.02), zero(120), b, scale(0.03), zero(7), scale(0.05), zero(100), domain=microsoft)
    x = whole("x", (1, 4, 6, 7), np.uint8)
    w, channels = whole("w", (6, 4, 3, 3), np.int8, -127), [0.01, 0.02, 0.03, 0.01, 0.005, 0.02]
    bias = Const(whole("bias", (6,), I32, -900, 900), I32)
    signed = Const(w, np.int8)
    case("QLinearConv-tensor", x, scale(0.02), zero(120), signed, scale(0.01), zero(0, np.int8), scale(0.2), zero(128), bias, pads=[1, 1, 1, 1])
    case("QLinearConv-channels", x, scale(0.02), zero(120), signed, scale(channels), zero([0] * 6, np.int8), scale(0.2), zero(128), bias, strides=[2, 2])
    unsigned = Const(whole("u", (6, 4, 3, 3), np.uint8), np.uint8)
    for label, point in [("centred", 128), ("low", 3), ("high", 250), ("none", 0)]:
        case(f"QLinearConv-unsigned-{label}", x, scale(0.02), zero(120), unsigned, scale(0.01), zero(point), scale(0.3), zero(128), bias, pads=[1, 0, 0, 1])
    case("QLinearConv-asymmetric", x, scale(0.02), zero(120), signed, scale(0.01), zero(-9, np.int8), scale(0.2), zero(128), bias)
    depthwise = Const(whole("d", (4, 1, 3, 3), np.uint8), np.uint8)
    case("QLinearConv-depthwise-asymmetric", x, scale(0.02), zero(120), depthwise, scale(0.01), zero(99), scale(0.1), zero(128), group=4)
    left, right = whole("l", (3, 7), np.uint8), whole("r", (7, 5), np.int8, -127)
    case("QLinearMatMul-weights", left, scale(0.02), zero(120), Const(right, np.int8), scale(0.01), zero(0, np.int8), scale(0.1), zero(128))
    case("QLinearMatMul-columns", left, scale(0.02), zero(120), Const(right, np.int8), scale([0.01, 0.02, 0.005, 0.03, 0.01]), zero([0] * 5, np.int8),
         scale(0.1), zero(128))
    case("QLinearMatMul-unsigned", left, scale(0.02), zero(120), Const(right.view(np.uint8), np.uint8), scale(0.01), zero(77), scale(0.2), zero(128))
    case("QLinearMatMul-computed", left, scale(0.02), zero(120), right, scale(0.01), zero(0, np.int8), scale(0.1), zero(128))
    row = Const(whole("row", (5,), I32, -900, 900), I32)
    case("QGemm-bias", left, scale(0.02), zero(120), Const(right, np.int8), scale(0.01), zero(0, np.int8), row, scale(0.1), zero(128), domain=microsoft,
         transA=0, transB=0, alpha=1.0)
    case("QGemm-transposed", left, scale(0.02), zero(120), Const(right.T.copy(), np.int8), scale([0.01, 0.02, 0.005, 0.03, 0.01]), zero([0] * 5, np.int8),
         row, scale(0.1), zero(128), domain=microsoft, transA=0, transB=1, alpha=1.0)
    case("QGemm-float", left, scale(0.02), zero(120), Const(right, np.int8), scale(0.01), zero(0, np.int8), row, domain=microsoft, transA=0, transB=0,
         alpha=0.5)
    case("QuantizeLinear-int16", random("q", (3, 4)), scale(0.0003), zero(-5, np.int16), version=21)
    case("QuantizeLinear-uint16", random("q", (3, 4)), scale(0.0003), zero(30000, np.uint16), version=21)
    case("DequantizeLinear-int16", whole("q", (3, 4), np.int16), scale(0.0003), zero(-5, np.int16), version=21)
    case("DequantizeLinear-uint16", whole("q", (3, 4), np.uint16), scale(0.0003), zero(30000, np.uint16), version=21)
    case("QuantizeLinear-blocked-evaluated", random("q", (3, 8)), Const(random("s", (3, 2), 0.01, 0.1), F), Const(whole("z", (3, 2), np.uint8), np.uint8), version=21,
         axis=1, block_size=4)
    case("DequantizeLinear-blocked-evaluated", whole("q", (3, 8), np.int8), Const(random("s", (3, 2), 0.01, 0.1), F), Const(whole("z", (3, 2), np.int8), np.int8),
         version=21, axis=1, block_size=4)


def main():
    for build in [recurrent, integers, quantised]:
        build()
    return 0


if __name__ == "__main__":
    sys.exit(main())
