#!/usr/bin/env python3
"""Makes Tests/Transcription/Golden/whisper: a smallest model of random weights, a sound, and what transformers makes of it.

Usage: build/moonshine-python/bin/python Tests/Conformance/Whisper/make_cases.py
"""
import json
import pathlib

import numpy
import whisper_model as whisper
from tokenizers import Tokenizer

folder = pathlib.Path(__file__).parent.parent.parent / "Transcription/Golden/whisper"
free = whisper.make(folder, whisper.SMALLEST, seed=4, several_languages=True)
samples = whisper.sound(folder / "sound.wav", 0.9)
blocks = whisper.SMALLEST["positions"]
tokens = whisper.greedy(*free, samples, blocks, "de")[0]
# A random model has no end: a token that comes late and not earlier becomes it.
end = next(token for position, token in enumerate(tokens) if position >= 9 and token not in tokens[:position])
made = whisper.make(folder, whisper.SMALLEST, seed=4, several_languages=True, end_token=end)
ended, heard, scores, silence, mean = whisper.greedy(*made, samples, blocks, "de")
# Not padded beyond whole blocks.
short, short_heard, _, _, _ = whisper.greedy(*made, samples[:7000], 10, "en")
numpy.save(folder / "heard.npy", heard)
numpy.save(folder / "short.npy", short_heard)
numpy.save(folder / "scores.npy", scores)
text = Tokenizer.from_file(str(folder / "tokenizer.json")).decode(ended, skip_special_tokens=True)
(folder / "tokens.json").write_text(json.dumps({"tokens": ended, "short": short, "silence": silence, "mean": mean, "text": text.removeprefix(" ")}) + "\n")
print(end, ended, short, silence, mean, repr(text))
