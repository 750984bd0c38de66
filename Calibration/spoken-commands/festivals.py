"""Festival and Flite, by their programs: voices made of a person's recordings."""

import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

# Voice, the pitch it was recorded at (Hz; None where the synthesiser takes it from the recordings).
FESTIVAL = [("kal_diphone", 105), ("ked_diphone", 110), ("cmu_us_slt_arctic_hts", None)]
FLITE = ["awb", "kal16", "rms", "slt"]


def read(path):
    """(samples, rate) of a WAV file of 16 bits; None where there is none."""
    try:
        with wave.open(str(path)) as file:
            return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768, file.getframerate()
    except (OSError, EOFError, wave.Error):
        return None


def festival(voice, hertz, texts, stretch, pitch):
    """(text, samples, rate) of each text. stretch: of the durations; pitch: relative to the recordings'."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"(voice_{voice})", f"(Parameter.set 'Duration_Stretch {stretch:.3f})"]
        if hertz is not None:
            lines.append(f"(set! int_lr_params '((target_f0_mean {hertz * pitch:.0f}) (target_f0_std {14 * pitch:.0f}) (model_f0_mean 170) (model_f0_std 34)))")
        for index, text in enumerate(texts):
            lines += [f'(set! said (utt.synth (Utterance Text "{text}")))', f'(utt.save.wave said "{folder}/{index}.wav" \'riff)']
        Path(folder, "say.scm").write_text("\n".join(lines) + "\n")
        subprocess.run(["festival", "-b", f"{folder}/say.scm"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        for index, text in enumerate(texts):
            if sound := read(f"{folder}/{index}.wav"):
                yield text, *sound


def flite(voice, texts, stretch, hertz):
    """(text, samples, rate) of each text. hertz: the mean pitch; None as recorded."""
    with tempfile.TemporaryDirectory() as folder:
        for text in texts:
            settings = ["--setf", f"duration_stretch={stretch:.3f}"] + ([] if hertz is None else ["--setf", f"int_f0_target_mean={hertz:.0f}"])
            subprocess.run(["flite", "-voice", voice, *settings, "-t", text, "-o", f"{folder}/said.wav"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            if sound := read(f"{folder}/said.wav"):
                yield text, *sound
