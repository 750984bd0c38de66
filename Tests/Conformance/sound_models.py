#!/usr/bin/env python3
"""Sound models, and quantised forms of them, through `swiftlet infer`, compared with ONNX Runtime on real clips and images.

    SWIFTLET_SHARED=… Tests/Conformance/sound_models.py --swiftlet .build/release/swiftlet [--only NAME…]

- models: each of the shared folder's sound models (and ResNet-8), FP32 within 1e-3 of the output's largest magnitude, quantised ones
  within one quantum of ONNX Runtime on 99.9 % of the elements;
- quantised: what ONNX Runtime's quantiser makes of FP32 models, as QDQ, as QOperator (signed and unsigned weights), and dynamically;
- state: the Silero detector over whole clips, its state carried along by a package that was compiled with `states`, probability by
  probability.

Exact 8-bit products: onnxruntime up to 1.18 with session.x64quantprecision=1; later releases saturate on processors without VNNI.
Needs: pip install onnx==1.17.0 onnxruntime==1.18.1 numpy pillow.
"""
import argparse
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import wave
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from PIL import Image

F = np.float32


# Features, as the shared folder's README and the models' .json files say.

def speech(path, rate=16000):
    with wave.open(str(path)) as clip:
        samples = np.frombuffer(clip.readframes(clip.getnframes()), np.int16).astype(np.float64) / 32768
        own = clip.getframerate()
    if own == rate:
        return samples
    count = int(len(samples) * rate / own)
    return np.interp(np.arange(count) * own / rate, np.arange(len(samples)), samples)


def mel_filters(count, size, rate, low=0.0, high=None):
    """Slaney's filters: linear below 1 kHz, logarithmic above, each of unit area."""
    high = high or rate / 2
    step, corner, ratio = 200 / 3, 1000.0, np.log(6.4) / 27
    to_mel = lambda f: f / step if f < corner else corner / step + np.log(f / corner) / ratio
    to_hertz = lambda m: m * step if m < corner / step else corner * np.exp(ratio * (m - corner / step))
    points = np.array([to_hertz(m) for m in np.linspace(to_mel(low), to_mel(high), count + 2)])
    bins = np.fft.rfftfreq(size, 1 / rate)
    filters = np.zeros((count, len(bins)))
    for i in range(count):
        left, centre, right = points[i:i + 3]
        filters[i] = np.maximum(0, np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre))) * 2 / (right - left)
    return filters


def spectrogram(samples, size, hop, window):
    """Power, centred frames with reflection: [bins, frames]."""
    padded = np.pad(samples, size // 2, mode="reflect")
    shape = np.zeros(size)
    shape[(size - window) // 2:(size - window) // 2 + window] = np.hanning(window + 1)[:-1]
    frames = [padded[i:i + size] * shape for i in range(0, len(padded) - size + 1, hop)]
    return np.abs(np.fft.rfft(frames)).T ** 2


def quartznet_mel(samples):
    emphasised = np.append(samples[0], samples[1:] - 0.97 * samples[:-1])
    mel = np.log(mel_filters(64, 512, 16000) @ spectrogram(emphasised, 512, 160, 320) + 2.0 ** -24)
    return ((mel - mel.mean(1, keepdims=True)) / (mel.std(1, ddof=1, keepdims=True) + 1e-5))[None].astype(F)


def log_mel(samples, count, hop, frames, size=512, low=0.0):
    power = spectrogram(samples[:max(len(samples), hop * frames)], size, hop, size)
    mel = np.log(mel_filters(count, size, 16000, low) @ power + 1e-6)
    mel = np.pad(mel, ((0, 0), (0, max(0, frames - mel.shape[1]))), mode="edge")[:, :frames]
    return mel[None, None].astype(F)


def cepstra(samples):
    """Ten cepstral coefficients of 49 frames, as keyword spotters take them."""
    mel = np.log(mel_filters(40, 512, 16000, 20, 4000) @ spectrogram(samples[:16000], 512, 320, 480) + 1e-6)[:, :49]
    basis = np.cos(np.pi / 40 * np.outer(np.arange(10), np.arange(40) + 0.5)) * np.sqrt(2 / 40)
    return (basis @ mel).T[None, :, :, None].astype(F)


class Inputs:
    def __init__(self, shared):
        self.clips = [speech(p) for p in sorted((shared / "data/speech").glob("*.wav"))]
        self.tokens = [speech(p) for p in sorted((shared / "data/spoken_tokens").glob("*/*.wav"))[::6]]
        with tarfile.open(shared / "data/cifar10_test_quarter.tar.gz") as archive:
            files = [m for m in archive.getmembers() if m.isfile() and m.name.lower().endswith((".jpg", ".jpeg", ".png"))][::125]
            self.images = [np.asarray(Image.open(io.BytesIO(archive.extractfile(m).read())).convert("RGB"), F)[None] for m in files]

    def of(self, name):
        """Real values for a model's single input."""
        if name.startswith("quartznet"):
            return [quartznet_mel(c) for c in self.clips if 2 < len(c) / 16000 < 6][:3]
        if "tinyvad" in name:
            return [log_mel(c[i:i + 8192], 32, 512, 16, low=20.0) for c in self.clips[:6] for i in (0, 6000)]
        if "spelling" in name:
            return [log_mel(np.pad(c, (0, max(0, 16000 - len(c))))[:16000], 64, 125, 128) for c in self.tokens]
        if name.startswith("kws"):
            return [cepstra(c) for c in self.clips[:15]]
        return self.images


def session(model):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = 3
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


class Swiftlet:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, Path(folder)

    def call(self, *arguments):
        run = subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True)
        if run.returncode != 0:
            raise RuntimeError(f"exit status {run.returncode}: {run.stderr.strip()}")
        return run

    def infer(self, model, feeds, *options):
        arguments = []
        for position, (name, value) in enumerate(feeds.items()):
            path = self.folder / f"input_{position}.npy"
            np.save(path, np.ascontiguousarray(value))
            arguments += ["--tensor", f"{name}={path}"]
        out = self.folder / "out"
        self.call("infer", model, "--backend", "cpu", *arguments, "--save-tensors", out, *options)
        return lambda name: np.load(out / f"{name.replace('/', '_')}.npy")


def quantum(model):
    """The scale of the model's quantised output; None for a float model."""
    graph = onnx.load(model).graph
    constants = {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}
    makers = {o: n for n in graph.node for o in n.output}
    name = graph.output[0].name
    for _ in range(4):
        node = makers.get(name)
        if node is None:
            return None
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            return float(constants[node.input[1]]), graph.output[0].type.tensor_type.elem_type != 1
        if node.op_type.startswith("QLinear") or node.op_type == "QGemm":
            return float(constants[node.input[-2]]), graph.output[0].type.tensor_type.elem_type != 1
        name = node.input[0]
    return None


def input_form(model, name):
    """Scale and zero point by which a quantised input is read, behind what only moves it."""
    graph = onnx.load(model).graph
    constants = {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}
    while True:
        node = next(n for n in graph.node if name in n.input)
        if node.op_type == "DequantizeLinear":
            return constants[node.input[1]], constants[node.input[2]]
        name = node.output[0]


def compare(swiftlet, model, values, tolerance=1e-3):
    """(passed, what was found) for a model of one input."""
    reference = session(model)
    port = reference.get_inputs()[0]
    step = quantum(model)
    largest, magnitude, off, count = 0.0, 0.0, 0, 0
    for value in values:
        if port.type != "tensor(float)":
            scale, zero = input_form(model, port.name)
            info = np.iinfo(zero.dtype)
            value = np.clip(np.rint(value / scale) + zero, info.min, info.max).astype(zero.dtype)
        feeds = {port.name: value}
        expected = reference.run(None, feeds)[0].astype(np.float64)
        got = swiftlet.infer(model, feeds)(reference.get_outputs()[0].name).astype(np.float64)
        assert got.shape == expected.shape, f"{got.shape} for {expected.shape}"
        difference = np.abs(got - expected)
        largest, magnitude = max(largest, difference.max()), max(magnitude, np.abs(expected).max())
        if step:
            off += int((difference > (1.0 if step[1] else 1.001 * step[0])).sum())
        count += difference.size
    if step:
        return off <= 0.001 * count, f"{off} of {count} elements off by more than a quantum"
    return largest <= tolerance * max(magnitude, 1), f"largest difference {largest:.2e} of {magnitude:.3g}"


def quantisations(model, values, folder):
    """(label, path, tolerance) of what ONNX Runtime's quantiser makes of a model."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

    name = onnx.load(model).graph.input[0].name

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.rest = iter([{name: v} for v in values])

        def get_next(self):
            return next(self.rest, None)

    kinds = [
        ("qdq", QuantFormat.QDQ, QuantType.QUInt8, QuantType.QInt8, True), ("qoperator", QuantFormat.QOperator, QuantType.QUInt8, QuantType.QInt8, False),
        ("qoperator-u8u8", QuantFormat.QOperator, QuantType.QUInt8, QuantType.QUInt8, False),
        ("qoperator-s8s8", QuantFormat.QOperator, QuantType.QInt8, QuantType.QInt8, True),
    ]
    for label, form, activations, weights, per_channel in kinds:
        target = folder / f"{model.stem}.{label}.onnx"
        quantize_static(
            str(model), str(target), Reader(), quant_format=form, activation_type=activations, weight_type=weights, per_channel=per_channel,
            extra_options={"WeightSymmetric": weights == QuantType.QInt8})
        yield label, target, None
    target = folder / f"{model.stem}.dynamic.onnx"
    quantize_dynamic(str(model), str(target), weight_type=QuantType.QUInt8)
    # Ranges that are measured at run time amplify the last digit of a float into a whole step now and then.
    yield "dynamic", target, 2e-2


def detector(swiftlet, model, clips, folder):
    """A whole clip with its state: every probability, and the share above one half."""
    recipe, package = folder / "silero.yaml", folder / f"{model.stem}.swiftlet"
    recipe.write_text("task: raw\nconstants: {sr: 16000}\nstates: [{input: state, output: stateN}]\n")
    swiftlet.call("compile", model, "--recipe", recipe, "--shape", "input=1x576", "--shape", "state=2x1x128", "-o", package)
    reference = session(model)
    for label, samples in clips:
        state, memory, context = np.zeros((2, 1, 128), F), np.zeros((2, 1, 128), F), np.zeros(64)
        largest, shares, chunks = 0.0, [0, 0], len(samples) // 512
        for i in range(chunks):
            chunk = samples[512 * i:512 * (i + 1)]
            value = np.concatenate([context, chunk])[None].astype(F)
            context = chunk[-64:]
            expected, state = reference.run(None, {"input": value, "state": state, "sr": np.array(16000)})
            outputs = swiftlet.infer(package, {"input": value, "state": memory})
            got, memory = outputs("output"), outputs("stateN")
            largest = max(largest, float(np.abs(got - expected).max()))
            shares = [shares[0] + int(got[0, 0] > 0.5), shares[1] + int(expected[0, 0] > 0.5)]
        found = f"largest difference {largest:.2e}; speech share {shares[0] / chunks:.3f}, ONNX Runtime {shares[1] / chunks:.3f}"
        yield label, largest <= 1e-3 and shares[0] == shares[1], found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--swiftlet", default=".build/release/swiftlet")
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SWIFTLET_SHARED", "../shared")))
    parser.add_argument("--only", nargs="*", help="parts of the cases' names")
    arguments = parser.parse_args()
    if not (arguments.shared / "models").exists():
        print(f"SKIPPED: no models at {arguments.shared}; set SWIFTLET_SHARED")
        return 0
    inputs, failed = Inputs(arguments.shared), 0
    models = arguments.shared / "models"

    def wanted(name):
        return not arguments.only or any(part in name for part in arguments.only)

    def show(name, passed, found):
        nonlocal failed
        failed += not passed
        print(f"{'pass' if passed else 'FAIL'}  {name:44} {found}", flush=True)

    def attempt(name, body):
        try:
            show(name, *body())
        except Exception as error:
            show(name, False, str(error)[:300])

    with tempfile.TemporaryDirectory() as folder:
        swiftlet = Swiftlet(arguments.swiftlet, folder)
        stems = ["moonshine_tinyvad", "moonshine_spelling_cnn", "kws_dscnn_fp32", "kws_dscnn_qdq", "resnet8_cifar_fp32", "resnet8_cifar_qdq", "quartznet15x5"]
        for stem in stems:
            if wanted(stem):
                attempt(stem, lambda: compare(swiftlet, models / f"{stem}.onnx", inputs.of(stem)))
        for stem in ["moonshine_tinyvad", "moonshine_spelling_cnn", "resnet8_cifar_fp32"]:
            if wanted(f"{stem} quantised"):
                for label, path, tolerance in quantisations(models / f"{stem}.onnx", inputs.of(stem), Path(folder)):
                    attempt(f"{stem} {label}", lambda: compare(swiftlet, path, inputs.of(stem), tolerance or 1e-3))
        noise = np.random.default_rng(3).normal(0, 0.01, 16000 * 3)
        clips = [("speech", inputs.clips[15][:16000 * 10]), ("noise", noise)]
        for stem in ["silero_vad_16k_op15", "silero_vad"]:
            if wanted(stem):
                try:
                    for label, passed, found in detector(swiftlet, models / f"{stem}.onnx", clips, Path(folder)):
                        show(f"{stem} {label}", passed, found)
                except Exception as error:
                    show(stem, False, str(error)[:300])
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
