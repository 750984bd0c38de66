"""Turns spoken clips into training features, each word heard many times in another way. See README.md beside this file."""

import argparse
import time
from pathlib import Path

import numpy as np

import augment
import words
from clips import Clips

SEED = 31


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, metavar="FILE", nargs="+", required=True, help="what speak.py wrote")
    parser.add_argument("--count", type=int, required=True, help="examples to make")
    parser.add_argument("--unknown", type=float, default=0.26, help="share of words that are none of ours")
    parser.add_argument("--silence", type=float, default=0.04, help="share of clips without a word")
    parser.add_argument("--shares", nargs="*", default=[], metavar="SOURCE=WEIGHT", help="how often each synthesiser is heard; 1 unless said otherwise")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--output", type=Path, metavar="FILE", required=True, help="the .npz to write")
    return parser.parse_args()


def chooser(clips, shares):
    """A function random, label → index of a clip, by source, then voice, then clip: voices of many clips are heard no oftener."""
    by_label = [{} for _ in words.LABELS]
    for index, (label, voice) in enumerate(zip(clips.labels, clips.voices)):
        by_label[label].setdefault(voice.split("/")[0], {}).setdefault(voice, []).append(index)
    flat = [{source: list(voices.values()) for source, voices in sources.items()} for sources in by_label]

    def choose(random, label):
        sources = list(flat[label])
        weights = np.array([shares.get(source, 1.0) for source in sources])
        voices = flat[label][sources[random.choice(len(sources), p=weights / weights.sum())]]
        voice = voices[random.integers(len(voices))]
        return voice[random.integers(len(voice))]

    return choose


def main():
    arguments = parse_arguments()
    random = np.random.default_rng(arguments.seed)
    clips = Clips.load(*arguments.clips)
    shares = {name: float(weight) for name, weight in (share.split("=") for share in arguments.shares)}
    choose = chooser(clips, shares)
    started = time.monotonic()
    noises = augment.make_noises(random, clips, 600)
    known = (1 - arguments.unknown - arguments.silence) / len(words.WORDS)
    labels = random.choice(len(words.LABELS), arguments.count, p=[known] * len(words.WORDS) + [arguments.unknown, arguments.silence])
    heard = np.empty((arguments.count, augment.features.BANDS, augment.WIDE), np.float16)
    for position, label in enumerate(labels):
        silent = words.LABELS[label] == words.SILENCE
        stage = augment.unsaid(random, noises) if silent else augment.said(random, clips.wave(choose(random, label)), noises)
        heard[position] = augment.wide_features(random, stage)
    np.savez(arguments.output, features=heard, labels=labels)
    sources, counts = np.unique(clips.sources(), return_counts=True)
    print(f"{len(clips)} clips ({', '.join(f'{source} {count}' for source, count in zip(sources, counts))}): {arguments.count} examples in "
          f"{time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
