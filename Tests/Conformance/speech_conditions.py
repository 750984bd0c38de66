#!/usr/bin/env python3
"""How speech is understood when the sound isn't a studio's: the shared folder's clips with pauses between them in one file, in noise, clipped, at
other rates and in other formats; and what is made up where nobody speaks.

    Tests/Conformance/speech_conditions.py --swiftlet .build/release/swiftlet --model quartznet.swiftlet [--voice-activity silero.swiftlet …]

Prints a table: word error rate and words put in for each condition, of the whole sound and with each detector. Sounds are the same for a seed.
Needs: pip install numpy soundfile soxr.
"""
import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr

ROOT = Path(__file__).resolve().parents[2]
RATE = 16_000
SPEECH = ["pauses", "noise 20 dB", "noise 10 dB", "clipped", "quiet", "8 kHz", "48 kHz stereo", "FLAC 24 bit", "WAV float", "WAV unsigned 8 bit", "WAV mu-law"]
SILENCE = ["silence", "noise", "music", "hum"]


def clips(shared):
    folder = shared / "data/speech"
    said = dict(line.split("\t") for line in (folder / "transcripts.tsv").read_text().splitlines() if line)
    for name in sorted(said):
        samples, rate = soundfile.read(str(folder / name), dtype="float32", always_2d=True)
        yield said[name], soxr.resample(samples.mean(axis=1), rate, RATE)


def with_pauses(shared, random):
    """One sound of all clips with 2 to 6 s between them, and its text."""
    parts, texts = [], []
    for text, samples in clips(shared):
        parts += [np.zeros(int(RATE * random.uniform(2, 6))), samples]
        texts.append(text)
    return " ".join(texts), np.concatenate(parts + [np.zeros(3 * RATE)])


def music(random, seconds=60):
    """Chords of plucked strings with their overtones, four a second."""
    sound = np.zeros(seconds * RATE)
    for beat in range(seconds * 4):
        root = 110 * 2 ** (random.integers(0, 24) / 12)
        time = np.arange(RATE) / RATE
        chord = sum(np.sin(2 * np.pi * root * ratio * overtone * time) / overtone for ratio in (1, 1.25, 1.5) for overtone in range(1, 6))
        start = beat * RATE // 4
        sound[start : start + RATE] += (0.05 * chord * np.exp(-5 * time))[: len(sound) - start]
    return sound


def write(folder, condition, text, sound, rate=RATE, ending="wav", subtype="PCM_16"):
    path = folder / condition.replace(" ", "-")
    path.mkdir()
    soundfile.write(str(path / f"all.{ending}"), np.clip(sound, -1, 1), rate, subtype=subtype)
    (path / "all.txt").write_text(text)
    return path


def conditions(shared, folder, random):
    text, speech = with_pauses(shared, random)
    level = np.sqrt(np.mean(speech[np.abs(speech) > 0.01] ** 2))
    hiss = lambda decibels: speech + level * 10 ** (-decibels / 20) * random.standard_normal(len(speech))
    room = speech + 0.0005 * random.standard_normal(len(speech))
    minute = 60 * RATE
    sounds = {
        "pauses": {"sound": room}, "noise 20 dB": {"sound": hiss(20)}, "noise 10 dB": {"sound": hiss(10)},
        "clipped": {"sound": np.clip(10 * room, -0.5, 0.5)}, "quiet": {"sound": room / 100, "subtype": "PCM_24"},
        "8 kHz": {"sound": soxr.resample(room, RATE, 8000), "rate": 8000},
        "48 kHz stereo": {"sound": np.stack([soxr.resample(room, RATE, 48_000)] * 2, axis=1), "rate": 48_000},
        "FLAC 24 bit": {"sound": room, "ending": "flac", "subtype": "PCM_24"}, "WAV float": {"sound": room, "subtype": "FLOAT"},
        "WAV unsigned 8 bit": {"sound": room, "subtype": "PCM_U8"}, "WAV mu-law": {"sound": room, "subtype": "ULAW"},
        "silence": {"sound": np.zeros(minute)}, "noise": {"sound": 0.05 * random.standard_normal(minute)}, "music": {"sound": music(random)},
        "hum": {"sound": 0.2 * np.sin(2 * np.pi * 50 * np.arange(minute) / RATE)},
    }
    for condition in SPEECH + SILENCE:
        yield condition, write(folder, condition, text if condition in SPEECH else "", **sounds[condition])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SWIFTLET_SHARED", ROOT / "../shared")))
    parser.add_argument("--swiftlet", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--voice-activity", nargs="*", default=["energy"])
    parser.add_argument("--look-ahead", help="seconds: hear in windows")
    parser.add_argument("--conditions", nargs="*", help="only these")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    detectors = [None, *arguments.voice_activity]
    print("| condition | " + " | ".join("whole sound" if detector is None else Path(detector).stem for detector in detectors) + " |")
    print("|---|" + "---|" * len(detectors))
    with tempfile.TemporaryDirectory() as folder:
        for condition, path in conditions(arguments.shared, Path(folder), np.random.default_rng(arguments.seed)):
            if arguments.conditions and condition not in arguments.conditions:
                continue
            row = []
            for detector in detectors:
                options = [] if detector is None else ["--voice-activity", detector]
                options += [] if arguments.look_ahead is None else ["--look-ahead", arguments.look_ahead]
                command = [arguments.swiftlet, "evaluate", arguments.model, str(path), "--json", *options]
                result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                rate = f"{100 * result['word_error_rate']:.1f} %" if condition in SPEECH else f"{result['insertions']} words"
                row.append(f"{rate}, {result['real_time_factor']:.3f}")
            print(f"| {condition} | " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
