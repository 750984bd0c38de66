"""Writes spoken words as they would be heard, to choose the 8-bit model's ranges by. See README.md beside this file."""

import argparse
import wave
from pathlib import Path

import numpy as np

import augment
from clips import Clips

SEED = 33


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, metavar="FILE", nargs="+", required=True, help="what speak.py wrote")
    parser.add_argument("--count", type=int, default=160)
    parser.add_argument("output", type=Path, help="the folder of WAV files")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    random = np.random.default_rng(SEED)
    clips = Clips.load(*arguments.clips)
    noises = augment.make_noises(random, clips, 60)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for index in range(arguments.count):
        stage = augment.said(random, clips.wave(random.integers(len(clips))), noises)
        with wave.open(str(arguments.output / f"{index:03}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(augment.RATE)
            file.writeframes(np.round(32000 * stage).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
