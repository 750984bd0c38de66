#!/usr/bin/env python3
"""Swiftlet beside transformers on Whisper models of random weights: what the encoder makes, the scores of every token and the greedy tokens.

Usage: compare.py SWIFTLET [--size tiny|base] [--seconds 1 5 30] [--shortest 30] [--weights float|int8]; ends with status 1 where something differs.
With 8-bit weights it tells for how many of Swiftlet's tokens the reference, in float, would have chosen the same behind the same text, and wants 85 %.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import whisper_model as whisper

TOLERANCE = 1e-3
LEAST_SHARE = 0.85
parser = argparse.ArgumentParser()
parser.add_argument("swiftlet")
parser.add_argument("--size", choices=["tiny", "base"], default="tiny")
parser.add_argument("--seconds", type=float, nargs="+", default=[1, 5, 30])
parser.add_argument("--shortest", type=float, default=30)
parser.add_argument("--weights", default="float")
arguments = parser.parse_args()
failures = 0
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    model = whisper.make(folder / "model", getattr(whisper, arguments.size.upper()), seed=7)
    package = folder / "whisper.swiftlet"
    shortest = [] if arguments.shortest == 30 else ["--shortest-sound", str(arguments.shortest)]
    subprocess.run([arguments.swiftlet, "compile", folder / "model", "-o", package, "--weights", arguments.weights, *shortest], check=True, stdout=subprocess.DEVNULL)
    print(f"whisper: {arguments.size} compiled, {package.stat().st_size / 1e6:.1f} MB")
    for seconds in arguments.seconds:
        samples = whisper.sound(folder / "sound.wav", seconds)
        traces = folder / f"traces-{seconds}"
        command = [arguments.swiftlet, "transcribe", package, folder / "sound.wav", "--json", "--tensors", traces]
        own = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        if arguments.weights != "float":
            start = 2  # behind the prompt
            scores = whisper.choices(model[0], samples, round(arguments.shortest * 50), own["tokens"])[start - 1:]
            equal = whisper.chosen(model[1], model[2], scores)
            count = sum(a == b for a, b in zip(equal, own["tokens"][start:]))
            failures += count < LEAST_SHARE * len(equal)
            print(f"whisper: {seconds} s: {count} of {len(equal)} tokens are the float model's choice, too")
            continue
        tokens, heard, scores, _, _ = whisper.greedy(*model, samples, round(arguments.shortest * 50))
        heard_error = float(numpy.abs(numpy.load(traces / "heard.0.npy") - heard).max())
        steps = min(len(own["tokens"]), len(tokens)) - 1
        first_other = next((i for i in range(steps + 1) if own["tokens"][i] != tokens[i]), None)
        # Behind a token of another choice the scores are of another text.
        comparable = steps if first_other is None else first_other
        scores_error = max(float(numpy.abs(numpy.load(traces / f"scores.{i}.npy")[0] - scores[i]).max()) for i in range(comparable))
        good = heard_error < TOLERANCE and scores_error < TOLERANCE and own["tokens"] == tokens
        failures += not good
        print(
            f"whisper: {seconds} s: encoder within {heard_error:.1e}, scores within {scores_error:.1e}, {len(tokens)} tokens"
            f" ({len(set(tokens))} different) {'equal' if own['tokens'] == tokens else f'differ from {first_other} on'}{'' if good else '  FAILED'}")
sys.exit(1 if failures else 0)
