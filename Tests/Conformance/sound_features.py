"""Feature front ends of sound models in numpy, as their recipes describe them: written a second time, on its own."""

import numpy as np

RATE = 16000


def load(path):
    """A WAV or FLAC file as mono float32 at 16 kHz."""
    import soundfile
    from scipy.signal import resample_poly

    samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    samples = samples.mean(axis=1)
    if rate != RATE:
        divisor = np.gcd(rate, RATE)
        samples = resample_poly(samples, RATE // divisor, rate // divisor).astype(np.float32)
    return samples


def fixed(samples, count):
    """Cut or padded with zeros at the end."""
    return np.pad(samples[:count], (0, max(0, count - len(samples))))


def centred_on_loudest(samples, count):
    """So many samples with the loudest 25 ms in their middle."""
    loudest = int(np.argmax(np.convolve(samples.astype(np.float64) ** 2, np.ones(400) / 400, "same")))
    first = loudest - count // 2
    return fixed(np.pad(samples, (max(0, -first), 0))[max(0, first) :], count)


def slaney_scale(hertz):
    hertz = np.asarray(hertz, np.float64)
    linear = hertz / (200 / 3)
    return np.where(hertz < 1000, linear, 15 + np.log(np.maximum(hertz, 1e-9) / 1000) / (np.log(6.4) / 27))


def slaney_hertz(mel):
    mel = np.asarray(mel, np.float64)
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def slaney_filters(bands, transform, lowest, highest, rate=RATE):
    """[bands, transform / 2 + 1], triangles of equal area."""
    edges = slaney_hertz(np.linspace(slaney_scale(lowest), slaney_scale(highest), bands + 2))
    bins = np.linspace(0, rate / 2, transform // 2 + 1)
    rising = (bins[None] - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins[None]) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]


def htk_filters(bands, transform, lowest, highest, rate=RATE):
    """[bands, transform / 2 + 1], triangles of equal height in mel, nothing from the constant term."""
    mel = lambda hertz: 1127 * np.log1p(np.asarray(hertz, np.float64) / 700)
    edges = np.linspace(mel(lowest), mel(highest), bands + 2)
    bins = mel(np.linspace(0, rate / 2, transform // 2 + 1))
    rising = (bins[None] - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins[None]) / np.diff(edges)[1:, None]
    filters = np.maximum(0, np.minimum(rising, falling))
    filters[:, 0] = 0
    return filters


def spectra(samples, window, hop, transform, centred):
    """Magnitudes [frames, transform / 2 + 1] of periodic Hann windows in the middle of the transform."""
    shape = np.zeros(transform)
    first = (transform - window) // 2
    shape[first : first + window] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    samples = np.asarray(samples, np.float64)
    if centred:
        samples = np.pad(samples, transform // 2, mode="reflect")
        starts = range(0, len(samples) - transform + 1, hop)
        frames = np.stack([samples[start : start + transform] for start in starts])
        return np.abs(np.fft.rfft(frames * shape, axis=1))
    starts = range(0, len(samples) - window + 1, hop)
    frames = np.stack([samples[start : start + window] for start in starts])
    return np.abs(np.fft.rfft(frames * shape[first : first + window], n=transform, axis=1))


def quartznet(samples):
    """[1, 64, frames]"""
    bands = quartznet_bands(samples)
    return normalised(bands, bands)


def quartznet_bands(samples):
    """[64, frames] before normalisation."""
    emphasised = np.append(samples[:1], samples[1:] - 0.97 * samples[:-1])
    power = spectra(emphasised, 320, 160, 512, True) ** 2
    return np.log(power @ slaney_filters(64, 512, 0, RATE / 2).T + 2.0**-24).T


def normalised(bands, heard):
    """[1, bands, frames] as they stand among those that were heard."""
    return ((bands - mean(heard)) / (heard.std(axis=1, ddof=1, keepdims=True) + 1e-5))[None].astype(np.float32)


def mean(values):
    return values.mean(axis=1, keepdims=True)


def spelling(samples):
    """[1, 1, 64, 128] of one second."""
    power = spectra(centred_on_loudest(samples, RATE), 512, 125, 512, True) ** 2
    mel = np.log(power @ slaney_filters(64, 512, 20, RATE / 2).T + 1e-6).T[:, :128]
    mel = (mel - mel.mean()) / max(mel.std(ddof=1), 1e-3)
    return mel[None, None].astype(np.float32)


def keywords(samples):
    """[1, 49, 10, 1] of one second: MLPerf Tiny's coefficients."""
    samples = fixed(samples, RATE) / max(float(samples.max()), 1e-9)
    log_mel = np.log(spectra(samples, 480, 320, 512, False) @ htk_filters(40, 512, 20, 4000).T + 1e-6)
    angles = np.pi / 40 * np.outer(np.arange(10), np.arange(40) + 0.5)
    return (log_mel @ np.cos(angles).T * np.sqrt(2 / 40))[None, :, :, None].astype(np.float32)


def tiny_vad(samples):
    """[1, 1, 32, 16] of the first 8,192 samples."""
    power = spectra(fixed(samples, 8192), 512, 512, 512, False) ** 2
    mel = np.log(power @ slaney_filters(32, 512, 20, RATE / 2).T + 1e-6).T
    mel = (mel - mel.mean()) / max(mel.std(ddof=1), 1e-3)
    return mel[None, None].astype(np.float32)


def greedy_text(scores, alphabet=" abcdefghijklmnopqrstuvwxyz'", blank=28):
    """The best path of [frames, symbols]: repetitions merged, blanks dropped."""
    path = scores.argmax(axis=1)
    kept = [symbol for at, symbol in enumerate(path) if symbol != blank and (at == 0 or path[at - 1] != symbol)]
    return "".join(alphabet[symbol] for symbol in kept)


def word_errors(said, heard):
    """(edits, words): the least number of words changed, left out or put in."""
    said, heard = said.split(), heard.split()
    row = list(range(len(heard) + 1))
    for at, word in enumerate(said, 1):
        previous, row = row, [at]
        for position, other in enumerate(heard, 1):
            row.append(min(previous[position] + 1, row[-1] + 1, previous[position - 1] + (word != other)))
    return row[-1], len(said)
