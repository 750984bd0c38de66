#!/usr/bin/env python3
"""Swiftlet beside transformers on Moonshine models of random weights: what the encoder makes, the scores of every token and the greedy tokens.

Usage: compare.py SWIFTLET [--size tiny|base] [--seconds 0.5 1 5 10 30] [--weights float|int8]; ends with status 1 where something differs.
With 8-bit weights it tells for how many of Swiftlet's tokens the reference, in float, would have chosen the same behind the same text, and wants 85 %.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import model as moonshine

TOLERANCE = 1e-3
LEAST_SHARE = 0.85
parser = argparse.ArgumentParser()
parser.add_argument("swiftlet")
parser.add_argument("--size", choices=["tiny", "base", "smallest"], default="tiny")
parser.add_argument("--seconds", type=float, nargs="+", default=[0.5, 1, 5, 10, 30])
parser.add_argument("--weights", default="float")
arguments = parser.parse_args()
failures = 0
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    reference = moonshine.make(folder / "model", getattr(moonshine, arguments.size.upper()), seed=7)
    package = folder / "moonshine.swiftlet"
    start = time.monotonic()
    subprocess.run([arguments.swiftlet, "compile", folder / "model", "-o", package, "--weights", arguments.weights], check=True, stdout=subprocess.DEVNULL)
    print(f"moonshine: {arguments.size} compiled in {time.monotonic() - start:.1f} s, {package.stat().st_size / 1e6:.1f} MB")
    for seconds in arguments.seconds:
        samples = moonshine.sound(folder / "sound.wav", seconds)
        tokens, heard, scores = moonshine.reference(reference, samples)
        traces = folder / f"traces-{seconds}"
        command = [arguments.swiftlet, "transcribe", package, folder / "sound.wav", "--json"]
        own = json.loads(subprocess.run([*command, "--tensors", traces], check=True, capture_output=True, text=True).stdout)
        if arguments.weights != "float":
            equal = int((moonshine.choices(reference, samples, own["tokens"]) == own["tokens"][1:]).sum())
            # Random weights leave tokens closer to each other than trained ones do.
            failures += equal < LEAST_SHARE * (len(own["tokens"]) - 1)
            print(f"moonshine: {seconds} s: {equal} of {len(own['tokens']) - 1} tokens are the float model's choice, too")
            continue
        heard_error = float(numpy.abs(numpy.load(traces / "heard.0.npy") - heard).max())
        steps = min(len(own["tokens"]), len(tokens)) - 1
        first_other = next((i for i in range(steps + 1) if own["tokens"][i] != tokens[i]), None)
        # Behind a token of another choice the scores are of another text.
        comparable = steps if first_other is None else first_other
        errors = [numpy.abs(numpy.load(traces / f"scores.{i}.npy")[0] - scores[i]).max() for i in range(comparable)]
        scores_error = float(max(errors))
        good = heard_error < TOLERANCE and scores_error < TOLERANCE and own["tokens"] == tokens
        failures += not good
        print(
            f"moonshine: {seconds} s: encoder within {heard_error:.1e}, scores within {scores_error:.1e}, {len(tokens)} tokens"
            f" ({len(set(tokens))} different) {'equal' if own['tokens'] == tokens else f'differ from {first_other} on'}{'' if good else '  FAILED'}")
sys.exit(1 if failures else 0)
