#!/usr/bin/env python3
"""Golden cases of the TFLite reader: Tests/TFLite/Golden/NAME/{model.tflite,input_N.npy,output_N.npy}.

    Tests/Conformance/make_tflite_cases.py [NAME…]

One operator, or a few, a case: converted by TensorFlow, expected outputs by LiteRT's reference kernels (its optimised ones for the
integer softmax, which aborts there). Folders that exist are kept as they are: delete one to renew it. Needs (development only)
tensorflow-cpu and ai-edge-litert.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import tensorflow as tf

from tflite_conformance import expected_results
from tflite_models import old_uint8

GOLDEN = Path(__file__).resolve().parents[1] / "TFLite/Golden"
R = np.random.default_rng(5)


def w(*shape, scale=0.5):
    return tf.constant(R.normal(0, scale, shape).astype(np.float32))


IMAGE = (1, 7, 6, 4)
K, KD, KT = w(3, 3, 4, 5), w(3, 3, 4, 2), w(3, 3, 5, 4)
BIAS = w(5)
ALPHA = tf.constant([[[0.3, -0.2, 0.1, 0.5, 1.5]]])
NN = tf.nn


def conv(x, stride=1, padding="SAME", dilations=1):
    return NN.bias_add(NN.conv2d(x, K, stride, padding, dilations=dilations), BIAS)


def attention(x):
    q, k, v = (tf.reshape(x @ w(8, 8), (1, 5, 2, 4)) for _ in range(3))
    q, k, v = (tf.transpose(t, (0, 2, 1, 3)) for t in (q, k, v))
    return tf.reshape(tf.transpose(NN.softmax(tf.matmul(q, k, transpose_b=True) * 0.5) @ v, (0, 2, 1, 3)), (1, 5, 8))


def dynamic_reshape(x):
    return tf.reshape(x, (tf.shape(x)[0], -1, 4))


# Name: function, input shapes. Each is converted in the precisions of the third entry.
FLOAT, BOTH, ALL = ("float32",), ("float32", "int8"), ("float32", "float16", "dynamic", "int8", "old-uint8")
CASES = {
    "conv": (lambda x: conv(x), [IMAGE], ALL),
    "conv_strided_valid_relu6": (lambda x: NN.relu6(conv(x, 2, "VALID")), [IMAGE], ALL),
    "conv_dilated_relu": (lambda x: NN.relu(conv(x, dilations=2)), [IMAGE], BOTH),
    "conv_grouped": (lambda x: NN.conv2d(x, w(3, 3, 2, 6), 1, "SAME"), [IMAGE], FLOAT),
    "conv_relu_n1_to_1": (lambda x: tf.minimum(tf.maximum(conv(x), -1.0), 1.0), [IMAGE], BOTH),
    "conv_tanh": (lambda x: tf.tanh(conv(x)), [IMAGE], BOTH),
    "depthwise_multiplier": (lambda x: NN.relu(NN.depthwise_conv2d(x, KD, (1, 2, 2, 1), "SAME")), [IMAGE], ALL),
    "depthwise_dilated": (lambda x: NN.depthwise_conv2d(x, w(3, 3, 4, 1), (1, 1, 1, 1), "SAME", dilations=(2, 2)), [IMAGE], BOTH),
    "transpose_conv_same": (lambda x: NN.conv2d_transpose(x, KT, (1, 14, 12, 5), 2, "SAME"), [IMAGE], BOTH),
    "transpose_conv_valid": (lambda x: NN.conv2d_transpose(x, KT, (1, 15, 13, 5), 2, "VALID"), [IMAGE], BOTH),
    "space_to_batch_dilated": (
        lambda x: tf.batch_to_space(NN.conv2d(tf.space_to_batch(x, (2, 2), ((2, 3), (2, 2))), K, 1, "VALID"), (2, 2), ((0, 1), (0, 0))), [IMAGE], BOTH),
    "space_to_batch": (lambda x: tf.space_to_batch(x, (2, 3), ((1, 0), (0, 0))) * 2.0, [IMAGE], BOTH),
    "batch_to_space": (lambda x: tf.batch_to_space(x, (2, 2), ((1, 0), (0, 1))), [(4, 3, 3, 2)], BOTH),
    "fully_connected": (lambda x: NN.relu(x @ w(12, 5) + BIAS), [(3, 12)], ALL),
    "fully_connected_keeping_axes": (lambda x: tf.matmul(x, w(8, 5)) + BIAS, [(2, 3, 8)], BOTH),
    "fully_connected_flattening": (lambda x: tf.reshape(x, (1, -1)) @ w(168, 5, scale=0.1), [IMAGE], BOTH),
    "batch_matmul": (lambda x, y: tf.matmul(x, y), [(2, 3, 4), (2, 4, 5)], BOTH),
    "batch_matmul_adjoint": (lambda x, y: tf.matmul(x, y, transpose_b=True), [(2, 3, 4), (2, 5, 4)], BOTH),
    "attention": (attention, [(1, 5, 8)], BOTH),
    "average_pool": (lambda x: NN.avg_pool2d(x, 3, 2, "SAME"), [IMAGE], BOTH),
    "max_pool_valid": (lambda x: NN.max_pool2d(x, 2, 2, "VALID"), [IMAGE], BOTH),
    "add": (lambda x, y: x + y, [IMAGE, IMAGE], BOTH),
    "add_relu": (lambda x, y: NN.relu(x + y), [IMAGE, IMAGE], BOTH),
    "add_channel_constant": (lambda x: conv(x) + w(5), [IMAGE], BOTH),
    "sub_broadcast": (lambda x, y: x - y, [IMAGE, (1, 1, 1, 4)], BOTH),
    "mul_by_gate": (lambda x: conv(x) * tf.sigmoid(tf.reduce_mean(conv(x), (1, 2), keepdims=True)), [IMAGE], BOTH),
    "residual": (lambda x: NN.relu(NN.conv2d(x, w(3, 3, 4, 4), 1, "SAME") + x), [IMAGE], BOTH),
    "div": (lambda x, y: x / (tf.abs(y) + 0.5), [IMAGE, IMAGE], FLOAT),
    "maximum_minimum": (lambda x, y: tf.minimum(tf.maximum(x, y), 0.75), [IMAGE, IMAGE], BOTH),
    "squared_difference": (lambda x, y: tf.math.squared_difference(x, y), [IMAGE, IMAGE], BOTH),
    "pow": (lambda x: tf.pow(tf.abs(x) + 0.1, 1.7), [(2, 3)], FLOAT),
    "floor_div_mod": (lambda x, y: (tf.math.floordiv(x, y), tf.math.floormod(x, y)), [(3, 4), (3, 4)], FLOAT),
    "relu6": (lambda x: NN.relu6(x * 4.0), [IMAGE], BOTH),
    "leaky_relu": (lambda x: NN.leaky_relu(x, 0.2), [IMAGE], BOTH),
    "prelu": (lambda x: (lambda y: NN.relu(y) - ALPHA * NN.relu(-y))(conv(x)), [IMAGE], BOTH),
    "hard_swish": (lambda x: x * NN.relu6(x + 3.0) * (1 / 6), [IMAGE], BOTH),
    "logistic_tanh": (lambda x: (tf.sigmoid(x), tf.tanh(x)), [IMAGE], BOTH),
    "softmax": (lambda x: NN.softmax(x), [(3, 7)], BOTH),
    "log_softmax": (lambda x: NN.log_softmax(x), [(3, 7)], BOTH),
    "l2_normalisation": (lambda x: NN.l2_normalize(x, -1), [(3, 7)], BOTH),
    "elu_gelu": (lambda x: (NN.elu(x), NN.gelu(x, approximate=True)), [(3, 7)], FLOAT),
    "functions": (
        lambda x: (tf.exp(x), tf.math.log(tf.abs(x) + 1), tf.sqrt(tf.abs(x)), tf.math.rsqrt(tf.abs(x) + 0.1), tf.sin(x), tf.cos(x), tf.floor(x), tf.math.ceil(x),
                   tf.round(x * 3), tf.square(x), -x, tf.abs(x), tf.sign(x)), [(3, 7)], FLOAT),
    "comparisons": (
        lambda x, y: tf.where(tf.logical_or(tf.logical_and(x < y, x > -0.5), tf.logical_not(x <= 0.2)), x, y * 2.0) + tf.cast(x >= y, tf.float32)
        + tf.cast(tf.not_equal(x, y), tf.float32), [(3, 4), (3, 4)], FLOAT),
    "reshape_squeeze": (lambda x: tf.expand_dims(tf.squeeze(tf.reshape(x, (1, 42, 1, 4)), (2,)), 1), [IMAGE], BOTH),
    "dynamic_reshape": (dynamic_reshape, [(None, 7, 6, 4)], FLOAT),
    "transpose": (lambda x: tf.transpose(x, (0, 3, 2, 1)), [IMAGE], BOTH),
    "concatenation": (lambda x: tf.concat((conv(x), NN.max_pool2d(x, 3, 1, "SAME"), x), -1), [IMAGE], BOTH),
    "split": (lambda x: tuple(tf.split(x, 2, -1)) + tuple(tf.split(x, (2, 1, 4), 1)), [IMAGE], BOTH),
    "slices": (lambda x: (x[:, 1:5, ::2, :], x[0, :, -1, tf.newaxis], x[..., 1:3], tf.slice(x, (0, 2, 1, 0), (1, 3, -1, 2)), x[:, ::-1]), [IMAGE], BOTH),
    "pad": (lambda x: NN.relu(tf.pad(conv(x), ((0, 0), (1, 2), (0, 1), (0, 0)))), [IMAGE], BOTH),
    "pad_value": (lambda x: tf.pad(x, ((0, 0), (1, 2), (0, 1), (2, 0)), constant_values=0.5), [IMAGE], FLOAT),
    "mirror_pad": (lambda x: tf.pad(x, ((0, 0), (1, 2), (2, 1), (0, 0)), mode="REFLECT"), [IMAGE], BOTH),
    "resize_bilinear": (lambda x: tf.image.resize(x, (11, 9)), [IMAGE], BOTH),
    "resize_bilinear_corners": (lambda x: tf.compat.v1.image.resize_bilinear(x, (11, 9), align_corners=True), [IMAGE], BOTH),
    "resize_bilinear_plain": (lambda x: tf.compat.v1.image.resize_bilinear(x, (14, 12)), [IMAGE], BOTH),
    "resize_nearest": (lambda x: tf.image.resize(x, (14, 12), "nearest"), [IMAGE], BOTH),
    "resize_nearest_corners": (lambda x: tf.compat.v1.image.resize_nearest_neighbor(x, (10, 11), align_corners=True), [IMAGE], FLOAT),
    "resize_nearest_plain": (lambda x: tf.compat.v1.image.resize_nearest_neighbor(x, (10, 11)), [IMAGE], FLOAT),
    "mean": (lambda x: (tf.reduce_mean(conv(x), (1, 2)), tf.reduce_mean(x, -1, keepdims=True)), [IMAGE], BOTH),
    "reductions": (lambda x: (tf.reduce_sum(x, 1), tf.reduce_max(x, (1, 2), keepdims=True), tf.reduce_min(x, -1), tf.reduce_prod(x, 3)), [IMAGE], FLOAT),
    "arg_max_min": (lambda x: (tf.argmax(x, -1, tf.int32), tf.argmin(x, 1)), [(2, 5, 4)], FLOAT),
    "gather": (lambda x: tf.gather(x, (3, 0, 1), axis=1), [(2, 5, 4)], BOTH),
    "gather_nd": (lambda x: tf.gather_nd(x, ((0, 3), (1, 1))), [(2, 5, 4)], FLOAT),
    "pack_unpack": (lambda x: tf.stack(tf.unstack(x, axis=1)[::-1], axis=2), [(2, 3, 4)], BOTH),
    "tile_broadcast": (lambda x: tf.tile(x, (1, 2, 3)) + tf.broadcast_to(x[:, :1, :1], (2, 6, 12)), [(2, 3, 4)], FLOAT),
    "depth_to_space": (lambda x: tf.nn.depth_to_space(x, 2), [IMAGE[:3] + (8,)], BOTH),
    "space_to_depth": (lambda x: tf.nn.space_to_depth(x, 2), [(1, 6, 4, 3)], BOTH),
    "cumulative_sum_top": (lambda x: (tf.cumsum(x, 1, exclusive=True), tf.math.top_k(x, 3)), [(2, 7)], FLOAT),
    "one_hot_range_fill": (lambda x: x @ tf.one_hot((2, 0, 1), 4) + tf.cast(tf.range(4), tf.float32) + tf.fill((1, 4), 2.0), [(2, 3)], FLOAT),
    "local_response": (lambda x: NN.lrn(x, 1, 1.0, 0.2, 0.6), [IMAGE], FLOAT),
    "reverse": (lambda x: tf.reverse(x, (1, 2)), [IMAGE], FLOAT),
    "requantised": (lambda x: tf.concat((x, x * 3.0), -1), [IMAGE], BOTH),
}


def converted(function, shapes, precision):
    open_shapes = [tf.TensorSpec(shape, tf.float32, name=f"x{i}") for i, shape in enumerate(shapes)]
    traced = tf.function(function, input_signature=open_shapes).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced])
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision in ("int8", "old-uint8"):
        random = np.random.default_rng(2)
        converter.representative_dataset = lambda: ([random.normal(0, 1, [d or 1 for d in shape]).astype(np.float32) for shape in shapes] for _ in range(20))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        converter._experimental_disable_per_channel = precision == "old-uint8"
    file = converter.convert()
    return old_uint8(file) if precision == "old-uint8" else file


def main():
    for name, (function, shapes, precisions) in CASES.items():
        for precision in precisions:
            case = f"{name}.{precision}"
            folder = GOLDEN / case
            if folder.exists() or sys.argv[1:] and name not in sys.argv[1:] and case not in sys.argv[1:]:
                continue
            try:
                file = converted(function, shapes, precision)
            except Exception as error:
                print(f"{case}: not converted: {str(error).splitlines()[0][:150]}")
                continue
            folder.mkdir(parents=True)
            path = folder / "model.tflite"
            path.write_bytes(file)
            try:
                kernels, results = expected_results(path, [11])
            except Exception as error:
                print(f"{case}: not run: {str(error)[:150]}")
                path.unlink()
                folder.rmdir()
                continue
            given, outputs = results[0]
            for number, (_, value) in enumerate(given):
                np.save(folder / f"input_{number}.npy", value)
            for number, (_, value) in enumerate(outputs):
                np.save(folder / f"output_{number}.npy", value)
            print(f"{case}: {len(file)} bytes, {kernels} kernels", flush=True)


if __name__ == "__main__":
    main()
