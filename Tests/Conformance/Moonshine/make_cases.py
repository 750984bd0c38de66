#!/usr/bin/env python3
"""Makes Tests/Transcription/Golden/moonshine: a smallest model of random weights, a sound, and what transformers makes of it.

Usage: build/moonshine-python/bin/python Tests/Conformance/Moonshine/make_cases.py
"""
import json
import pathlib

import numpy
import model as moonshine

folder = pathlib.Path(__file__).parent.parent.parent / "Transcription/Golden/moonshine"
free = moonshine.make(folder, moonshine.SMALLEST, seed=5)
samples = moonshine.sound(folder / "sound.wav", 0.9)
tokens = moonshine.reference(free, samples)[0]
# A random model has no end: a token that comes late and not earlier becomes it.
end = next(token for position, token in enumerate(tokens) if position >= 6 and token not in tokens[:position] and token > 2)
ending = moonshine.make(folder, moonshine.SMALLEST, seed=5, end_token=end)
ended, heard, scores = moonshine.reference(ending, samples)
numpy.save(folder / "heard.npy", heard)
numpy.save(folder / "scores.npy", scores)
(folder / "tokens.json").write_text(json.dumps({"tokens": ended, "free": tokens}) + "\n")
(folder / "generation_config.json").unlink(missing_ok=True)
print(end, ended, tokens)
