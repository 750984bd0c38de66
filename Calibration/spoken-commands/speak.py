"""Has synthesisers say the words, and words that are none of them. See README.md beside this file."""

import argparse
import time
from pathlib import Path

import numpy as np

import espeak
import festivals
import neural
import words
from clips import Clips

SEED = 30


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", choices=sorted(SOURCES))
    parser.add_argument("--voices", type=int, required=True, help="voices, each of which says every word once")
    parser.add_argument("--unknown", type=int, default=16, help="words that are none of ours, drawn for each voice")
    parser.add_argument("--output", type=Path, metavar="FILE", required=True, help="the .npz to write")
    return parser.parse_args()


def by_espeak(count, texts, random):
    engine = espeak.Espeak()
    for number, (voice, speed, pitch, span) in enumerate(espeak.speakers(count, random)):
        if engine.choose(voice, speed, pitch, span):
            for text in texts():
                yield text, f"{voice}-{number}", engine.say(text), engine.rate


def by_festival(count, texts, random):
    for number in range(count):
        voice, hertz = festivals.FESTIVAL[number % len(festivals.FESTIVAL)]
        said = festivals.festival(voice, hertz, texts(), random.uniform(0.75, 1.35), random.uniform(0.8, 1.4))
        yield from ((text, f"{voice}-{number}", samples, rate) for text, samples, rate in said)


def by_flite(count, texts, random):
    for number in range(count):
        voice = festivals.FLITE[number % len(festivals.FLITE)]
        hertz = random.uniform(90, 210) if number >= len(festivals.FLITE) else None
        said = festivals.flite(voice, texts(), random.uniform(0.8, 1.3), hertz)
        yield from ((text, f"{voice}-{number}", samples, rate) for text, samples, rate in said)


def by_piper(count, texts, random):
    engine, voice = espeak.Espeak(), neural.Piper()
    for number in range(count):
        yield from ((text, f"joe-{number}", voice.say(engine.phonemes(text), random), voice.rate) for text in texts())


def by_kokoro(count, texts, random):
    engine, voice = espeak.Espeak(), neural.Kokoro()
    for number in range(count):
        speaker = voice.speaker(random)
        yield from ((text, f"{number}", voice.say(engine.phonemes(text), speaker), voice.rate) for text in texts())


def by_hibari(count, texts, random):
    voice = neural.Hibari()
    for number in range(count):
        pace = random.uniform(0.75, 1.35)
        yield from ((text, f"heart-{number}", voice.say(text, pace), voice.rate) for text in texts())


SOURCES = {"espeak-ng": by_espeak, "festival": by_festival, "flite": by_flite, "piper": by_piper, "kokoro": by_kokoro, "hibari": by_hibari}


def main():
    arguments = parse_arguments()
    random = np.random.default_rng(SEED)
    started = time.monotonic()
    clips, refused = Clips(), 0

    def texts():
        return words.WORDS + list(random.choice(words.UNKNOWN_TEXTS, arguments.unknown, replace=False))

    for text, voice, samples, rate in SOURCES[arguments.source](arguments.voices, texts, random):
        refused += not clips.add(str(text), f"{arguments.source}/{voice}", samples, rate)
    if not len(clips):
        raise SystemExit(f"{arguments.source} said nothing: is it installed? Packaging/install-dependencies.sh spoken-commands")
    clips.save(arguments.output)
    print(f"{arguments.source}: {len(clips)} clips by {len(set(clips.voices))} voices, {refused} left out as silent or too long, in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
