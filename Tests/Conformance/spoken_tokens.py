#!/usr/bin/env python3
"""What ONNX Runtime takes the shared folder's spoken letters and digits for, with Moonshine's spelling model, and how likely.

    SWIFTLET_SHARED=… Tests/Conformance/spoken_tokens.py            renews Tests/swiftlet/Golden/spoken_tokens.json
    SWIFTLET_SHARED=… Tests/Conformance/spoken_tokens.py --check    compares with it instead

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
GOLDEN = ROOT / "Tests/swiftlet/Golden/spoken_tokens.json"


def cases(shared):
    session = onnxruntime.InferenceSession(str(shared / "models/moonshine_spelling_cnn.onnx"), providers=["CPUExecutionProvider"])
    for path in sorted((shared / "data/spoken_tokens").glob("*/*.wav")):
        logits = session.run(None, {"log_mel": sound_features.spelling(speech_texts.load(path))})[0][0]
        powers = np.exp(logits - logits.max())
        best = int(logits.argmax())
        yield {"clip": f"{path.parent.name}/{path.name}", "label": best, "probability": round(float(powers[best] / powers.sum()), 4)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SWIFTLET_SHARED", ROOT / "../shared")))
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    text = "[\n" + ",\n".join(json.dumps(case) for case in cases(arguments.shared)) + "\n]\n"
    if arguments.check:
        print(f"{'pass' if GOLDEN.read_text() == text else 'FAIL'}  {GOLDEN.name}")
        return 0 if GOLDEN.read_text() == text else 1
    GOLDEN.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
