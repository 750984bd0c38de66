"""eSpeak NG through its library: accents of English, all variants of the voice, any pitch, range and pace."""

import ctypes
import ctypes.util
from pathlib import Path

import numpy as np

# Not every release has all of them; a voice of one that isn't there is left out.
ACCENTS = ["en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc"]
# Chance of each.
SHARES = [0.36, 0.14, 0.08, 0.1, 0.08, 0.08, 0.06, 0.1]
# No voices that speak: effects.
LEFT_OUT = {"whisper", "whisperf", "Mr", "robosoft", "robosoft2", "robosoft3", "robosoft4", "robosoft5", "robosoft6", "robosoft7", "robosoft8", "UniRobot"}

_SYNCHRONOUS, _UTF8, _IPA = 2, 1, 2
_SPEED, _PITCH, _RANGE = 1, 3, 4
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """One in a process: the library has global state."""

    def __init__(self):
        self.library = ctypes.CDLL("libespeak-ng.so.1")
        self.rate = self.library.espeak_Initialize(_SYNCHRONOUS, 0, None, 0)
        if self.rate < 0:
            raise SystemExit("eSpeak NG doesn't start: install espeak-ng")
        self.library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self.library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
        self.heard = []
        # Kept, or it would be collected while the library calls it.
        self.callback = _CALLBACK(self._take)
        self.library.espeak_SetSynthCallback(self.callback)

    def _take(self, samples, count, events):
        if samples and count > 0:
            self.heard.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def choose(self, voice, speed=175, pitch=50, span=50):
        """Whether there is such a voice. speed: words a minute; pitch and span (of the intonation): 0 to 99."""
        if self.library.espeak_SetVoiceByName(voice.encode()) != 0:
            return False
        for parameter, value in ((_SPEED, speed), (_PITCH, pitch), (_RANGE, span)):
            self.library.espeak_SetParameter(parameter, int(value), 0)
        return True

    def say(self, text):
        self.heard = []
        encoded = text.encode() + b"\0"
        self.library.espeak_Synth(encoded, ctypes.c_size_t(len(encoded)), 0, 1, 0, _UTF8, None, None)
        return np.concatenate(self.heard).astype(np.float32) / 32768 if self.heard else np.zeros(0, np.float32)

    def phonemes(self, text, voice="en-us"):
        """In the International Phonetic Alphabet."""
        self.library.espeak_SetVoiceByName(voice.encode())
        pointer = ctypes.c_char_p(text.encode())
        spoken = self.library.espeak_TextToPhonemes(ctypes.byref(pointer), _UTF8, _IPA)
        return (spoken or b"").decode()


def variants():
    """Names of the files that change a voice."""
    folders = list(Path("/usr/lib").glob("*/espeak-ng-data/voices/!v")) + list(Path("/usr/share").glob("espeak-ng-data/voices/!v"))
    names = sorted(path.name for folder in folders for path in folder.iterdir() if path.is_file())
    return [name for name in names if name not in LEFT_OUT and " " not in name]


def speakers(count, random):
    """(voice, speed, pitch, range) of so many, every variant in turn."""
    names = variants()
    if not names:
        raise SystemExit("eSpeak NG's variants aren't there: install espeak-ng-data")
    order = [name for _ in range(count // len(names) + 1) for name in random.permutation(names)][:count]
    for name in order:
        accent = ACCENTS[random.choice(len(ACCENTS), p=SHARES)]
        yield f"{accent}+{name}", random.integers(115, 230), int(np.clip(random.normal(48, 18), 5, 95)), random.integers(20, 90)
