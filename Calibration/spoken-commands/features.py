"""The front end that spoken-commands.yaml declares, by the code that the tests compare the agent's with."""

import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[2] / "Tests/Conformance"))
import sound_features  # noqa: E402

RATE = 16000
WINDOW = 512
HOP = 320
FRAMES = 64
BANDS = 32
LOWEST, HIGHEST = 80, 7600
# Of a clip whose greatest sample is 1: what is some 45 dB below a loud vowel drowns, so that rooms, microphones and digital silence look alike.
OFFSET = 0.05


def filters(warp=1.0):
    """[bins, bands]; a warp above 1 hears a shorter vocal tract (all resonances that much lower than they are)."""
    return sound_features.htk_filters(BANDS, WINDOW, LOWEST * warp, min(HIGHEST * warp, RATE / 2)).T.astype(np.float32)


def of_clip(samples):
    """[1, 1, bands, frames] of a whole clip."""
    samples = np.asarray(samples, np.float64)
    samples = samples / max(float(samples.max()), 1e-9)
    power = sound_features.spectra(sound_features.centred_on_loudest(samples, HOP * FRAMES), WINDOW, HOP, WINDOW, True)[:FRAMES] ** 2
    return np.log(power @ filters().astype(np.float64) + OFFSET).T[None, None].astype(np.float32)
