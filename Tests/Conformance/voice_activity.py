#!/usr/bin/env python3
"""The probabilities of speech that ONNX Runtime gives, chunk by chunk, for the shared folder's detectors and a few of its clips.

    SWIFTLET_SHARED=… Tests/Conformance/voice_activity.py            renews Tests/swiftlet/Golden/voice_activity.json
    SWIFTLET_SHARED=… Tests/Conformance/voice_activity.py --check    compares with it instead

Needs: pip install onnxruntime==1.18.1 numpy scipy soundfile soxr.
"""
import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime

import sound_features
import speech_texts

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "Tests/swiftlet/Golden/voice_activity.json"
CLIPS = ["an4_train_an46-mmap-b.wav", "librivox_sense_and_sensibility_01_austen_64kb-0880.wav"]


def chunks(samples):
    for start in range(0, len(samples) - 511, 512):
        yield start, samples[start : start + 512]


def silero(session, samples):
    """Each chunk behind the 64 samples before it, with the state of the last."""
    state, context = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32)
    for _, chunk in chunks(samples):
        inputs = {"input": np.concatenate([context, chunk])[None], "state": state, "sr": np.array(16_000, np.int64)}
        output, state = session.run(None, inputs)
        context = chunk[-64:]
        yield float(output[0, 0])


def tiny_vad(session, samples):
    """The newest 8,192 samples at each chunk; silence before the first."""
    padded = np.concatenate([np.zeros(8192 - 512, np.float32), samples])
    for start, _ in chunks(samples):
        logit = session.run(None, {"log_mel": sound_features.tiny_vad(padded[start : start + 8192])})[0][0, 0]
        yield float(1 / (1 + np.exp(-logit)))


def cases(shared):
    for model, probabilities in [("silero_vad", silero), ("silero_vad_16k_op15", silero), ("moonshine_tinyvad", tiny_vad)]:
        session = onnxruntime.InferenceSession(str(shared / f"models/{model}.onnx"), providers=["CPUExecutionProvider"])
        for clip in CLIPS:
            samples = speech_texts.load(shared / "data/speech" / clip)
            values = [round(value, 4) for value in probabilities(session, samples)]
            yield {"model": model, "clip": clip, "probabilities": values}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SWIFTLET_SHARED", ROOT / "../shared")))
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    text = "[\n" + ",\n".join(json.dumps(case) for case in cases(arguments.shared)) + "\n]\n"
    if arguments.check:
        print(f"{'pass' if GOLDEN.read_text() == text else 'FAIL'}  {GOLDEN.name}")
        return 0 if GOLDEN.read_text() == text else 1
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
