#!/usr/bin/env python3
"""Writes the golden cases of the operators: Tests/Golden/OPERATOR-case/{model.onnx, input_N.npy, output_N.npy}.

Makes what is missing and leaves what is there; --all makes everything anew. A name ends in -evaluated where the operator has a plain
evaluation and no instruction for the case.

Each case is a tiny model; its outputs are ONNX Runtime's, run without graph optimisation. Seeded: the same packages give
the same files. Needs: pip install onnx==1.17.0 onnxruntime numpy.
Makes what is missing and leaves what is there; --all makes everything anew. A name ends in -evaluated where the operator has a plain
evaluation and no instruction for the case.
"""
import pathlib
import shutil
import sys
import zlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parent.parent / "Golden"
F, I = np.float32, np.int64


def session_options():
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = 3
    return options


class Const:
    """An input that is an initialiser."""

    def __init__(self, values, dtype=I):
        self.array = np.array(values, dtype=dtype)


def random(name, shape, low=-3, high=3):
    return np.random.default_rng(zlib.crc32(name.encode())).uniform(low, high, shape).astype(F)


def save(name, nodes, inputs, constants, output_names, opset):
    if (ROOT / name).exists():
        return
    infos = [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in inputs.items()]
    graph = helper.make_graph(
        nodes, name, infos, [onnx.ValueInfoProto(name=o) for o in output_names],
        [numpy_helper.from_array(v, k) for k, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8, producer_name="swiftlet tests")
    session = ort.InferenceSession(model.SerializeToString(), session_options(), providers=["CPUExecutionProvider"])
    results = session.run(None, inputs)
    # ONNX Runtime knows the types of outputs; readers of the case need not.
    for value, meta in zip(results, session.get_outputs()):
        info = next(o for o in graph.output if o.name == meta.name)
        info.CopyFrom(helper.make_tensor_value_info(meta.name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8, producer_name="swiftlet tests")
    folder = ROOT / name
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    for index, value in enumerate(inputs.values()):
        np.save(folder / f"input_{index}.npy", value)
    for index, value in enumerate(results):
        np.save(folder / f"output_{index}.npy", np.array(value, order="C"))


def case(name, *inputs, opset=13, outputs=1, **attributes):
    """One node; `name` is OPERATOR-what."""
    operator = name.split("-")[0]
    names, feeds, constants = [], {}, {}
    for index, value in enumerate(inputs):
        if value is None:
            names.append("")
        elif isinstance(value, Const):
            names.append(f"c{index}")
            constants[f"c{index}"] = value.array
        else:
            names.append(f"x{index}")
            feeds[f"x{index}"] = value
    results = [f"y{index}" for index in range(outputs)]
    save(name, [helper.make_node(operator, names, results, name=name, **attributes)], feeds, constants, results, opset)


def quantised(name, *inputs, scales=None, output=(0.05, 128), types=None, opset=13, keeps=False, **attributes):
    """The node between QuantizeLinear/DequantizeLinear pairs; the output's scale and zero point, or the first input's."""
    operator = name.split("-")[0]
    nodes, names, feeds, constants = [], [], {}, {}

    def pair(source, target, scale, zero, dtype):
        constants[f"{target}.scale"] = np.array(scale, F)
        constants[f"{target}.zero"] = np.array(zero, dtype)
        nodes.append(helper.make_node("QuantizeLinear", [source, f"{target}.scale", f"{target}.zero"], [f"{target}.q"]))
        nodes.append(helper.make_node("DequantizeLinear", [f"{target}.q", f"{target}.scale", f"{target}.zero"], [target]))

    for index, value in enumerate(inputs):
        if isinstance(value, Const):
            names.append(f"c{index}")
            constants[f"c{index}"] = value.array
            continue
        feeds[f"x{index}"] = value
        scale, zero = (scales or {}).get(index, (0.025, 120 if (types or np.uint8) == np.uint8 else -7))
        pair(f"x{index}", f"d{index}", scale, zero, types or np.uint8)
        if keeps and index == 0:
            output = (scale, zero)
        names.append(f"d{index}")
    nodes.append(helper.make_node(operator, names, ["f"], name=name, **attributes))
    pair("f", "y0", output[0], output[1], types or np.uint8)
    save(f"{name}-quantised", nodes, feeds, constants, ["y0"], opset)


def unary():
    x = lambda name: random(name, (2, 3, 4, 5))
    for operator in ["Relu", "Sigmoid", "Tanh", "Exp", "Neg", "Abs", "Erf", "Softplus", "Floor", "Ceil", "Identity", "Sin", "Cos"]:
        case(f"{operator}-float", x(operator))
    for operator in ["Log", "Sqrt", "Reciprocal"]:
        case(f"{operator}-float", random(operator, (2, 3, 4, 5), 0.1, 9))
    case("Round-ties", np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.3, -2.7], F))
    case("HardSwish-float", x("HardSwish"), opset=14)
    case("Mish-float", x("Mish"), opset=18)
    case("Gelu-float", x("Gelu"), opset=20)
    case("LeakyRelu-default", x("LeakyRelu"))
    case("LeakyRelu-slope", x("LeakyRelu"), alpha=0.3)
    case("Elu-alpha", x("Elu"), alpha=0.7)
    case("HardSigmoid-default", x("HardSigmoid"))
    case("HardSigmoid-values", x("HardSigmoid"), alpha=0.1666667, beta=0.5)
    case("PRelu-single", x("PRelu"), Const([0.25], F))
    case("PRelu-channels", x("PRelu"), Const(np.reshape([0.1, 0.2, -0.5], (3, 1, 1)), F))
    case("Clip-attributes", x("Clip"), opset=10, min=-1.0, max=2.0)
    case("Clip-inputs", x("Clip"), Const(0.0, F), Const(6.0, F))
    case("Clip-maximum", x("Clip"), None, Const(1.0, F))
    case("Clip-integers", np.arange(-5, 5, dtype=I), Const(-2), Const(3))
    case("Abs-integers", np.arange(-5, 5, dtype=I))
    case("Neg-integers", np.arange(-5, 5, dtype=np.int32))
    case("Dropout-inference", x("Dropout"), opset=10)
    case("Dropout-ratio", x("Dropout"), Const(0.3, F))
    for source, target in [(F, I), (F, np.int32), (I, F), (np.uint8, F), (F, np.bool_), (np.int32, I), (F, np.float16), (np.bool_, F)]:
        values = random("Cast", (4, 3), 0 if source == np.bool_ else -2, 3).astype(source)
        if source == np.uint8:
            values = np.arange(12, dtype=np.uint8).reshape(4, 3) * 20
        case(f"Cast-{np.dtype(source).name}-{np.dtype(target).name}", values, to=helper.np_dtype_to_tensor_dtype(np.dtype(target)))
    case("Not-bool", np.array([True, False, True]))
    for operator in ["Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "Abs"]:
        quantised(f"{operator}-table", random(operator, (1, 3, 4, 5)), output=(0.01, 100))
    quantised("Sigmoid-signed", random("Sigmoid", (1, 3, 4, 5)), types=np.int8, output=(1 / 256, -128))


def binary():
    shapes = {"same": ((2, 3, 4, 5), (2, 3, 4, 5)), "channel": ((2, 3, 4, 5), (3, 1, 1)), "row": ((2, 3, 4), (4,)), "both": ((2, 1, 4), (3, 1)), "scalar": ((2, 3), ())}
    for operator in ["Add", "Sub", "Mul", "Div", "Min", "Max"]:
        for label, (a, b) in shapes.items():
            case(f"{operator}-{label}", random(f"{operator}a", a), random(f"{operator}b", b, 0.5, 3))
    case("Add-constant", random("Add", (1, 3, 4, 5)), Const(random("Addc", (1, 3, 1, 1)), F))
    case("Sub-constant-left", Const(1.0, F), random("Sub", (2, 3)))
    case("Max-three", random("a", (2, 3)), random("b", (3,)), random("c", (2, 1)))
    case("Sum-three", random("a", (2, 3)), random("b", (3,)), random("c", (2, 1)))
    for operator in ["Add", "Sub", "Mul", "Div"]:
        case(f"{operator}-integers", np.array([7, -7, 9, -9], I), np.array([2, 2, -4, -4], I))
    case("Pow-square", random("Pow", (2, 3)), Const(2.0, F))
    case("Pow-tensor", random("Pow", (2, 3), 0.1, 2), random("Pow2", (3,)))
    case("Pow-integers", np.array([2, 3, 4], I), Const([3, 2, 0]))
    for operator in ["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]:
        case(f"{operator}-float", np.array([1, 2, 3], F), np.array([[2], [3]], F))
        case(f"{operator}-integers", np.array([1, 2, 3], I), np.array([[2], [3]], I))
    for operator in ["And", "Or"]:
        case(f"{operator}-bool", np.array([True, True, False, False]), np.array([True, False, True, False]))
    case("Where-broadcast", np.array([[True], [False]]), random("Where", (2, 3)), random("Where2", (3,)))
    case("Where-integers", np.array([True, False]), np.array([1, 2], I), np.array([3, 4], I))
    for operator in ["Add", "Sub", "Mul", "Max"]:
        quantised(f"{operator}-same", random(f"{operator}a", (1, 3, 4, 5)), random(f"{operator}b", (1, 3, 4, 5)), scales={0: (0.025, 120), 1: (0.02, 100)})
    quantised("Mul-channel", random("Mula", (1, 3, 4, 5)), random("Mulb", (1, 3, 1, 1)))
    quantised("Add-scalar", random("Adda", (1, 3, 4, 5)), Const(1.5, F))
    quantised("Add-signed", random("Adda", (1, 3, 4, 5)), random("Addb", (1, 3, 4, 5)), types=np.int8, output=(0.05, 3))


def movement():
    x = lambda name: random(name, (2, 3, 4, 5))
    case("Concat-channels", random("a", (1, 2, 3, 4)), random("b", (1, 5, 3, 4)), random("c", (1, 1, 3, 4)), axis=1)
    case("Concat-last", random("a", (2, 3)), random("b", (2, 2)), axis=-1)
    case("Concat-constant", random("a", (1, 2, 2, 2)), Const(random("k", (1, 3, 2, 2)), F), axis=1)
    case("Concat-integers", np.array([1, 2], I), np.array([3], I), axis=0)
    case("Split-equal", random("Split", (2, 6, 3)), outputs=3, axis=1)
    case("Split-attribute", random("Split", (2, 6, 3)), opset=11, outputs=2, axis=1, split=[2, 4])
    case("Split-input", random("Split", (2, 6, 3)), Const([1, 2, 3]), outputs=3, axis=1)
    case("Split-uneven", random("Split", (2, 7)), opset=18, outputs=3, axis=1, num_outputs=3)
    case("Slice-attributes", x("Slice"), opset=9, starts=[1, 0], ends=[3, -1], axes=[2, 3])
    case("Slice-inputs", x("Slice"), Const([0, 1]), Const([9999, 4]), Const([1, -1]), Const([2, 2]))
    case("Slice-backward", x("Slice"), Const([-1]), Const([-9999]), Const([3]), Const([-2]))
    case("Slice-focus", random("Slice", (1, 3, 6, 6)), Const([1, 0]), Const([2147483647, 9223372036854775807]), Const([2, 3]), Const([2, 2]))
    case("Slice-all-axes", random("Slice", (3, 4)), Const([1, 1]), Const([3, 3]))
    case("Slice-empty", random("Slice", (3, 4)), Const([2]), Const([1]), Const([0]))
    case("Gather-scalar", x("Gather"), Const(1), axis=1)
    case("Gather-negative", x("Gather"), Const([-1, 0]), axis=2)
    case("Gather-list", random("Gather", (2, 6, 3)), Const([0, 2, 4, 1, 1]), axis=1)
    case("Gather-matrix", random("Gather", (4, 3)), Const([[0, 3], [2, 1]]), axis=0)
    case("Gather-integers", np.array([4, 5, 6], I), Const(2), axis=0)
    case("Transpose-default", random("Transpose", (2, 3, 4)))
    case("Transpose-nhwc", x("Transpose"), perm=[0, 2, 3, 1])
    case("Transpose-five", random("Transpose", (1, 2, 3, 2, 4)), perm=[0, 2, 1, 3, 4])
    case("Reshape-infer", x("Reshape"), Const([0, -1, 10]))
    case("Reshape-flat", x("Reshape"), Const([-1]))
    case("Reshape-allowzero", np.zeros((0, 3), F), Const([3, 0]), opset=14, allowzero=1)
    case("Flatten-default", x("Flatten"))
    case("Flatten-axis", x("Flatten"), axis=-1)
    case("Flatten-zero", x("Flatten"), axis=0)
    case("Squeeze-attribute", random("Squeeze", (1, 3, 1, 2)), opset=11, axes=[0])
    case("Squeeze-input", random("Squeeze", (1, 3, 1, 2)), Const([-2]))
    case("Squeeze-all", random("Squeeze", (1, 3, 1, 2)))
    case("Unsqueeze-attribute", random("Unsqueeze", (3, 2)), opset=11, axes=[0, 3])
    case("Unsqueeze-input", random("Unsqueeze", (3, 2)), Const([-1, 1]))
    case("Expand-channels", random("Expand", (3, 1, 1)), Const([2, 3, 4, 5]))
    case("Expand-smaller", random("Expand", (3, 4)), Const([1]))
    case("Tile-twice", random("Tile", (2, 3)), Const([2, 3]))
    case("Tile-image", random("Tile", (1, 2, 2, 2)), Const([1, 1, 2, 3]))
    case("DepthToSpace-dcr", random("DepthToSpace", (1, 8, 2, 3)), blocksize=2)
    case("DepthToSpace-crd", random("DepthToSpace", (1, 8, 2, 3)), blocksize=2, mode="CRD")
    case("SpaceToDepth-two", random("SpaceToDepth", (1, 2, 4, 6)), blocksize=2)
    case("Pad-attributes", x("Pad"), opset=10, pads=[0, 0, 1, 2, 0, 0, 3, 0], value=1.5)
    case("Pad-constant", x("Pad"), Const([0, 0, 1, 2, 0, 0, 3, 0]), Const(-2.0, F))
    case("Pad-default", random("Pad", (2, 3)), Const([1, 0, 0, 2]))
    case("Pad-negative", random("Pad", (4, 5)), Const([-1, 2, 0, -1]))
    case("Pad-reflect", x("Pad"), Const([0, 0, 2, 3, 0, 0, 1, 2]), mode="reflect")
    case("Pad-edge", x("Pad"), Const([0, 1, 2, 0, 0, 0, 1, 2]), mode="edge")
    case("Pad-axes", x("Pad"), Const([1, 2, 0, 1]), Const(0.5, F), Const([3, 1]), opset=18)
    case("Pad-wrap", random("Pad", (2, 5)), Const([0, 2, 0, 3]), opset=19, mode="wrap")
    quantised("Concat-pair", random("a", (1, 2, 3, 4)), random("b", (1, 3, 3, 4)), scales={0: (0.025, 120), 1: (0.02, 100)}, output=(0.025, 120), axis=1)
    quantised("Transpose-move", x("Transpose"), keeps=True, perm=[0, 2, 3, 1])
    quantised("Reshape-move", x("Reshape"), Const([2, -1]), keeps=True)
    quantised("Pad-fill", x("Pad"), Const([0, 0, 1, 1, 0, 0, 1, 1]), Const(0.5, F), keeps=True)
    quantised("Slice-step", x("Slice"), Const([1]), Const([4]), Const([3]), Const([2]), keeps=True)


def shapes():
    case("Shape-all", random("Shape", (2, 3, 4)))
    case("Shape-range", random("Shape", (2, 3, 4)), opset=15, start=1, end=-1)
    case("Size-all", random("Size", (2, 3, 4)))
    case("ConstantOfShape-default", Const([2, 3]))
    case("ConstantOfShape-integer", Const([2]), value=helper.make_tensor("v", TensorProto.INT64, [1], [7]))
    case("Range-integers", Const(3), Const(11), Const(3))
    case("Range-down", Const(3.0, F), Const(0.5, F), Const(-1.0, F))
    case("Constant-tensor", value=numpy_helper.from_array(random("Constant", (2, 2))))
    case("Constant-floats", value_floats=[1.0, 2.5])
    case("Constant-integer", value_int=5)


def windows():
    image = lambda name: random(name, (2, 3, 7, 8))
    case("MaxPool-plain", image("MaxPool"), kernel_shape=[2, 2], strides=[2, 2], opset=12)
    case("MaxPool-padded", image("MaxPool"), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], opset=12)
    case("MaxPool-ceiling", image("MaxPool"), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, opset=12)
    case("MaxPool-dilated", image("MaxPool"), kernel_shape=[2, 3], dilations=[2, 1], opset=12)
    case("MaxPool-same", image("MaxPool"), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER", opset=12)
    case("MaxPool-line", random("MaxPool", (1, 3, 9)), kernel_shape=[3], strides=[2], opset=12)
    case("AveragePool-plain", image("AveragePool"), kernel_shape=[2, 2], strides=[2, 2], opset=11)
    case("AveragePool-excluded", image("AveragePool"), kernel_shape=[3, 3], pads=[1, 1, 1, 1], opset=11)
    case("AveragePool-counted", image("AveragePool"), kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1, opset=11)
    case("AveragePool-same", image("AveragePool"), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_LOWER", opset=11)
    case("AveragePool-line", random("AveragePool", (1, 3, 9)), kernel_shape=[3], strides=[2], opset=11)
    case("GlobalAveragePool-image", image("GlobalAveragePool"))
    case("GlobalMaxPool-image", image("GlobalMaxPool"))
    case("GlobalAveragePool-line", random("GlobalAveragePool", (1, 3, 9)))
    w = lambda *shape: Const(random("weights", shape, -1, 1), F)
    case("Conv-plain", image("Conv"), w(4, 3, 3, 3), w(4))
    case("Conv-depthwise", image("Conv"), w(3, 1, 3, 3), w(3), group=3, pads=[1, 1, 1, 1], strides=[2, 2])
    case("Conv-groups", random("Conv", (1, 4, 5, 5)), w(6, 2, 3, 3), group=2, dilations=[2, 1])
    case("Conv-same", image("Conv"), w(4, 3, 3, 3), auto_pad="SAME_LOWER", strides=[2, 2])
    case("Conv-line", random("Conv", (1, 3, 9)), w(4, 3, 3), w(4), pads=[1, 1])
    case("BatchNormalization-image", image("Batch"), Const([1, 2, 0.5], F), Const([0, 1, -1], F), Const([0.1, 0.2, 0.3], F), Const([1, 0.5, 2], F), epsilon=1e-3)
    case("BatchNormalization-rows", random("Batch", (4, 3)), Const([1, 2, 0.5], F), Const([0, 1, -1], F), Const([0.1, 0.2, 0.3], F), Const([1, 0.5, 2], F))
    quantised("MaxPool-image", random("MaxPool", (1, 3, 6, 6)), kernel_shape=[3, 3], pads=[1, 1, 1, 1], keeps=True)
    quantised("AveragePool-image", random("AveragePool", (1, 3, 6, 6)), kernel_shape=[2, 2], strides=[2, 2])
    quantised("GlobalAveragePool-image", random("GlobalAveragePool", (1, 3, 6, 6)), output=(0.01, 128))


def windows_of_any_shape():
    w = lambda *shape: Const(random("weights", shape, -1, 1), F)
    volume = lambda name, *shape: random(name, shape or (2, 3, 5, 6, 7))
    case("Conv-volume", volume("Conv"), w(4, 3, 2, 3, 3), w(4), pads=[1, 0, 1, 0, 1, 1], strides=[2, 1, 2])
    case("Conv-volume-groups", volume("Conv", 1, 4, 5, 4, 4), w(6, 2, 3, 2, 2), group=2, dilations=[2, 1, 1])
    case("Conv-computed-weights", random("Conv", (2, 2, 5, 5)), random("w", (3, 2, 3, 3)))
    case("Conv-computed-groups", random("Conv", (1, 4, 5, 6)), random("w", (6, 2, 3, 2)), random("b", (6,)), group=2, pads=[1, 0, 2, 1], strides=[2, 1], dilations=[1, 2])
    case("Conv-computed-line", random("Conv", (1, 3, 9)), random("w", (4, 3, 3)), Const(random("b", (4,)), F), pads=[2, 0])
    case("Conv-computed-bias", random("Conv", (1, 3, 5, 5)), w(4, 3, 1, 1), random("b", (4,)))
    image = lambda name: random(name, (2, 3, 4, 5))
    case("ConvTranspose-plain", image("CT"), w(3, 2, 3, 3), w(2))
    case("ConvTranspose-double", image("CT"), w(3, 4, 2, 2), w(4), strides=[2, 2])
    case("ConvTranspose-four", image("CT"), w(3, 2, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1])
    case("ConvTranspose-uneven", image("CT"), w(3, 2, 3, 3), strides=[3, 2], pads=[1, 0, 2, 1], output_padding=[2, 1])
    case("ConvTranspose-dilated", image("CT"), w(3, 2, 3, 2), strides=[2, 1], dilations=[2, 3])
    case("ConvTranspose-groups", random("CT", (1, 4, 4, 3)), w(4, 3, 3, 3), w(6), group=2, strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])
    case("ConvTranspose-depthwise", random("CT", (1, 3, 4, 4)), w(3, 1, 4, 4), group=3, strides=[2, 2], pads=[1, 1, 1, 1])
    case("ConvTranspose-same-upper", image("CT"), w(3, 2, 3, 3), strides=[2, 2], auto_pad="SAME_UPPER")
    case("ConvTranspose-same-lower", image("CT"), w(3, 2, 3, 3), strides=[2, 2], auto_pad="SAME_LOWER")
    case("ConvTranspose-shape", image("CT"), w(3, 2, 3, 3), strides=[3, 2], output_shape=[10, 8])
    case("ConvTranspose-line", random("CT", (2, 3, 6)), w(3, 4, 5), w(4), strides=[2], pads=[2, 1])
    case("ConvTranspose-deep-padding", image("CT"), w(3, 2, 2, 2), pads=[1, 1, 1, 1])
    case("ConvTranspose-volume-evaluated", random("CT", (1, 2, 2, 3, 3)), w(2, 2, 2, 2, 2), strides=[2, 2, 2])
    case("ConvTranspose-computed-weights-evaluated", image("CT"), random("w", (3, 2, 3, 3)))
    quantised("ConvTranspose-double", random("CT", (1, 3, 4, 5)), Const(random("wq", (3, 4, 2, 2), -0.5, 0.5), F), strides=[2, 2])
    quantised("ConvTranspose-three", random("CT", (1, 3, 4, 5)), Const(random("wq", (3, 4, 3, 3), -0.5, 0.5), F), strides=[2, 2], pads=[1, 1, 1, 1])
    offset = random("offset", (1, 18, 4, 5), -1.5, 1.5)
    case("DeformConv-plain-evaluated", random("DC", (1, 4, 5, 6)), w(2, 4, 2, 2), random("o", (1, 8, 4, 5)), opset=19, kernel_shape=[2, 2])
    case("DeformConv-mask-evaluated", random("DC", (1, 4, 4, 5)), w(4, 2, 3, 3), offset, w(4), random("m", (1, 9, 4, 5), 0, 1), opset=19, kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=2)
    case("DeformConv-groups-evaluated", random("DC", (1, 4, 4, 5)), w(2, 4, 3, 3), random("o", (1, 36, 2, 3)), opset=19, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2], offset_group=2)
    case("MaxPool-volume", volume("MaxPool"), kernel_shape=[2, 3, 2], strides=[2, 1, 3], pads=[1, 1, 0, 0, 1, 1], opset=12)
    case("MaxPool-volume-ceiling", volume("MaxPool"), kernel_shape=[3, 3, 3], strides=[2, 2, 2], ceil_mode=1, opset=12)
    case("MaxPool-bytes", np.arange(50, dtype=np.uint8).reshape(1, 2, 5, 5) * 5, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], opset=12)
    case("MaxPool-signed-bytes", (np.arange(50) * 5 - 128).astype(np.int8).reshape(1, 2, 5, 5), kernel_shape=[2, 2], opset=12)
    case("MaxPool-double", random("MaxPool", (1, 2, 5, 5)).astype(np.float64), kernel_shape=[2, 2], opset=12)
    case("MaxPool-same-lower", random("MaxPool", (1, 2, 5, 6)), kernel_shape=[2, 3], strides=[2, 2], auto_pad="SAME_LOWER", opset=12)
    case("MaxPool-positions-evaluated", random("MaxPool", (2, 2, 5, 6)), kernel_shape=[2, 3], strides=[2, 2], pads=[1, 0, 0, 1], opset=12, outputs=2)
    case("MaxPool-columns-evaluated", random("MaxPool", (1, 2, 5, 6)), kernel_shape=[2, 2], strides=[2, 2], opset=12, outputs=2, storage_order=1)
    quantised("MaxPool-volume", random("MaxPool", (1, 2, 4, 4, 4)), kernel_shape=[2, 2, 2], keeps=True)
    case("MaxUnpool-plain-evaluated", np.array([[[[1, 2], [3, 4]]]], F), Const([[[[5, 7], [13, 15]]]]), opset=11, kernel_shape=[2, 2], strides=[2, 2])
    case("AveragePool-ceiling", random("AveragePool", (1, 2, 6, 6)), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, opset=19)
    case("AveragePool-ceiling-padded", random("AveragePool", (1, 2, 6, 7)), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1, opset=19)
    case("AveragePool-dilated", random("AveragePool", (1, 2, 7, 7)), kernel_shape=[2, 3], dilations=[2, 2], pads=[1, 1, 1, 1], opset=19)
    case("AveragePool-volume", volume("AveragePool"), kernel_shape=[2, 3, 2], strides=[2, 1, 3], pads=[1, 1, 0, 0, 1, 1], opset=19)
    case("AveragePool-volume-counted", volume("AveragePool"), kernel_shape=[3, 3, 3], pads=[1, 1, 1, 1, 1, 1], count_include_pad=1, opset=19)
    case("LpPool-plain", random("LpPool", (1, 3, 6, 6)), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], opset=18)
    case("LpPool-three", random("LpPool", (1, 2, 7)), kernel_shape=[3], p=3, opset=11)
    case("LpPool-one", random("LpPool", (1, 2, 5, 5)), kernel_shape=[2, 2], p=1, auto_pad="SAME_UPPER", opset=11)
    case("LpPool-volume", volume("LpPool", 1, 2, 4, 4, 4), kernel_shape=[2, 2, 2], opset=18)
    case("LpPool-ceiling", random("LpPool", (1, 2, 6, 6)), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, opset=18)
    case("GlobalLpPool-default", random("GlobalLpPool", (2, 3, 4, 5)))
    case("GlobalLpPool-three", random("GlobalLpPool", (2, 3, 4)), p=3)
    case("GlobalLpPool-one", random("GlobalLpPool", (2, 3, 2, 2, 2)), p=1)
    case("GlobalMaxPool-volume", volume("GlobalMaxPool"))
    case("GlobalAveragePool-volume", volume("GlobalAveragePool"))
    case("Col2Im-plain-evaluated", random("Col2Im", (1, 5, 5)), Const([5, 5]), Const([1, 5]), opset=18)
    case("Col2Im-all-evaluated", random("Col2Im", (2, 12, 6)), Const([5, 6]), Const([2, 3]), opset=18, dilations=[1, 2], pads=[0, 1, 1, 0], strides=[2, 2])
    case("Col2Im-volume-evaluated", random("Col2Im", (1, 10, 12)), Const([3, 4, 5]), Const([1, 1, 5]), opset=18)


def indexing():
    x = random("data", (3, 4, 2))
    case("GatherElements-first", x, Const([[[0, 1], [2, -1], [1, 1], [0, 0]]]), axis=0)
    case("GatherElements-middle", x, Const([[[3, 1], [2, -4]], [[0, 0], [1, 2]], [[3, 3], [1, 0]]]), axis=1)
    case("GatherElements-last", random("data", (2, 3)), Const([[0, 2, 1, 1], [-1, -2, 0, 0]], np.int32), axis=-1)
    case("GatherElements-integers", np.arange(6, dtype=I).reshape(2, 3), Const([[1, 0, 1]]), axis=0)
    case("GatherElements-computed", x, np.array([[[3, 1], [2, -4]], [[0, 0], [1, 2]], [[3, 3], [1, 0]]], I), axis=1)
    case("GatherND-blocks", x, Const([[0], [2], [-1], [0]]))
    case("GatherND-elements", x, Const([[0, 1, 1], [2, -1, 0]]))
    case("GatherND-matrix", x, Const([[[0, 1], [2, -1]], [[1, 1], [1, 2]]]))
    case("GatherND-batch", x, Const([[1], [0], [-1]]), batch_dims=1)
    case("GatherND-batch-two", x, Const(np.array([0, 1, -1, 0, 1, 1, 0, -2, 0, 1, 1, 0]).reshape(3, 4, 1)), batch_dims=2)
    case("GatherND-integers", np.arange(6, dtype=np.int32).reshape(2, 3), Const([[1, 2], [0, 0]]))
    case("GatherND-computed", x, np.array([[0, 1], [2, -1]], I))
    case("Gather-computed", x, np.array([[2, 0], [-1, 1]], I), axis=1)
    updates = random("updates", (1, 2, 2))
    case("Scatter-old", x, Const([[[1, 0], [2, 2]]]), updates, opset=10, axis=0)
    case("ScatterElements-replace", x, Const([[[1, 0], [-1, 2]]]), updates, opset=18, axis=0)
    case("ScatterElements-last", random("data", (2, 5)), Const([[1, -2], [0, 4]]), random("u", (2, 2)), opset=13, axis=1)
    for reduction in ["add", "mul", "min", "max"]:
        case(f"ScatterElements-{reduction}", random("data", (2, 5)), Const([[1, 1, 3], [0, 4, 0]]), random("u", (2, 3)), opset=18, axis=1, reduction=reduction)
        case(f"ScatterND-{reduction}", x, Const([[0], [2], [0]]), random("u", (3, 4, 2)), opset=18, reduction=reduction)
    case("ScatterElements-integers", np.arange(10, dtype=I).reshape(2, 5), Const([[1, 1], [0, 0]]), Const([[5, 6], [7, 8]]), opset=18, axis=1, reduction="add")
    case("ScatterElements-computed", random("data", (2, 5)), np.array([[1, -2], [0, 4]], I), random("u", (2, 2)), opset=13, axis=1)
    case("ScatterND-blocks", x, Const([[0], [2]]), random("u", (2, 4, 2)), opset=13)
    case("ScatterND-elements", x, Const([[[0, 1, 1]], [[2, -1, 0]]]), random("u", (2, 1)), opset=13)
    case("ScatterND-bytes", np.arange(8, dtype=np.uint8), Const([[4], [3], [1], [7]]), Const([9, 10, 11, 12], np.uint8), opset=13)
    case("ScatterND-computed", x, np.array([[0, 3], [2, -1]], I), random("u", (2, 2)), opset=13)
    case("OneHot-last", np.array([0, 2, -1, 5, -9], I), Const(4), Const([-1, 3], F), opset=11)
    case("OneHot-first", np.array([[0, 2], [1, 1]], I), Const([3]), Const([0, 1]), opset=11, axis=0)
    case("OneHot-middle", np.array([[0, 2], [1, 1]], F), Const(3.0, F), Const([0, 1], F), opset=11, axis=1)
    case("NonZero-matrix-evaluated", np.array([[0, 1.5, -0.0], [2, 0, np.nan]], F))
    case("NonZero-bool-evaluated", np.array([[True, False], [True, True]]))
    case("NonZero-none-evaluated", np.zeros((2, 2), I))
    case("Compress-axis", random("Compress", (3, 4)), Const([True, False, True], np.bool_), opset=11, axis=0)
    case("Compress-short", random("Compress", (3, 4)), Const([False, True], np.bool_), opset=11, axis=-1)
    case("Compress-flat-evaluated", random("Compress", (3, 2)), Const([False, True, False, False, True], np.bool_), opset=11)
    case("Compress-computed-evaluated", random("Compress", (3, 2)), np.array([True, False, True]), opset=11, axis=0)
    case("Unique-sorted-evaluated", np.array([2, 1, 1, 3, 4, 3], F), opset=11, outputs=4)
    case("Unique-order-evaluated", np.array([2, 1, 1, 3, 4, 3], F), opset=11, outputs=4, sorted=0)
    case("Unique-rows-evaluated", np.array([[1, 0, 0], [1, 0, 0], [2, 3, 4]], F), opset=11, outputs=4, axis=0)
    case("Unique-columns-evaluated", np.array([[[1, 1], [0, 1], [2, 1], [0, 1]], [[1, 1], [0, 1], [2, 1], [0, 1]]], F), opset=11, outputs=4, axis=1)
    case("Unique-integers-evaluated", np.array([[2, 1], [1, -3]], I), opset=11)
    case("ReverseSequence-time", random("Reverse", (4, 4)), Const([4, 3, 2, 1]))
    case("ReverseSequence-batch", random("Reverse", (3, 4, 2)), Const([1, 3, 4]), batch_axis=0, time_axis=1)
    case("ReverseSequence-computed", random("Reverse", (4, 3, 2)), np.array([1, 4, 3], I))
    case("OneHot-narrow", np.array([[0, 200, -1]], np.int32), Const(201, np.int32), Const([2.0, 5.0], F), opset=11)
    case("OneHot-computed-values", np.array([1, -3], I), Const(3), random("v", (2,)), opset=11)
    case("GatherElements-part", random("data", (3, 4, 3)), np.array([[[2, -1]], [[0, 1]]], I), axis=0)
    case("ScatterElements-part", random("data", (3, 4, 3)), np.array([[[2, -1]], [[0, 1]]], I), random("u", (2, 1, 2)), opset=18, axis=0)
    case("TensorScatter-computed", random("cache", (2, 3, 5, 2)), random("u", (2, 3, 2, 2)), np.array([4, 1], I), opset=24, mode="circular")
    quantised("GatherElements-move", x, Const([[[3, 1], [2, -4]], [[0, 0], [1, 2]], [[3, 3], [1, 0]]]), axis=1, keeps=True)
    quantised("GatherND-move", x, Const([[0, 1], [2, -1]]), keeps=True)
    for upper in [0, 1]:
        name = "upper" if upper else "lower"
        case(f"Trilu-{name}", random("Trilu", (2, 4, 5)), opset=14, upper=upper)
        case(f"Trilu-{name}-diagonal", random("Trilu", (4, 5)), Const(2 if upper else -2), opset=14, upper=upper)
        case(f"Trilu-{name}-far", random("Trilu", (4, 5)), Const(-9 if upper else -9), opset=14, upper=upper)
    case("Trilu-integers", np.arange(20, dtype=I).reshape(4, 5), Const(-1), opset=14)
    case("EyeLike-plain", np.zeros((3, 4), F), opset=9)
    case("EyeLike-diagonal", np.zeros((4, 3), np.int32), opset=9, k=-1, dtype=TensorProto.FLOAT)
    case("CenterCropPad-both", random("Center", (5, 4, 3)), Const([2, 7, 3]), opset=18)
    case("CenterCropPad-axes", random("Center", (5, 4, 3)), Const([4, 6]), opset=18, axes=[2, -2])
    boxes = Const(np.array([[[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11], [0, 10.1, 1, 11.1], [0, 100, 1, 101]]]), F)
    scores = np.array([[[0.9, 0.75, 0.6, 0.95, 0.5, 0.3], [0.1, 0.75, 0.6, 0.95, 0.5, 0.9]]], F)
    case("NonMaxSuppression-limit-evaluated", boxes, scores, Const([2]), Const([0.5], F), Const([0.0], F), opset=11)
    case("NonMaxSuppression-threshold-evaluated", boxes, scores, Const([9]), Const([0.3], F), Const([0.4], F), opset=11)
    case("NonMaxSuppression-centres-evaluated", boxes, scores, Const([9]), Const([0.5], F), opset=11, center_point_box=1)
    case("NonMaxSuppression-default-evaluated", boxes, scores, opset=11)
    cache = random("cache", (2, 3, 5, 2))
    case("TensorScatter-linear", cache, random("u", (2, 3, 2, 2)), Const([1, 3]), opset=24)
    case("TensorScatter-circular", cache, random("u", (2, 3, 2, 2)), Const([4, 0]), opset=24, mode="circular")
    case("TensorScatter-default", cache, random("u", (2, 3, 2, 2)), opset=24)


def movement_of_any_type():
    for dtype in [np.bool_, np.int8, np.uint16, np.float64, np.float16, np.uint64]:
        name = np.dtype(dtype).name
        values = (np.arange(12).reshape(3, 4) % 5).astype(dtype)
        case(f"Transpose-{name}", values)
        case(f"Slice-{name}", values, Const([2, -1]), Const([-9, 0]), Const([0, 1]), Const([-1, -2]))
        case(f"Concat-{name}", values, values, axis=0)
        if dtype != np.uint16 and dtype != np.float16:
            case(f"Pad-{name}", values, Const([1, 0, 0, 2]), Const(3, dtype))
    case("Pad-fill-large", np.arange(4, dtype=I).reshape(2, 2), Const([1, 0, 0, 1]), Const(2**60 + 1, I))
    case("Pad-reflect-far", random("Pad", (1, 3)), Const([0, 2, 0, 2]), mode="reflect")
    case("Pad-wrap-negative", random("Pad", (2, 5)), Const([0, -1, 0, 3]), opset=19, mode="wrap")
    case("Pad-edge-axes", random("Pad", (2, 3, 4)), Const([2, 1]), None, Const([-1]), opset=18, mode="edge")
    case("Split-uneven-four", random("Split", (7, 2)), opset=18, outputs=4, axis=0, num_outputs=4)
    case("Split-zero", random("Split", (3, 2)), Const([0, 3]), outputs=2, axis=0)
    case("Slice-clamped", random("Slice", (3, 4)), Const([-100, 100]), Const([100, -100]), Const([0, 1]), Const([1, -1]))
    case("Slice-int32", random("Slice", (3, 4)), Const([1], np.int32), Const([3], np.int32), Const([-1], np.int32))
    case("Reshape-keep", random("Reshape", (2, 3, 4)), Const([0, 0, 2, -1]))
    case("Squeeze-negative", random("Squeeze", (1, 3, 1, 2)), opset=11, axes=[-2, 0])
    case("Expand-scalar", random("Expand", ()), Const([2, 3]))
    case("Expand-integers", np.arange(3, dtype=I).reshape(3, 1), Const([2, 1, 4]))
    case("Tile-one", random("Tile", (3,)), Const([4]))
    case("Transpose-scalar", random("Transpose", ()))
    case("Gather-empty", random("Gather", (3, 2)), Const(np.zeros((0,), I)))
    case("Concat-empty", random("a", (2, 3)), Const(np.zeros((0, 3)), F), axis=0)


def resampling():
    image = random("Resize", (1, 2, 4, 5))
    nothing = Const([], F)
    for mode in ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]:
        case(f"Resize-linear-{mode}".replace("_", "-"), image, nothing, Const([1, 1, 2, 1.6], F), mode="linear", coordinate_transformation_mode=mode)
        case(f"Resize-nearest-{mode}".replace("_", "-"), image, nothing, Const([1, 1, 2, 2], F), mode="nearest", coordinate_transformation_mode=mode)
    for rounding in ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]:
        case(f"Resize-{rounding}".replace("_", "-"), image, nothing, Const([1, 1, 1.5, 0.6], F), mode="nearest", nearest_mode=rounding)
    case("Resize-sizes", image, nothing, nothing, Const([1, 2, 3, 9]), mode="linear")
    case("Resize-axes", image, None, Const([2, 3], F), opset=18, mode="nearest", axes=[2, 3])
    case("Resize-ten", image, Const([1, 1, 2, 3], F), opset=10, mode="nearest")
    case("Resize-ten-linear", image, Const([1, 1, 2, 2], F), opset=10, mode="linear")
    case("Resize-line", random("Resize", (1, 2, 5)), nothing, Const([1, 1, 2], F), mode="linear")
    case("Resize-symmetric", image, None, Const([1, 1, 1.3, 0.7], F), opset=19, mode="linear", coordinate_transformation_mode="half_pixel_symmetric")
    case("Upsample-attribute", image, opset=7, mode="nearest", scales=[1.0, 1.0, 2.0, 3.0])
    case("Upsample-input", image, Const([1, 1, 2, 2], F), opset=9, mode="nearest")
    case("Upsample-linear", image, Const([1, 1, 2, 2], F), opset=9, mode="linear")
    quantised("Resize-double", image, nothing, Const([1, 1, 2, 2], F), mode="nearest", keeps=True)


def sampling():
    image = random("Resize", (1, 2, 4, 5))
    nothing = Const([], F)
    sized = lambda name, x, sizes, **more: case(name, x, None, None, Const(sizes), opset=19, **more)
    for mode in ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]:
        case(f"Resize-cubic-{mode}".replace("_", "-"), image, nothing, Const([1, 1, 2, 1.6], F), mode="cubic", coordinate_transformation_mode=mode)
    case("Resize-cubic-down", image, nothing, Const([1, 1, 0.5, 0.6], F), mode="cubic")
    case("Resize-cubic-inside", image, nothing, Const([1, 1, 2, 0.6], F), mode="cubic", exclude_outside=1, cubic_coeff_a=-0.5)
    case("Resize-volume", random("Resize", (1, 2, 3, 4, 5)), nothing, Const([1, 1, 2, 1.5, 0.6], F), mode="linear")
    case("Resize-volume-nearest", random("Resize", (1, 2, 3, 4, 5)), nothing, Const([1, 1, 2, 1.5, 0.6], F), mode="nearest")
    case("Resize-matrix", random("Resize", (4, 5)), nothing, Const([1.5, 2], F), mode="linear")
    case("Resize-channels", random("Resize", (2, 3, 4)), nothing, Const([1, 2, 2], F), mode="nearest")
    sized("Resize-not-larger", image, [7, 8], mode="linear", axes=[2, 3], keep_aspect_ratio_policy="not_larger")
    sized("Resize-not-smaller", image, [7, 8], mode="linear", axes=[2, 3], keep_aspect_ratio_policy="not_smaller")
    sized("Resize-axes-reversed", image, [8, 3], mode="linear", axes=[3, 2])
    sized("Resize-smooth-linear", image, [2, 3], mode="linear", axes=[2, 3], antialias=1, exclude_outside=1)
    sized("Resize-smooth-cubic", image, [2, 3], mode="cubic", axes=[2, 3], antialias=1, exclude_outside=1)
    sized("Resize-integers", (np.arange(20, dtype=np.int32) * 7).reshape(1, 1, 4, 5), [6, 3], mode="nearest", axes=[2, 3])
    roi = Const([0, 0, 0.4, 0.6, 1, 1, 0.6, 0.8], F)
    crop = dict(coordinate_transformation_mode="tf_crop_and_resize")
    case("Resize-crop", image, roi, nothing, Const([1, 2, 3, 3]), mode="linear", **crop)
    outside = Const([0, 0, 0.4, -0.5, 1, 1, 1.4, 0.8], F)
    case("Resize-crop-outside", image, outside, nothing, Const([1, 2, 5, 4]), mode="linear", extrapolation_value=10.0, **crop)
    quantised("Resize-linear", image, nothing, Const([1, 1, 2, 2], F), mode="linear", keeps=True)
    quantised("Resize-volume", random("Resize", (1, 2, 3, 4, 5)), nothing, Const([1, 1, 2, 2, 2], F), mode="nearest", keeps=True)
    x = random("Grid", (2, 2, 4, 5))
    grid = random("places", (2, 3, 4, 2), -1.3, 1.3)
    for mode in ["linear", "nearest", "cubic"]:
        for padding in ["zeros", "border", "reflection"]:
            for corners in [0, 1]:
                label = "-corners" if corners else ""
                suffix = "-evaluated" if mode == "cubic" else ""
                case(f"GridSample-{mode}-{padding}{label}{suffix}", x, grid, opset=20, mode=mode, padding_mode=padding, align_corners=corners)
    case("GridSample-old", x, grid, opset=16, mode="bilinear")
    case("GridSample-old-cubic-evaluated", x, grid, opset=16, mode="bicubic")
    case("GridSample-volume-evaluated", random("Grid", (1, 2, 3, 4, 2)), random("places", (1, 2, 3, 2, 3), -1.3, 1.3), opset=20)
    for corners in [0, 1]:
        label = "-corners" if corners else ""
        case(f"AffineGrid-image{label}", random("theta", (2, 2, 3)), Const([2, 3, 4, 5]), opset=20, align_corners=corners)
        case(f"AffineGrid-volume{label}", random("theta", (1, 3, 4)), Const([1, 3, 2, 4, 5]), opset=20, align_corners=corners)
    feature = random("Roi", (2, 3, 8, 9))
    regions = Const([[1, 1, 5, 6], [-1, 0, 8, 20], [3.3, 2.2, 3.4, 2.5]], F)
    images = Const([0, 1, 1])
    case("RoiAlign-half-pixel-evaluated", feature, regions, images, opset=16, output_height=3, output_width=2, sampling_ratio=2, spatial_scale=0.9)
    case("RoiAlign-adaptive-evaluated", feature, regions, images, opset=16, output_height=2, output_width=2, coordinate_transformation_mode="output_half_pixel")
    case("RoiAlign-old-evaluated", feature, regions, images, opset=10, output_height=3, output_width=3, sampling_ratio=1, spatial_scale=0.5)
    case("MaxRoiPool-plain-evaluated", feature, Const([[0, 1, 1, 5, 6], [1, -2, 0, 8, 20], [1, 3.3, 2.2, 3.4, 2.5]], F), opset=7, pooled_shape=[3, 2], spatial_scale=0.8)


def reductions():
    x = lambda name: random(name, (2, 3, 4, 5))
    for operator in ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceSumSquare"]:
        case(f"{operator}-spatial", x(operator), axes=[2, 3], keepdims=1)
        case(f"{operator}-channel", x(operator), axes=[1], keepdims=0)
        case(f"{operator}-apart", x(operator), axes=[1, 3], keepdims=0)
        case(f"{operator}-all", x(operator))
    case("ReduceMean-input", x("ReduceMean"), Const([-1]), opset=18, keepdims=0)
    case("ReduceSum-attribute", x("ReduceSum"), opset=11, axes=[-1], keepdims=0)
    case("ReduceSum-input", x("ReduceSum"), Const([0, 2]))
    case("ReduceSum-none", x("ReduceSum"), Const([]), noop_with_empty_axes=1)
    case("ReduceSum-integers", np.arange(6, dtype=I).reshape(2, 3), Const([1]), keepdims=0)
    case("ReduceMax-integers", np.arange(6, dtype=I).reshape(2, 3), axes=[1], keepdims=0)
    for operator in ["Softmax", "LogSoftmax"]:
        case(f"{operator}-last", x(operator))
        case(f"{operator}-channel", x(operator), axis=1)
        case(f"{operator}-flattened", x(operator), opset=11, axis=2)
        case(f"{operator}-flattened-default", x(operator), opset=11)
    case("Softmax-large", np.array([[1000, 1001, 999], [-1000, 0, 1000]], F))
    quantised("ReduceMean-spatial", random("ReduceMean", (1, 3, 4, 5)), axes=[2, 3], output=(0.01, 128))


def products():
    case("MatMul-plain", random("a", (3, 4)), random("b", (4, 5)))
    case("MatMul-constant", random("a", (3, 4)), Const(random("b", (4, 5)), F))
    case("MatMul-rows", random("a", (2, 3, 4)), Const(random("b", (4, 5)), F))
    case("MatMul-batch", random("a", (2, 3, 4)), random("b", (2, 4, 5)))
    case("MatMul-broadcast", random("a", (2, 2, 3, 4)), random("b", (4, 5)))
    case("MatMul-left", random("a", (3, 4)), random("b", (2, 4, 5)))
    case("MatMul-vector", random("a", (4,)), random("b", (4, 5)))
    case("MatMul-column", random("a", (3, 4)), random("b", (4,)))
    case("Gemm-plain", random("a", (3, 4)), Const(random("b", (4, 5)), F), Const(random("c", (5,)), F))
    case("Gemm-transposed", random("a", (3, 4)), Const(random("b", (5, 4)), F), Const(random("c", (5,)), F), transB=1)
    case("Gemm-scaled", random("a", (3, 4)), Const(random("b", (4, 5)), F), Const(random("c", (1, 5)), F), alpha=0.5, beta=2.0)
    case("Gemm-two", random("a", (3, 4)), Const(random("b", (4, 5)), F))
    quantised("MatMul-weights", random("a", (3, 4)), random("b", (4, 5)), output=(0.25, 128))


def quantisation():
    case("QuantizeLinear-unsigned", random("q", (3, 4)), Const(0.03, F), Const(120, np.uint8))
    case("QuantizeLinear-signed", random("q", (3, 4)), Const(0.01, F), Const(-5, np.int8))
    case("QuantizeLinear-default", random("q", (3, 4)), Const(0.03, F))
    case("QuantizeLinear-axis", random("q", (2, 3, 4)), Const([0.03, 0.02, 0.5], F), Const([1, 2, 3], np.uint8), axis=1)
    case("QuantizeLinear-ties", np.array([0.5, 1.5, 2.5, -0.5, -1.5, 500, -500], F), Const(1.0, F), Const(10, np.uint8))
    case("DequantizeLinear-unsigned", np.arange(12, dtype=np.uint8).reshape(3, 4), Const(0.03, F), Const(7, np.uint8))
    case("DequantizeLinear-signed", np.arange(-6, 6, dtype=np.int8).reshape(3, 4), Const(0.03, F), Const(-3, np.int8))
    case("DequantizeLinear-axis", np.arange(24, dtype=np.int8).reshape(2, 3, 4), Const([0.03, 0.02, 0.5], F), Const([1, 2, 3], np.int8), axis=-2)
    case("DequantizeLinear-bias", np.array([1000, -1000], np.int32), Const(0.001, F))


def normalisations():
    c = lambda name, *shape: Const(random(name, shape, 0.5, 2), F)
    x = random("Normal", (2, 3, 4, 5))
    case("LayerNormalization-last", x, c("scale", 5), c("bias", 5), opset=17)
    case("LayerNormalization-three", x, c("scale", 3, 4, 5), None, opset=17, outputs=3, axis=1, epsilon=0.1)
    case("LayerNormalization-computed", x, random("scale", (4, 5)), random("bias", (4, 5)), opset=17, axis=-2)
    case("LayerNormalization-shifted", x + 30, c("scale", 5), c("bias", 5), opset=17)
    case("RMSNormalization-last", x, c("scale", 5), opset=23)
    case("RMSNormalization-all", x, c("scale", 2, 3, 4, 5), opset=23, axis=0, epsilon=0.1)
    y = random("Normal", (2, 6, 4, 5))
    case("GroupNormalization-groups", y, c("scale", 3), c("bias", 3), opset=18, num_groups=3)
    case("GroupNormalization-channels", y, c("scale", 6), c("bias", 6), opset=21, num_groups=2, epsilon=0.01)
    case("GroupNormalization-line", random("Normal", (1, 4, 7)), random("scale", (4,)), random("bias", (4,)), opset=21, num_groups=4)
    case("InstanceNormalization-image", x, c("scale", 3), c("bias", 3))
    case("InstanceNormalization-line", random("Normal", (2, 3, 7)), random("scale", (3,)), random("bias", (3,)), epsilon=0.01)
    case("MeanVarianceNormalization-default", x)
    case("MeanVarianceNormalization-rows", random("Normal", (2, 3, 4)), axes=[-1])
    case("LpNormalization-euclidean", x)
    case("LpNormalization-magnitudes", x, p=1, axis=1)
    case("LRN-five", random("LRN", (2, 7, 3, 4)), size=5)
    case("LRN-three", random("LRN", (1, 4, 5, 2)), size=3, alpha=0.3, beta=0.6, bias=1.5)
    case("LRN-wide", random("LRN", (1, 3, 2, 2)), size=9, alpha=0.5)
    image = [Const([1, 2, 0.5], F), Const([0, 1, -1], F), Const([0.1, 0.2, 0.3], F), Const([1, 0.5, 2], F)]
    case("BatchNormalization-computed", random("Batch", (2, 3, 4, 4)), *[v.array for v in image])
    case("BatchNormalization-volume", random("Batch", (2, 3, 2, 3, 4)), *image)


def half_precision():
    half = lambda name, *shape: random(name, shape).astype(np.float16)
    scale, bias = Const(random("scale", (5,), 0.5, 2), np.float16), Const(random("bias", (5,)), np.float16)
    case("LayerNormalization-half", half("Normal", 2, 3, 5), scale, bias, opset=17)
    case("Softmax-half", half("Softmax", 2, 5))
    case("MatMul-half", half("a", 3, 4), half("b", 4, 2))
    case("ReduceSum-half", half("ReduceSum", 3, 4), Const([1]))
    case("ReduceMean-double", random("ReduceMean", (3, 4)).astype(np.float64), axes=[1])
    case("Sub-double", random("a", (3, 4)).astype(np.float64), random("b", (4,)).astype(np.float64))


def choices():
    x = np.array([[2, 7, 7, 1], [5, 5, -1, 5], [0, -3, 8, 8]], F)
    for operator in ["ArgMax", "ArgMin"]:
        case(f"{operator}-default", x)
        case(f"{operator}-last", x, axis=-1, keepdims=0)
        case(f"{operator}-late", x, axis=1, select_last_index=1)
        case(f"{operator}-image", random(operator, (2, 3, 4, 5)), axis=1, keepdims=0)
        case(f"{operator}-integers", np.array([[3, -1, 3], [-(2**31), 2, 2]], np.int32), axis=1)
    case("TopK-attribute", random("TopK", (3, 5)), opset=9, outputs=2, k=2)
    case("TopK-input", random("TopK", (3, 5)), Const([4]), opset=10, outputs=2)
    case("TopK-least", x, Const([3]), opset=11, outputs=2, largest=0)
    case("TopK-middle", random("TopK", (2, 5, 3)), Const([2]), opset=11, outputs=2, axis=1)
    case("TopK-integers", np.array([[3, -1, 3, 2**40], [0, 2, 2, -9]], I), Const([2]), opset=11, outputs=2)
    case("CumSum-rows", random("CumSum", (3, 4)), Const(1))
    case("CumSum-exclusive", random("CumSum", (3, 4, 2)), Const(-2), exclusive=1)
    case("CumSum-reverse", random("CumSum", (5,)), Const([0]), reverse=1)
    case("CumSum-both", random("CumSum", (2, 5)), Const(1, np.int32), reverse=1, exclusive=1)
    case("CumSum-integers", np.array([[1, 2**31 - 1, 1], [-5, 6, 7]], np.int32), Const(1))
    case("Hardmax-last", x)
    case("Hardmax-channel", random("Hardmax", (2, 3, 4)), axis=1)
    case("Hardmax-flattened", random("Hardmax", (2, 3, 4)), opset=11, axis=1)
    case("Mean-one", random("Mean", (2, 3)))
    case("Mean-three", random("a", (2, 3)), random("b", (3,)), random("c", (2, 1)))
    case("Det-matrix-evaluated", random("Det", (4, 4)))
    case("Det-batch-evaluated", random("Det", (2, 3, 3, 3)))
    case("CastLike-same", random("CastLike", (2, 3)), Const([1], F), opset=15)


def attention():
    q, k, v = (random(n, (2, 3, 4, 8)) for n in "qkv")
    case("Attention-heads", q, k, v, opset=23)
    case("Attention-causal", q, random("k", (2, 3, 6, 8)), random("v", (2, 3, 6, 5)), opset=23, is_causal=1, scale=0.3)
    case("Attention-flat", random("q", (2, 4, 24)), random("k", (2, 6, 24)), random("v", (2, 6, 12)), opset=23, q_num_heads=3, kv_num_heads=3)
    case("Attention-groups", random("q", (2, 6, 4, 8)), random("k", (2, 2, 5, 8)), random("v", (2, 2, 5, 8)), opset=23, softcap=2.0)
    case("Attention-addend", q, k, v, random("mask", (4, 4)), opset=23)
    case("Attention-mask", q, k, v, np.array([[1, 1, 0, 0], [1, 0, 0, 1], [0, 1, 1, 0], [1, 1, 1, 1]], np.bool_), opset=23)
    past = [random(n, (2, 3, 3, 8)) for n in ["pk", "pv"]]
    case("Attention-past", q, k, v, Const(random("mask", (4, 7)), F), *past, opset=23, outputs=3)
    for mode in range(4):
        case(f"Attention-scores-{mode}", q, k, v, random("mask", (1, 3, 4, 4)), opset=23, outputs=4, softcap=3.0, qk_matmul_output_mode=mode)
    counts = np.array([4, 2], I)
    case("Attention-counts", q, k, v, None, None, None, counts, opset=24)
    case("Attention-counts-causal", q, random("k", (2, 3, 6, 8)), random("v", (2, 3, 6, 8)), None, None, None, np.array([6, 4], I), opset=24, is_causal=1)
    x, angles = random("x", (2, 3, 4, 8)), random("angles", (2, 4, 4))
    case("RotaryEmbedding-halves", x, np.cos(angles), np.sin(angles), opset=23)
    case("RotaryEmbedding-interleaved", x, np.cos(angles), np.sin(angles), opset=23, interleaved=1)
    table = random("table", (10, 2))
    positions = np.array([[0, 3, 9, 1], [2, 2, 5, 7]], I)
    case("RotaryEmbedding-positions", x, Const(np.cos(table), F), Const(np.sin(table), F), Const(positions), opset=23, rotary_embedding_dim=4)
    case("RotaryEmbedding-computed", x, Const(np.cos(table), F), Const(np.sin(table), F), positions, opset=23, rotary_embedding_dim=4)
    case("RotaryEmbedding-flat", random("x", (2, 4, 24)), np.cos(angles), np.sin(angles), opset=23, num_heads=3)
    flat = random("angles", (2, 4, 3))
    case("RotaryEmbedding-part", random("x", (2, 4, 24)), np.cos(flat), np.sin(flat), opset=23, num_heads=3, rotary_embedding_dim=6, interleaved=1)


def summations():
    e = lambda name, equation, *shapes, **keywords: case(
        f"Einsum-{name}", *[random(f"{name}{i}", s) for i, s in enumerate(shapes)], equation=equation, **keywords)
    e("product", "ij,jk->ik", (3, 4), (4, 5))
    e("batch", "bij, bjk -> bik", (2, 3, 4), (2, 4, 5))
    e("diagonal", "bii->bi", (2, 3, 3))
    e("trace", "ii", (4, 4))
    e("transpose", "ij->ji", (3, 4))
    e("sum", "ij->i", (3, 4))
    e("total", "ijk->", (2, 3, 4))
    e("inner", "i,i", (5,), (5,))
    e("outer", "i,j->ij", (3,), (4,))
    e("dots", "...ij,...jk->...ik", (2, 1, 3, 4), (2, 5, 4, 3))
    e("dots-inside", "i...j,j->...i", (2, 3, 4), (4,))
    e("implicit", "ba,cb", (2, 3), (4, 2))
    e("heads", "bthd,bshd->bhts", (2, 3, 2, 4), (2, 5, 2, 4))
    e("three", "ij,jk,kl->il", (2, 3), (3, 4), (4, 2))
    e("weighted", "bchw,c->bhw", (1, 3, 4, 5), (3,))
    e("elementwise", "ab,ab->ab", (3, 4), (3, 4))


def functions():
    x = lambda name: random(name, (2, 3, 4, 5))
    edge = np.array([-np.inf, -2, -1, -0.0, 0, 0.5, 1, 2, np.inf, np.nan], F)
    for operator in ["Sign", "Tan", "Atan", "Sinh", "Cosh", "Asinh"]:
        case(f"{operator}-float", x(operator))
        case(f"{operator}-edges", edge)
    for operator in ["Asin", "Acos", "Atanh"]:
        case(f"{operator}-float", random(operator, (2, 3, 4), -0.99, 0.99))
    case("Acosh-float", random("Acosh", (2, 3, 4), 1, 9))
    case("Softsign-float", x("Softsign"))
    case("Selu-default", x("Selu"))
    case("Selu-values", x("Selu"), alpha=2.0, gamma=0.5)
    case("Celu-default", x("Celu"), opset=12)
    case("Celu-alpha", x("Celu"), opset=12, alpha=0.3)
    case("ThresholdedRelu-default", x("ThresholdedRelu"))
    case("ThresholdedRelu-alpha", x("ThresholdedRelu"), alpha=-0.5)
    case("Shrink-hard", x("Shrink"), lambd=1.5)
    case("Shrink-soft", x("Shrink"), lambd=1.0, bias=1.0)
    case("Swish-default", x("Swish"), opset=24)
    case("Swish-alpha", x("Swish"), opset=24, alpha=1.702)
    case("Gelu-tanh", x("Gelu"), opset=20, approximate="tanh")
    for operator in ["Selu", "Softsign"]:
        quantised(f"{operator}-table", random(operator, (1, 3, 4, 5)), output=(0.03, 100))


def reductions_of_any_kind():
    x = lambda name: random(name, (2, 3, 4, 5), 0.1, 2)
    for operator in ["ReduceL1", "ReduceLogSum", "ReduceLogSumExp", "ReduceProd"]:
        case(f"{operator}-spatial", x(operator), axes=[2, 3], keepdims=1)
        case(f"{operator}-apart", x(operator), axes=[1, 3], keepdims=0)
        case(f"{operator}-all", x(operator))
        case(f"{operator}-input", x(operator), Const([-1, 0]), opset=18, keepdims=0)
    case("ReduceLogSumExp-large", np.array([[1000, 999, -1000], [-np.inf, -2, 3]], F), axes=[1])
    case("ReduceSum-negative", x("ReduceSum"), Const([-2]), keepdims=0)
    case("ReduceSum-scalar", random("ReduceSum", ()))
    case("ReduceMax-nothing", x("ReduceMax"), opset=18, noop_with_empty_axes=1)


def whole_numbers():
    case("Dropout-mask", random("Dropout", (2, 3)), opset=13, outputs=2)
    case("Dropout-still", random("Dropout", (2, 3)), Const(0.0, F), Const(True, np.bool_), opset=13, outputs=2)
    case("Sign-integers", np.array([-(2**31), -3, 0, 5], np.int32))
    for operator in ["ReduceL1", "ReduceProd", "ReduceMin", "ReduceMean", "ReduceSumSquare"]:
        case(f"{operator}-integers", np.array([[3, -7, 2], [1, -4, 5]], np.int32), axes=[1])
    case("ReduceMax-bytes", np.arange(6, dtype=np.uint8).reshape(2, 3), axes=[1])
    case("ReduceMax-bool", np.array([[True, False], [False, False]]), Const([1]), opset=20)
    case("ReduceMin-bool", np.array([[True, False], [True, True]]), Const([1]), opset=20)
    a = np.array([[7, -7, 9, -9], [2**31 - 1, -(2**31), 0, 5]], np.int32)
    b = np.array([3, 3, -4, -4], np.int32)
    for operator in ["BitwiseAnd", "BitwiseOr", "BitwiseXor"]:
        case(f"{operator}-signed", a, b, opset=18)
        case(f"{operator}-bytes", np.array([[0xF0], [0x55]], np.uint8), np.array([0x0F, 0xAA, 0xFF], np.uint8), opset=18)
    case("BitwiseNot-signed", a, opset=18)
    case("BitwiseNot-bytes", np.array([0, 1, 255], np.uint8), opset=18)
    case("Xor-bool", np.array([[True], [False]]), np.array([True, False, True]))
    for direction in ["LEFT", "RIGHT"]:
        name = direction.lower()
        case(f"BitShift-{name}", np.array([1, 7, 255, 128], np.uint8), np.array([1, 2, 3, 7], np.uint8), opset=11, direction=direction)
        case(f"BitShift-{name}-wide", np.array([1, 2**63 + 1], np.uint64), np.array([[1], [40]], np.uint64), opset=11, direction=direction)
    case("Mod-integers", a[0], b)
    case("Mod-remainder", a[0], b, fmod=1)
    case("Mod-bytes", np.array([7, 250], np.uint8), np.array([3, 7], np.uint8))
    case("Mod-float", np.array([-4.3, 7.2, 5.0, 4.3, -7.2, 8.0], F), np.array([2.1, -3.4, 8.0, -2.1, 3.4, 5.0], F), fmod=1)
    edges = np.array([-np.inf, -1, 0, np.inf, np.nan], F)
    case("IsNaN-edges", edges)
    case("IsInf-edges", edges)
    case("IsInf-positive", edges, detect_negative=0)
    case("IsInf-negative", edges, detect_positive=0)
    case("MatMul-integers", np.arange(12, dtype=np.int32).reshape(3, 4) - 5, np.arange(8, dtype=np.int32).reshape(4, 2) - 3)
    case("MatMul-integers-batch", np.arange(24, dtype=np.int64).reshape(2, 1, 3, 4), np.arange(24, dtype=np.int64).reshape(1, 3, 4, 2))
    case("MatMul-both-broadcast", random("a", (2, 1, 3, 4)), random("b", (1, 3, 4, 2)))
    case("MatMul-vectors", random("a", (4,)), random("b", (4,)))
    case("MatMul-vector-batch", random("a", (4,)), random("b", (3, 4, 2)))
    case("MatMul-double", random("a", (3, 4)).astype(np.float64), random("b", (4, 2)).astype(np.float64))
    case("Gemm-computed", random("a", (3, 4)), random("b", (4, 5)), random("c", (3, 1)))
    case("Gemm-all", random("a", (4, 3)), random("b", (5, 4)), random("c", (1, 5)), alpha=0.25, beta=0.35, transA=1, transB=1)
    case("Gemm-scalar", random("a", (3, 4)), Const(random("b", (4, 5)), F), Const(2.5, F))
    case("Gemm-matrix", random("a", (3, 4)), Const(random("b", (4, 5)), F), Const(random("c", (3, 5)), F))
    case("PRelu-computed", random("PRelu", (2, 3, 4)), random("slope", (3, 1)))
    case("Clip-computed", random("Clip", (2, 3)), np.array(-0.5, F), np.array(1.5, F))


def counting():
    pool = dict(ngram_counts=[0, 4], ngram_indexes=[0, 1, 2, 3, 4, 5, 6], pool_int64s=[2, 3, 5, 4, 5, 6, 7, 8, 6, 7])
    x = np.array([[1, 1, 3, 3, 3, 7], [8, 6, 7, 5, 6, 8]], np.int32)
    for mode in ["TF", "IDF", "TFIDF"]:
        case(f"TfIdfVectorizer-{mode.lower()}-evaluated", x, mode=mode, min_gram_length=1, max_gram_length=2, max_skip_count=5,
             weights=[0.5, 1.0, 2.0, 0.25, 1.5, 3.0, 0.75], **pool)
    case("TfIdfVectorizer-pairs-evaluated", x[1].astype(I), mode="TF", min_gram_length=2, max_gram_length=2, max_skip_count=0, **pool)


def losses():
    x = np.log(random("loss", (3, 4, 2), 0.05, 1))
    target = np.array([[0, 3], [2, 2], [1, 0]], I)
    weight = Const([0.5, 2, 1, 0.25], F)
    for reduction in ["none", "sum", "mean"]:
        case(f"NegativeLogLikelihoodLoss-{reduction}", x, target, reduction=reduction)
        case(f"NegativeLogLikelihoodLoss-{reduction}-weight", x, target, weight, reduction=reduction, ignore_index=2)
        case(f"SoftmaxCrossEntropyLoss-{reduction}", x, target, reduction=reduction, outputs=2)
        case(f"SoftmaxCrossEntropyLoss-{reduction}-weight", x, target, weight, reduction=reduction, ignore_index=0)
    case("NegativeLogLikelihoodLoss-rows", np.log(random("loss", (5, 3), 0.05, 1)), np.array([2, 0, -100, 1, 1], I), ignore_index=-100)
    case("SoftmaxCrossEntropyLoss-image", random("loss", (2, 5, 3, 2)), np.arange(12, dtype=np.int32).reshape(2, 3, 2) % 5)


def spectra():
    case("DFT-real", random("DFT", (2, 10, 1)), opset=17)
    case("DFT-onesided", random("DFT", (2, 9, 1)), opset=17, onesided=1)
    case("DFT-axis", random("DFT", (2, 4, 6, 2)), opset=17, axis=2)
    case("DFT-inverse", random("DFT", (2, 8, 2)), opset=17, inverse=1)
    case("DFT-padded", random("DFT", (2, 5, 1)), Const(8), opset=17)
    case("DFT-truncated", random("DFT", (2, 5, 2)), Const(3), opset=17)
    case("DFT-input", random("DFT", (3, 4, 2)), None, Const(0), opset=20)
    case("STFT-window", random("STFT", (2, 40, 1)), Const(4), Const(np.hanning(16), F), opset=17)
    case("STFT-frames", random("STFT", (1, 30, 1)), Const(5), None, Const(12), opset=17, onesided=0)
    case("STFT-complex", random("STFT", (1, 20, 2)), Const(3), Const(np.hamming(8), F), Const(8), opset=17, onesided=0)
    for operator in ["HannWindow", "HammingWindow", "BlackmanWindow"]:
        case(f"{operator}-periodic", Const(10), opset=17)
        case(f"{operator}-symmetric", Const(9), opset=17, periodic=0)
    case("MelWeightMatrix-speech", Const(8), Const(64), Const(16000), Const(20.0, F), Const(7600.0, F), opset=17)


def step_attention():
    """An operator of Swiftlet's own, which ONNX Runtime doesn't have: the outputs are numpy's, in float64."""
    heads, size, capacity = 3, 6, 5
    for name, count in [("StepAttention-first", 0), ("StepAttention-some", 3), ("StepAttention-full", 5)]:
        if (ROOT / name).exists():
            continue
        row, table = (1, heads * size), (1, capacity, heads * size)
        inputs = [random(f"{name} {i}", shape, -1, 1) for i, shape in enumerate([row, table, table, row, row])] + [np.array([count], I)]
        query, past_keys, past_values, key, value = (x.astype(np.float64).reshape(-1, heads, size) for x in inputs[:5])
        keys, values = (np.concatenate([past[:count], own]) for past, own in [(past_keys, key), (past_values, value)])
        shares = np.exp(np.einsum("hs,khs->hk", query[0], keys))
        found = np.einsum("hk,khs->hs", shares / shares.sum(1, keepdims=True), values).reshape(row).astype(F)
        names = ["query", "past_keys", "past_values", "key", "value", "count"]
        infos = [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in zip(names, inputs)]
        node = helper.make_node("StepAttention", names, ["y"], name=name, domain="swiftlet", heads=heads)
        graph = helper.make_graph([node], name, infos, [helper.make_tensor_value_info("y", TensorProto.FLOAT, row)])
        domains = [helper.make_opsetid("", 23), helper.make_opsetid("swiftlet", 1)]
        folder = ROOT / name
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(
            helper.make_model(graph, opset_imports=domains, ir_version=8, producer_name="swiftlet tests").SerializeToString())
        for index, tensor in enumerate(inputs):
            np.save(folder / f"input_{index}.npy", tensor)
        np.save(folder / "output_0.npy", found)


def main():
    if "--all" in sys.argv and ROOT.exists():
        shutil.rmtree(ROOT)
    for build in [
        unary, binary, movement, shapes, windows, windows_of_any_shape, indexing, movement_of_any_type, resampling, sampling,
        reductions, products, quantisation, functions, reductions_of_any_kind, whole_numbers, half_precision, normalisations, choices, attention,
        summations, counting, losses, spectra, step_attention,
    ]:
        build()
    files = [f for f in ROOT.rglob("*") if f.is_file()]
    print(f"{len(list(ROOT.iterdir()))} cases, {sum(f.stat().st_size for f in files)} bytes")


if __name__ == "__main__":
    sys.exit(main())
