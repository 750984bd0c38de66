#!/usr/bin/env python3
"""The texts that ONNX Runtime gives for the shared folder's clips with QuartzNet, and the features that they come from.

    SWIFTLET_SHARED=… Tests/Conformance/speech_texts.py            renews Tests/EndToEnd/Golden/quartznet15x5.tsv, quartznet15x5-ahead.tsv
                                                                   beside it, and Tests/Hearing/Golden/features.json
    SWIFTLET_SHARED=… Tests/Conformance/speech_texts.py --check    compares with them instead
    Tests/Conformance/speech_texts.py --errors OUTPUT.jsonl        the word error rate of what `swiftlet transcribe --json` wrote

Sound is resampled by libsoxr, features are computed in numpy (sound_features.py), and clips longer than the model's 2048 frames are cut by
the rule that docs/speech.md states, written here a second time.
Needs: pip install onnx==1.17.0 onnxruntime==1.18.1 numpy scipy soundfile soxr.
"""
import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np

import sound_features

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ROOT / "Tests/EndToEnd/Golden/quartznet15x5.tsv"
AHEAD = ROOT / "Tests/EndToEnd/Golden/quartznet15x5-ahead.tsv"
FEATURES = ROOT / "Tests/Hearing/Golden/features.json"
RATE = sound_features.RATE
GREATEST_LENGTH = 2047 * 160


def load(path):
    import soundfile
    import soxr

    samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    samples = samples.mean(axis=1)
    return samples if rate == RATE else soxr.resample(samples, rate, RATE, quality="HQ")


def pieces(samples):
    """Pieces of GREATEST_LENGTH at most: each ends amid the quietest 200 ms of its second half."""
    step, stretch = RATE // 100, 20
    while len(samples) > GREATEST_LENGTH:
        first = GREATEST_LENGTH // 2
        steps = (GREATEST_LENGTH - first) // step
        energies = (samples[first : first + steps * step].astype(np.float64) ** 2).reshape(steps, step).sum(axis=1)
        quietest = int(np.argmin(np.convolve(energies, np.ones(stretch), "valid")))
        end = first + (quietest + stretch // 2) * step
        yield samples[:end]
        samples = samples[end:]
    yield samples


def clips(shared):
    return sorted(path for path in (shared / "data/speech").iterdir() if path.suffix in (".wav", ".flac"))


def texts(shared):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(shared / "models/quartznet15x5.onnx"), providers=["CPUExecutionProvider"])
    for path in clips(shared):
        words = []
        for piece in pieces(load(path)):
            scores = session.run(None, {session.get_inputs()[0].name: sound_features.quartznet(piece)})[0][0]
            words += sound_features.greedy_text(scores).split()
        yield path.name, " ".join(words)


def ahead_texts(shared, seconds=1):
    """The texts of sound that is heard in windows, by the rule that docs/speech.md states."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(shared / "models/quartznet15x5.onnx"), providers=["CPUExecutionProvider"])
    context, ahead, step = (2 * round(50 * duration) for duration in (2, seconds, seconds / 2))
    for path in clips(shared):
        bands = sound_features.quartznet_bands(load(path))
        frames, done, end, scores = bands.shape[1], 0, step + ahead, []
        while True:
            # No window ends between the last whole one and the sound's end.
            last = end > known_before_end(load(path))
            known, until = (frames, (frames + 1) // 2) if last else (end, (end - ahead) // 2)
            first = max(0, min(2 * done - context, known - context - step - ahead)) // 2 * 2
            heard = bands[:, max(0, known - 2048) : known]
            window = sound_features.normalised(bands[:, first:known], heard)
            scores.append(session.run(None, {session.get_inputs()[0].name: window})[0][0][done - first // 2 : until - first // 2])
            done, end = until, end + step
            if last:
                break
        yield path.name, " ".join(sound_features.greedy_text(np.concatenate(scores)).split())


def known_before_end(samples):
    """Frames whose 320 samples have all come, each centred on its own."""
    return max(0, (len(samples) - 160) // 160 + 1)


def features(shared):
    """A few values of each front end, at places that look random."""
    generator = np.random.default_rng(8)
    kinds = {"quartznet": sound_features.quartznet, "spelling": sound_features.spelling, "keywords": sound_features.keywords,
             "tinyVAD": sound_features.tiny_vad}
    names = ["an4_train_an22-flrp-b.wav", "an4_train_an46-mmap-b.wav", "libri_84-121550-0000.flac"]
    for kind, extract in kinds.items():
        for name in names:
            values = extract(load(shared / "data/speech" / name)).ravel()
            places = sorted(generator.choice(len(values), 60, replace=False).tolist())
            yield {"kind": kind, "clip": name, "count": len(values), "places": places, "values": [round(float(values[at]), 5) for at in places]}


def errors(path, shared):
    """Word error rate over all clips that have a transcript: lower case, apostrophes kept, everything else between words."""
    said = dict(line.rstrip("\n").split("\t") for line in (shared / "data/speech/transcripts.tsv").read_text().splitlines() if line)
    normalised = lambda text: " ".join("".join(c if c.isalnum() or c == "'" else " " for c in text.lower()).split())
    edits = words = count = 0
    duration = work = 0.0
    for line in path.read_text().splitlines():
        result = json.loads(line)
        duration += result["duration"]
        work += result["duration"] * result["real_time_factor"]
        name = Path(result["file"]).name
        if name in said:
            changed, total = sound_features.word_errors(normalised(said[name]), normalised(result["text"]))
            edits, words, count = edits + changed, words + total, count + 1
    print(f"{count} clips with transcripts: {edits} of {words} words, {100 * edits / words:.1f} %")
    print(f"real-time factor {work / duration:.4f} over {duration:.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SWIFTLET_SHARED", ROOT / "../shared")))
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--errors", type=Path, help="lines of `swiftlet transcribe --json`")
    arguments = parser.parse_args()
    if arguments.errors:
        return errors(arguments.errors, arguments.shared)
    made = {
        TEXTS: "".join(f"{name}\t{text}\n" for name, text in texts(arguments.shared)),
        AHEAD: "".join(f"{name}\t{text}\n" for name, text in ahead_texts(arguments.shared)),
        FEATURES: "[\n" + ",\n".join(json.dumps(case) for case in features(arguments.shared)) + "\n]\n",
    }
    for path, text in made.items():
        if arguments.check:
            print(f"{'pass' if path.read_text() == text else 'FAIL'}  {path.name}")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    return 0 if not arguments.check or all(path.read_text() == text for path, text in made.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
