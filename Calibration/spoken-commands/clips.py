"""Spoken words in one file: their samples, what is said, by which synthesiser and voice."""

from dataclasses import dataclass, field

import numpy as np
from scipy.signal import resample_poly

import words

RATE = 16000
# What is this much quieter than a clip's loudest 10 ms, at its ends, is no part of the word.
AUDIBLE = 10 ** (-40 / 10)


def at_our_rate(samples, rate):
    if rate == RATE:
        return np.asarray(samples, np.float32)
    divisor = np.gcd(rate, RATE)
    return resample_poly(samples, RATE // divisor, rate // divisor).astype(np.float32)


def trimmed(samples):
    """Without the silence at its ends but for 10 ms; of peak 1. None where nothing, or far too much, is said."""
    step = RATE // 100
    energies = np.square(samples[: len(samples) // step * step]).reshape(-1, step).mean(axis=1)
    if len(energies) < 10 or energies.max() < 1e-7:
        return None
    audible = np.nonzero(energies > AUDIBLE * energies.max())[0]
    cut = samples[max(0, audible[0] - 1) * step : (audible[-1] + 2) * step]
    return cut / np.abs(cut).max() if 0.1 * RATE < len(cut) < 1.6 * RATE else None


@dataclass
class Clips:
    """Samples of all clips behind each other, 16 bits; for each its start, label, source and voice (`SOURCE/VOICE`)."""

    parts: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    voices: list = field(default_factory=list)

    def add(self, text, voice, samples, rate):
        """Whether it was taken."""
        cut = trimmed(at_our_rate(samples, rate))
        if cut is None:
            return False
        self.parts.append(np.round(32767 * cut).astype(np.int16))
        self.labels.append(words.LABELS.index(text if text in words.WORDS else words.UNKNOWN))
        self.voices.append(voice)
        return True

    def save(self, path):
        starts = np.cumsum([0] + [len(part) for part in self.parts])
        np.savez(path, samples=np.concatenate(self.parts), starts=starts, labels=np.array(self.labels, np.int64), voices=np.array(self.voices))

    @classmethod
    def load(cls, *paths):
        clips = cls()
        for path in paths:
            stored = np.load(path)
            samples, starts = stored["samples"], stored["starts"]
            clips.parts += [samples[first:end] for first, end in zip(starts[:-1], starts[1:])]
            clips.labels += stored["labels"].tolist()
            clips.voices += stored["voices"].tolist()
        return clips

    def __len__(self):
        return len(self.parts)

    def sources(self):
        return np.array([voice.split("/")[0] for voice in self.voices])

    def wave(self, index):
        return self.parts[index].astype(np.float32) / 32767
