#!/usr/bin/env python3
"""Every model of the shared folder, whole: its task's figure in ONNX Runtime and in Swiftlet on the same inputs, and how far the output
tensors are apart.

    SWIFTLET_SHARED=../shared Tests/Conformance/models_table.py .build/release/swiftlet [MODEL…]

FP32 outputs have to agree within 1e-3 of the output's largest magnitude, INT8 ones within one quantum on 99.9 % of the elements; the
figures within what those allow. Exit status 1 on a miss, 2 where the models are not at hand.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image

import conformance
import detection_scoring as scoring
import head_decoding as heads
import sound_features as sound

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SWIFTLET_SHARED", ROOT.parent / "shared"))
FLOAT_LIMIT, INTEGER_LIMIT = 1e-3, 0.999
PHOTOS, COCO, SPEECH = SHARED / "data/photos", SHARED / "data/coco", SHARED / "data/speech"
KEYWORDS = "down go left no off on right stop up yes silence unknown".split()


class Model:
    """One model in both engines, and how far apart their outputs were so far."""

    def __init__(self, swiftlet, stem, folder, *options):
        self.swiftlet, self.stem, self.folder = swiftlet, stem, folder
        self.path, self.recipe = SHARED / f"models/{stem}.onnx", ROOT / f"Calibration/recipes/{stem}.yaml"
        self.is_integer = stem.endswith("_qdq")
        self.session, self.mode = conformance.exact_session(self.path)
        self.package = folder / f"{stem}.swiftlet"
        self.command("compile", self.path, "--recipe", self.recipe, *options, "-o", self.package)
        self.error, self.within, self.total, self.count = 0.0, 0, 0, 0

    def command(self, *arguments):
        done = subprocess.run([self.swiftlet, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            raise Unable(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit status {done.returncode}")
        return done.stdout

    def both(self, inputs):
        """({name: ONNX Runtime's output}, {name: Swiftlet's}) for {name: array}; what differs is added up."""
        expected = dict(zip([port.name for port in self.session.get_outputs()], self.session.run(None, inputs)))
        arguments = []
        for name, value in inputs.items():
            file = self.folder / f"{conformance.file_name(name)}.in.npy"
            np.save(file, np.ascontiguousarray(value))
            arguments += ["--tensor", f"{name}={file}"]
        self.command("infer", self.package, *arguments, "--save-tensors", self.folder / "out")
        found = {}
        for name, reference in expected.items():
            found[name] = np.load(self.folder / "out" / f"{conformance.file_name(name)}.npy").reshape(reference.shape)
            difference = np.abs(found[name].astype(np.float64) - reference.astype(np.float64))
            if self.is_integer:
                quantum = 1 if reference.dtype in (np.int8, np.uint8) else conformance.last_scale(self.path, name) or 1 / 256
                self.within += int((difference <= quantum * 1.0001).sum())
                self.total += difference.size
            else:
                self.error = max(self.error, float(difference.max() / max(np.abs(reference).max(), 1e-12)))
        self.count += 1
        return expected, found

    def step(self, inputs, states):
        """Both engines' outputs, each from its own state; the tensors are compared for ONNX Runtime's state."""
        rate = {"sr": np.array(16000, np.int64)} if any(port.name == "sr" for port in self.session.get_inputs()) else {}
        names = [port.name for port in self.session.get_outputs()]
        expected = dict(zip(names, self.session.run(None, {**inputs, **rate, "state": states[0]})))
        arguments = []
        for name, value in {**inputs, "state": states[1]}.items():
            np.save(self.folder / f"{name}.in.npy", np.ascontiguousarray(value))
            arguments += ["--tensor", f"{name}={self.folder / name}.in.npy"]
        self.command("infer", self.package, *arguments, "--save-tensors", self.folder / "out")
        found = {name: np.load(self.folder / "out" / f"{name}.npy").reshape(expected[name].shape) for name in names}
        for name in names:
            difference = np.abs(found[name].astype(np.float64) - expected[name])
            self.error = max(self.error, float(difference.max() / max(np.abs(expected[name]).max(), 1e-12)))
        self.count += 1
        return expected, found

    def evaluated(self, dataset, *options):
        return json.loads(self.command("evaluate", self.package, dataset, "--json", *options))

    def agreement(self):
        if self.count == 0:
            return "", True
        if self.is_integer:
            share = self.within / self.total
            return f"{share:.3%} of {self.total} within one quantum ({self.mode})", share >= INTEGER_LIMIT
        return f"{self.error:.1e}", self.error <= FLOAT_LIMIT


class Unable(Exception):
    """What a model needs and this build doesn't have."""


# Each gives (what was measured, ONNX Runtime's figure, Swiftlet's, further words).


def detection(model, prepare, decode):
    files = sorted((COCO / "images").glob("*.jpg"))
    found, truths = ([], []), []
    for file in files:
        picture = Image.open(file)
        value, scale = prepare(picture)
        outputs = model.both({model.session.get_inputs()[0].name: value})
        truths.append(scoring.truth(COCO / "labels" / f"{file.stem}.txt", *picture.size))
        for engine in (0, 1):
            found[engine].append(decode(outputs[engine], scale, *picture.size))
    figures = [scoring.mean_average_precision(rows, truths)[0] for rows in found]
    own = model.evaluated(COCO)["map50"]
    return f"mAP@0.5, {len(files)} COCO images", f"{figures[0]:.3f}", f"{figures[1]:.3f}", f"`evaluate`: {own:.3f}"


def yolox(model):
    return detection(model, scoring.letterboxed, lambda outputs, scale, *size: scoring.decoded(outputs["output"][0], scale, *size))


def nanodet(model):
    prepare = lambda picture: (heads.stretched(picture, 320, [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]), None)
    return detection(model, prepare, lambda outputs, _, *size: heads.nanodet(outputs, *size))


def fastestdet(model):
    return detection(model, lambda picture: (heads.stretched(picture, 352, 0, 255), None), lambda outputs, _, *size: heads.fastestdet(outputs, *size))


def faces(model):
    counts, own = ([], []), []
    for name in ("face.jpg", "cat.bmp"):
        value = conformance.tensor(Image.open(PHOTOS / name), model.session.get_inputs()[0], "centred")
        for engine, outputs in enumerate(model.both({"input": value})):
            counts[engine].append(heads.faces(outputs))
        own.append(len(json.loads(model.command("infer", model.package, PHOTOS / name, "--json"))["detections"]))
    return "faces on `face.jpg`, `cat.bmp`", *("{}, {}".format(*found) for found in counts), "`infer`: {}, {}".format(*own)


def imagenet(model):
    labels = (PHOTOS / "imagenet_labels.txt").read_text().splitlines()
    names = [{part.strip().lower() for part in label.split(",")} for label in labels]
    files = sorted((SHARED / "data/imagenet").glob("*.JPEG"))
    hits = [0, 0]
    for file in files:
        value = conformance.tensor(Image.open(file), model.session.get_inputs()[0], "signed")
        wanted = file.stem.split("_", 1)[1].replace("_", " ").lower()
        for engine, outputs in enumerate(model.both({model.session.get_inputs()[0].name: value})):
            hits[engine] += wanted in names[int(next(iter(outputs.values())).argmax())]
    own = model.evaluated(SHARED / "data/imagenet", "--labels", "names")
    return f"top-1, {len(files)} ImageNet images", *(f"{count / len(files):.3f}" for count in hits), f"`evaluate`: {own['top1']:.3f}"


def cifar(model):
    archive, folder = SHARED / "data/cifar10_test_quarter.tar.gz", model.folder.parent / "cifar"
    if not folder.exists():
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    root = next(path.parent for path in sorted(folder.rglob("airplane")) if path.is_dir())
    classes = sorted(path.name for path in root.iterdir() if path.is_dir())
    files = [(kind, file) for kind, name in enumerate(classes) for file in sorted((root / name).glob("*.jpg"))]
    port, hits = model.session.get_inputs()[0], 0
    for at, (kind, file) in enumerate(files):
        value = conformance.tensor(Image.open(file), port, "raw")
        # Outputs are compared on a part: each needs a process of its own.
        outputs = model.both({port.name: value})[0] if at % 50 == 0 else dict(enumerate(model.session.run(None, {port.name: value})))
        hits += int(next(iter(outputs.values())).argmax()) == kind
    return f"top-1, {len(files)} CIFAR-10 images", f"{hits / len(files):.3f}", f"{model.evaluated(root)['top1']:.3f}", "Swiftlet's by `evaluate`"


def persons(model):
    """Whether a person fills at least half a per cent of the image, by COCO's labels."""
    files, hits = sorted((COCO / "images").glob("*.jpg")), [0, 0]
    for file in files:
        rows = np.loadtxt(COCO / "labels" / f"{file.stem}.txt", ndmin=2).reshape(-1, 5)
        wanted = bool(((rows[:, 0] == 0) & (rows[:, 3] * rows[:, 4] >= 0.005)).any())
        value = conformance.tensor(Image.open(file), model.session.get_inputs()[0], "unit")
        for engine, outputs in enumerate(model.both({model.session.get_inputs()[0].name: value})):
            hits[engine] += bool(next(iter(outputs.values())).argmax() == 1) == wanted
    return f"person or none, {len(files)} COCO images", *(f"{count / len(files):.3f}" for count in hits), ""


def keywords(model):
    hits, count = [0, 0], 0
    for clip, said in transcripts():
        if said not in KEYWORDS:
            continue
        value = sound.keywords(sound.load(clip))
        if model.is_integer:
            value = np.clip(np.round(value / 0.5847029) + 83, -128, 127).astype(np.int8)
        for engine, outputs in enumerate(model.both({"input_1": value})):
            hits[engine] += KEYWORDS[int(next(iter(outputs.values())).argmax())] == said
        count += 1
    return f"right of {count} clips of its words", *map(str, hits), ""


def quartznet(model):
    errors, words, same = [0, 0], 0, 0
    clips = transcripts()
    for clip, said in clips:
        value = sound.quartznet(sound.load(clip))
        texts = [
            sound.greedy_text(outputs["logprobs"][0]).strip()
            for outputs in model.both({"mel": value})
        ]
        same += texts[0] == texts[1]
        for engine in (0, 1):
            errors[engine] += sound.word_errors(said, texts[engine])[0]
        words += len(said.split())
    return f"word error rate, {len(clips)} clips, {words} words", *(f"{count / words:.3f}" for count in errors), f"same text on {same} of {len(clips)}"


def spelling(model):
    classes = json.loads((SHARED / "models/moonshine_spelling_cnn.json").read_text())["classes"]
    clips = [(folder.name, clip) for folder in sorted((SHARED / "data/spoken_tokens").iterdir()) for clip in sorted(folder.glob("*.wav"))]
    hits = [0, 0]
    for said, clip in clips:
        for engine, outputs in enumerate(model.both({"log_mel": sound.spelling(sound.load(clip))})):
            hits[engine] += classes[int(outputs["logits"][0].argmax())] == said
    return f"right of {len(clips)} spoken tokens", *map(str, hits), ""


def tiny_vad(model):
    shares = []
    for samples in (sound.load(SPEECH / "two_cities_16k.wav")[: 8192 * 30], noise(8192 * 30)):
        flags = ([], [])
        for start in range(0, len(samples), 8192):
            for engine, outputs in enumerate(model.both({"log_mel": sound.tiny_vad(samples[start : start + 8192])})):
                flags[engine].append(float(outputs["speech_logit"][0, 0]) > 0)
        shares.append([float(np.mean(list_of_flags)) for list_of_flags in flags])
    return "share of speech: 15 s read aloud, noise", *(f"{shares[0][engine]:.2f}, {shares[1][engine]:.2f}" for engine in (0, 1)), ""


def silero(model):
    shares = []
    for samples in (sound.load(SPEECH / "two_cities_16k.wav")[: 512 * 125], noise(512 * 60)):
        flags, states, context = ([], []), [np.zeros((2, 1, 128), np.float32)] * 2, np.zeros(64, np.float32)
        for start in range(0, len(samples), 512):
            chunk = np.concatenate([context, samples[start : start + 512]])
            context = chunk[-64:]
            outputs = model.step({"input": chunk[None]}, states)
            for engine in (0, 1):
                states[engine] = outputs[engine]["stateN"]
                flags[engine].append(float(outputs[engine]["output"][0, 0]) > 0.5)
        shares.append([float(np.mean(list_of_flags)) for list_of_flags in flags])
    return "share of speech: 4 s read aloud, noise", *(f"{shares[0][engine]:.2f}, {shares[1][engine]:.2f}" for engine in (0, 1)), "each with its own state"


def transcripts():
    lines = [line.split("\t") for line in (SPEECH / "transcripts.tsv").read_text().splitlines()]
    return [(SPEECH / name, said) for name, said in lines]


def noise(count):
    return np.random.default_rng(1).normal(0, 0.05, count).astype(np.float32)


# The model, what measures it, and what the shared folder says of it (on more data than is there, in part).
MODELS = [
    ("yolox_nano_416", yolox, "0.506 on 128"),
    ("nanodet_m_320", nanodet, "0.418 on 128"),
    ("fastestdet_352", fastestdet, "0.353 on 128"),
    ("ultraface_rfb_320", faces, "1, 0"),
    ("mobilenet_v2_224_qdq", imagenet, "0.89 on 1,000"),
    ("resnet8_cifar_fp32", cifar, "0.75"),
    ("resnet8_cifar_qdq", cifar, "0.75"),
    ("vww_96_fp32", persons, ""),
    ("vww_96_qdq", persons, ""),
    ("kws_dscnn_fp32", keywords, ""),
    ("kws_dscnn_qdq", keywords, ""),
    ("quartznet15x5", quartznet, "0.052 on 60"),
    ("moonshine_spelling_cnn", spelling, "200 of 220"),
    ("moonshine_tinyvad", tiny_vad, ""),
    ("silero_vad", silero, "0.68 on another clip, 0.00"),
    ("silero_vad_16k_op15", silero, "0.68 on another clip, 0.00"),
]


def row(swiftlet, stem, measure, stated, folder):
    """A line of the table, and whether it passes."""
    own = folder / stem
    own.mkdir()
    try:
        model = Model(swiftlet, stem, own)
        what, reference, found, words = measure(model)
    except Unable as reason:
        return f"| `{stem}` | doesn't run: {reason} | {stated} | | | | | MISS |", False
    agreement, passes = model.agreement()
    shutil.rmtree(own / "out", ignore_errors=True)
    return f"| `{stem}` | {what} | {stated} | {reference} | {found} | {words} | {agreement} | {'ok' if passes else 'MISS'} |", passes


def main():
    arguments = sys.argv[1:]
    swiftlet = arguments[0] if arguments else os.environ.get("SWIFTLET", str(ROOT / ".build/release/swiftlet"))
    chosen = arguments[1:] or [stem for stem, _, _ in MODELS]
    unknown = set(chosen) - {stem for stem, _, _ in MODELS}
    if unknown:
        print(f"no such model: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 1
    if not (SHARED / "models").is_dir():
        print(f"SKIPPED: real models are not at {SHARED}; set SWIFTLET_SHARED", file=sys.stderr)
        return 2
    ort.set_default_logger_severity(4)
    print(f"onnxruntime {ort.__version__}\n")
    print("| model | measured | stated | ONNX Runtime | Swiftlet | | outputs | |\n|---|---|---|---|---|---|---|---|")
    passes = True
    with tempfile.TemporaryDirectory() as name:
        for stem, measure, stated in MODELS:
            if stem in chosen:
                line, good = row(swiftlet, stem, measure, stated, Path(name))
                passes = passes and good
                print(line, flush=True)
    return 0 if passes else 1


if __name__ == "__main__":
    sys.exit(main())
