"""How many real clips a model of ONNX Runtime's takes for what they are: commands, digits, and letters, for which it is to write nothing."""

import argparse
import wave
from collections import Counter
from pathlib import Path

import numpy as np
import onnxruntime

import features
import words

# What the agent writes is at least this likely.
LEAST = 0.5


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="the .onnx")
    parser.add_argument("clips", type=Path, help="the folder that real_clips.py made")
    return parser.parse_args()


def samples(path):
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (features.RATE, 1, 2):
            raise SystemExit(f"{path}: 16 bits, one channel and {features.RATE} Hz are read here; swiftlet evaluate reads more")
        return np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768


def main():
    arguments = parse_arguments()
    session = onnxruntime.InferenceSession(str(arguments.model), providers=["CPUExecutionProvider"])
    for kind in sorted(path for path in arguments.clips.iterdir() if path.is_dir()):
        files = sorted(kind.glob("*/*.wav"))
        first, written, wrong = 0, 0, Counter()
        for path in files:
            logits = session.run(None, {"sound": features.of_clip(samples(path))})[0][0]
            likely = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
            best, said = words.LABELS[likely.argmax()], path.parent.name
            text = best if likely.max() >= LEAST and best in words.WORDS else None
            first += best == said
            written += text == (said if said in words.WORDS else None)
            if best != said:
                wrong[f"{path.stem.split('-')[0] if said == words.UNKNOWN else said}→{best}{'' if text else ' (not written)'}"] += 1
        print(f"{kind.name}: first {first}/{len(files)}, written as they should be {written}/{len(files)}; {dict(wrong)}")


if __name__ == "__main__":
    main()
