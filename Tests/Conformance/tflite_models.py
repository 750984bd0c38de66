"""Small models of real architectures as .tflite files, by TensorFlow's converter, in every precision that it writes.

Weights are random: what is compared is arithmetic, not accuracy. `old_uint8` rewrites a model quantised per tensor into the form of
the first quantised models: uint8 throughout, weights with zero points.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers as L

PRECISIONS = ("float32", "float16", "dynamic", "int8", "int8-per-tensor", "uint8-io", "old-uint8")


def separable(x, filters, stride, dilation=1):
    x = L.DepthwiseConv2D(3, strides=stride, padding="same", dilation_rate=dilation, use_bias=False)(x)
    x = L.ReLU(6.0)(L.BatchNormalization()(x))
    x = L.Conv2D(filters, 1, use_bias=False)(x)
    return L.ReLU(6.0)(L.BatchNormalization()(x))


def mobilenet_v1():
    return tf.keras.applications.MobileNet(input_shape=(128, 128, 3), alpha=0.25, weights=None, classifier_activation=None)


def mobilenet_v2():
    return tf.keras.applications.MobileNetV2(input_shape=(96, 96, 3), alpha=0.35, weights=None, classifier_activation=None)


def mobilenet_v3():
    return tf.keras.applications.MobileNetV3Small(input_shape=(96, 96, 3), alpha=1.0, weights=None, classifier_activation=None, include_preprocessing=False)


def efficientnet():
    return tf.keras.applications.EfficientNetB0(input_shape=(64, 64, 3), weights=None, classifier_activation=None)


def resnet():
    x = inputs = L.Input((32, 32, 3))
    x = L.ReLU()(L.BatchNormalization()(L.Conv2D(16, 3, padding="same")(x)))
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        y = L.ReLU()(L.BatchNormalization()(L.Conv2D(filters, 3, strides=stride, padding="same")(x)))
        y = L.BatchNormalization()(L.Conv2D(filters, 3, padding="same")(y))
        if stride != 1:
            x = L.Conv2D(filters, 1, strides=stride)(x)
        x = L.ReLU()(L.Add()([x, y]))
    x = L.GlobalAveragePooling2D()(x)
    return tf.keras.Model(inputs, L.Dense(10)(x))


def ds_cnn():
    x = inputs = L.Input((49, 10, 1))
    x = L.ReLU()(L.BatchNormalization()(L.Conv2D(32, (10, 4), strides=2, padding="same")(x)))
    for _ in range(3):
        x = separable(x, 32, 1)
    x = L.AveragePooling2D((25, 5))(x)
    return tf.keras.Model(inputs, L.Dense(12, activation="softmax")(L.Flatten()(x)))


def unet():
    x = inputs = L.Input((48, 48, 3))
    skips = []
    for filters in (8, 16):
        x = L.Conv2D(filters, 3, padding="same", activation="relu")(x)
        skips.append(x)
        x = L.MaxPooling2D()(x)
    x = L.Conv2D(32, 3, padding="same", activation="relu", dilation_rate=2)(x)
    x = L.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu")(x)
    x = L.Concatenate()([x, skips[1]])
    x = L.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = L.UpSampling2D(2, interpolation="bilinear")(x)
    x = L.Concatenate()([x, skips[0]])
    x = L.LeakyReLU(negative_slope=0.1)(L.Conv2D(8, 3, padding="same")(x))
    return tf.keras.Model(inputs, L.Conv2D(1, 1, activation="sigmoid")(x))


def ssd():
    x = inputs = L.Input((64, 64, 3))
    x = separable(L.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x), 16, 2)
    maps = [x]
    for filters in (32, 32):
        x = separable(x, filters, 2)
        maps.append(x)
    boxes = [L.Reshape((-1, 4))(L.Conv2D(3 * 4, 3, padding="same")(m)) for m in maps]
    scores = [L.Reshape((-1, 5))(L.Conv2D(3 * 5, 3, padding="same")(m)) for m in maps]
    return tf.keras.Model(inputs, [L.Concatenate(axis=1)(boxes), L.Activation("sigmoid")(L.Concatenate(axis=1)(scores))])


def deeplab():
    x = inputs = L.Input((33, 33, 3))
    x = separable(L.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x), 16, 1)
    branches = [separable(x, 8, 1, dilation) for dilation in (1, 2, 4)]
    pooled = L.GlobalAveragePooling2D(keepdims=True)(x)
    pooled = L.Conv2D(8, 1, activation="relu")(pooled)
    branches.append(L.Resizing(17, 17, interpolation="bilinear")(pooled))
    x = L.Conv2D(5, 1)(L.Concatenate()(branches))
    return tf.keras.Model(inputs, L.Resizing(33, 33, interpolation="bilinear")(x))


def transformer():
    x = inputs = L.Input((32, 32, 3))
    x = L.Reshape((16, 48))(L.Conv2D(48, 8, strides=8)(x))
    for _ in range(2):
        y = L.LayerNormalization()(x)
        x = L.Add()([x, L.MultiHeadAttention(4, 12)(y, y)])
        y = L.Dense(96, activation="gelu")(L.LayerNormalization()(x))
        x = L.Add()([x, L.Dense(48)(y)])
    return tf.keras.Model(inputs, L.Dense(10)(L.GlobalAveragePooling1D()(x)))


ARCHITECTURES = {
    f.__name__: f for f in (mobilenet_v1, mobilenet_v2, mobilenet_v3, efficientnet, resnet, ds_cnn, unet, ssd, deeplab, transformer)
}


def samples(shape, count, seed=1):
    random = np.random.default_rng(seed)
    for _ in range(count):
        # Smooth fields rather than noise: pools and strides see something like an image.
        small = random.uniform(-1, 1, (1, max(shape[1] // 4, 1), max(shape[2] // 4, 1), shape[3])).astype(np.float32)
        yield tf.image.resize(small, shape[1:3]).numpy() + random.normal(0, 0.1, shape).astype(np.float32)


def lively(model):
    """Batch normalisations with something to do, and biases that aren't zero."""
    random = np.random.default_rng(7)
    for weight in model.weights:
        name = weight.path.split("/")[-1]
        if name in ("gamma", "moving_variance"):
            weight.assign(random.uniform(0.7, 1.3, weight.shape))
        elif name in ("beta", "moving_mean", "bias"):
            weight.assign(random.normal(0, 0.1, weight.shape))
    return model


def converted(model, precision):
    shape = (1,) + tuple(model.inputs[0].shape[1:])
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if precision == "float32":
        return converter.convert()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif precision != "dynamic":
        converter.representative_dataset = lambda: ([x] for x in samples(shape, 8))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        kind = tf.uint8 if precision == "uint8-io" else tf.int8
        converter.inference_input_type = converter.inference_output_type = kind
        converter._experimental_disable_per_channel = precision in ("int8-per-tensor", "old-uint8")
    file = converter.convert()
    return old_uint8(file) if precision == "old-uint8" else file


def old_uint8(file):
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(file, 0)
    graph = model.subgraphs[0]
    linear = {schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D, schema.BuiltinOperator.FULLY_CONNECTED}
    weights = {}
    for op in graph.operators:
        code = model.operatorCodes[op.opcodeIndex]
        code.version = 1
        if max(code.builtinCode, code.deprecatedBuiltinCode) in linear:
            weights[op.inputs[1]] = (op.inputs[0], op.inputs[2] if len(op.inputs) > 2 else -1)
    random = np.random.default_rng(3)
    for index, tensor in enumerate(graph.tensors):
        if tensor.type != schema.TensorType.INT8:
            continue
        tensor.type = schema.TensorType.UINT8
        data = model.buffers[tensor.buffer].data
        if index in weights:
            # A range of its own on both sides, as training with fake quantisation leaves it.
            real = np.frombuffer(bytes(data), np.int8).astype(np.float64) * tensor.quantization.scale[0]
            low, high = real.min() * random.uniform(1, 1.2), real.max() * random.uniform(1, 1.2)
            scale = np.float32((high - low) / 255)
            zero = int(np.clip(np.round(-low / scale), 0, 255))
            stored = np.clip(np.round(real / scale) + zero, 0, 255).astype(np.uint8)
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero]
            buffer = schema.BufferT()
            buffer.data = stored
            tensor.buffer = len(model.buffers)
            model.buffers.append(buffer)
            x, bias = weights[index]
            if bias >= 0:
                b = graph.tensors[bias]
                values = np.frombuffer(bytes(model.buffers[b.buffer].data), np.int32) * float(b.quantization.scale[0])
                b.quantization.scale = [np.float32(graph.tensors[x].quantization.scale[0]) * scale]
                model.buffers[b.buffer].data = np.frombuffer(np.round(values / b.quantization.scale[0]).astype(np.int32).tobytes(), np.uint8)
        else:
            tensor.quantization.zeroPoint = [int(z) + 128 for z in tensor.quantization.zeroPoint]
            if data is not None and len(data) > 0:
                stored = np.frombuffer(bytes(data), np.int8).astype(np.int16) + 128
                model.buffers[tensor.buffer].data = stored.astype(np.uint8)
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, architecture in ARCHITECTURES.items():
        tf.keras.utils.set_random_seed(1)
        model = lively(architecture())
        for precision in PRECISIONS:
            (folder / f"{name}.{precision}.tflite").write_bytes(converted(model, precision))
