"""What happens to a spoken word on its way: the speaker's size and pace, the room, the microphone, noise, and where the clip is cut."""

import numpy as np

import features

RATE = features.RATE
# Samples of the stage on which a word is said, and points of its transform.
STAGE = 32768
BINS = STAGE // 2 + 1
HERTZ = np.fft.rfftfreq(STAGE, 1 / RATE)
WARPS = [features.filters(warp) for warp in (0.84, 0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.12, 1.16)]
# A few frames more than the model takes: training cuts at random.
MARGIN = 4
WIDE = features.FRAMES + 2 * MARGIN
KNOTS = np.log(np.array([40, 150, 400, 900, 1800, 3500, 8000]))
LOG_HERTZ = np.log(np.maximum(HERTZ, 20))


def resampled(wave, factor):
    """Faster by a factor: pitch, resonances and pace together."""
    return np.interp(np.arange(0, len(wave) - 1, factor), np.arange(len(wave)), wave).astype(np.float32)


def equaliser(random, strength):
    """A microphone's gains over frequency: a smooth curve, at times only a telephone's band."""
    decibels = np.interp(LOG_HERTZ, KNOTS, random.normal(0, strength, len(KNOTS)) + random.normal(0, 4) * np.linspace(-1, 1, len(KNOTS)))
    if random.random() < 0.3:
        decibels -= 12 * random.uniform(1, 4) * np.maximum(0, np.log2(np.maximum(HERTZ, 1) / random.uniform(2800, 6500)))
    if random.random() < 0.4:
        decibels -= 12 * random.uniform(0.5, 2) * np.maximum(0, np.log2(random.uniform(90, 350) / np.maximum(HERTZ, 20)))
    return (10 ** (decibels / 20)).astype(np.float32)


def room(random):
    """The spectrum of a room's answer: the direct sound, then noise that dies away."""
    answer = np.zeros(STAGE, np.float32)
    duration = random.uniform(0.08, 0.7)
    length = min(int(0.8 * duration * RATE), 9000)
    delay = int(random.uniform(0.001, 0.015) * RATE)
    tail = random.standard_normal(length, np.float32) * np.exp(-6.9 * np.arange(length, dtype=np.float32) / (duration * RATE))
    answer[delay : delay + length] = tail * np.sqrt(10 ** (-random.uniform(-1, 18) / 10) / max(np.square(tail).sum(), 1e-9))
    answer[0] = 1
    return np.fft.rfft(answer)


def make_noises(random, clips, count):
    """[count, STAGE] of mean square 1: coloured noise, hum, and murmuring of the synthesisers' own words."""
    noises = np.empty((count, STAGE), np.float32)
    for index in range(count):
        if index % 3 == 0:
            noise = np.zeros(STAGE, np.float32)
            for _ in range(random.integers(4, 12)):
                wave = resampled(clips.wave(random.integers(len(clips))), random.uniform(0.75, 1.3))[:STAGE]
                start = random.integers(STAGE)
                noise += random.uniform(0.3, 1) * np.roll(np.pad(wave, (0, STAGE - len(wave))), start)
        else:
            shape = np.maximum(HERTZ, 30) ** (-random.uniform(-0.3, 1.2)) * equaliser(random, 5)
            noise = np.fft.irfft(shape * (random.standard_normal(BINS) + 1j * random.standard_normal(BINS)))
            if random.random() < 0.3:
                noise *= 1 + random.uniform(0.3, 0.95) * np.sin(2 * np.pi * random.uniform(0.5, 8) * np.arange(STAGE) / RATE + random.uniform(0, 6))
            if random.random() < 0.25:
                partials = sum(random.uniform(0, 1) / k * np.sin(2 * np.pi * k * random.choice([50, 60, 100, 120, 440]) * np.arange(STAGE) / RATE) for k in (1, 2, 3, 5))
                noise = noise / noise.std() + random.uniform(0.3, 3) * partials
        noises[index] = noise / max(noise.std(), 1e-9)
    return noises


def said(random, wave, noises):
    """A word that was said in some room into some microphone: the clip that is heard."""
    wave = resampled(wave, float(np.clip(random.normal(1, 0.09), 0.78, 1.28)))[: STAGE - 8000]
    if random.random() < 0.12:
        cut = int(len(wave) * random.uniform(0, 0.12))
        wave = wave[cut:] if random.random() < 0.5 else wave[: len(wave) - cut]
    start = random.integers(3000, STAGE - len(wave) - 3000)
    stage = np.zeros(STAGE, np.float32)
    stage[start : start + len(wave)] = wave
    spectrum = np.fft.rfft(stage) * equaliser(random, 5)
    if random.random() < 0.6:
        spectrum = spectrum * room(random)
    stage = np.fft.irfft(spectrum).astype(np.float32)
    level = stage[start : start + len(wave)].std() + 1e-9
    if random.random() < 0.85:
        noise = np.roll(noises[random.integers(len(noises))], random.integers(STAGE))
        stage = stage + noise * (level * 10 ** (-random.uniform(2, 38) / 20))
    return finished(random, stage, start, start + len(wave))


def unsaid(random, noises):
    """A clip in which nobody says anything."""
    kind = random.random()
    if kind < 0.1:
        return np.zeros(STAGE, np.float32) + (1e-4 * random.standard_normal(STAGE, np.float32) if random.random() < 0.5 else 0)
    stage = noises[3 * random.integers(len(noises) // 3) + random.integers(1, 3)].copy()
    if kind < 0.5:
        # A knock, a breath, a bang: noise that comes and goes.
        at, width = random.uniform(0.3, 1.7) * RATE, random.uniform(0.003, 0.2) * RATE
        stage *= np.exp(-np.abs((np.arange(STAGE) - at) / width) ** random.choice([1, 2])).astype(np.float32)
        stage += 10 ** (-random.uniform(20, 60) / 20) * random.standard_normal(STAGE, np.float32)
    start = random.integers(4000, 12000)
    return finished(random, stage, start, start + random.integers(4000, 16000))


def finished(random, stage, first, end):
    """Clipped, in few bits or cut off around the word, as it may be."""
    stage = stage / max(np.abs(stage).max(), 1e-9)
    if random.random() < 0.08:
        limit = random.uniform(0.25, 0.8)
        stage = np.clip(stage, -limit, limit)
    if random.random() < 0.08:
        steps = 2.0 ** random.integers(5, 10)
        stage = np.round(stage * steps) / steps
    if random.random() < 0.55:
        stage[: max(0, first - int(RATE * random.uniform(0, 0.35)))] = 0
        stage[end + int(RATE * random.uniform(0.02, 0.4)) :] = 0
    return stage


def wide_features(random, stage):
    """[bands, WIDE] of a clip as heard, its pace and the speaker's size changed once more: frames lie as far apart as it takes."""
    stage = stage / max(float(stage.max()), 1e-9)
    energies = np.convolve(np.add.reduceat(np.square(stage), np.arange(0, STAGE, 80)), np.ones(5), "same")
    loudest = 80 * int(energies.argmax()) + 40
    hops = features.HOP * np.clip(random.normal(1, 0.12), 0.72, 1.35)
    hops = hops * (1 + random.uniform(0, 0.2) * np.sin(np.linspace(0, random.uniform(2, 9), WIDE) + random.uniform(0, 6.3)))
    middles = np.cumsum(hops)
    middles = (loudest + middles - middles[WIDE // 2]).astype(int)
    padded = np.pad(stage, features.WINDOW)
    starts = np.clip(middles + features.WINDOW // 2, 0, len(padded) - features.WINDOW)
    frames = padded[starts[:, None] + np.arange(features.WINDOW)]
    power = np.square(np.abs(np.fft.rfft(frames * HANN, axis=1)))
    return np.log(power @ WARPS[random.integers(len(WARPS))] + features.OFFSET).T.astype(np.float16)


HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(features.WINDOW) / features.WINDOW)).astype(np.float32)
