"""The training loop, and what a trained detector gives for images."""

import copy
import math
import time

import numpy as np
import torch

from . import losses, scoring


class Average:
    """The exponential average of a model's weights, which is what is kept in the end."""

    def __init__(self, model):
        self.model = copy.deepcopy(model).eval()
        self.updates = 0

    @torch.no_grad()
    def update(self, model):
        self.updates += 1
        kept = 0.998 * (1 - math.exp(-self.updates / 500))
        for mine, theirs in zip(self.model.state_dict().values(), model.state_dict().values()):
            if mine.is_floating_point():
                mine.lerp_(theirs, 1 - kept)
            else:
                mine.copy_(theirs)


def rate(step, steps):
    """Warm-up over 200 steps, then half a cosine down to a hundredth."""
    if step < 200:
        return (step + 1) / 200
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - 200) / max(1, steps - 200)))


def optimiser(model, peak_rate, steps):
    """AdamW that decays weights and leaves normalisation and biases alone, and its schedule."""
    decaying = [weight for weight in model.parameters() if weight.ndim > 1]
    others = [weight for weight in model.parameters() if weight.ndim <= 1]
    made = torch.optim.AdamW([{"params": decaying, "weight_decay": 0.01}, {"params": others, "weight_decay": 0}], lr=peak_rate)
    return made, torch.optim.lr_scheduler.LambdaLR(made, lambda step: rate(step, steps))


def run(model, images, as_input, batch=50):
    """The outputs for 8-bit images, as the exported model gives them."""
    model.gives_probabilities = True
    with torch.no_grad():
        outputs = [model(torch.from_numpy(as_input(images[start : start + batch]))).numpy() for start in range(0, len(images), batch)]
    model.gives_probabilities = False
    return np.concatenate(outputs)


def train(model, data, images, truth, watch, grid, epochs, batch, peak_rate, seed, watch_every, watch_batch=50, watched=lambda average: None):
    """Trains on 8-bit images with their boxes, and returns the average model.

    - data: the module with `augmented`, `as_input` and `LABELS`.
    - watch: images and truth that are only scored, every `watch_every` epochs and at the end; `watched` is then given the average model."""
    model = model.to(memory_format=torch.channels_last)
    average = Average(model)
    random = np.random.default_rng(seed)
    steps, schedule = optimiser(model, peak_rate, epochs * (len(images) // batch))
    for epoch in range(epochs):
        started, total = time.monotonic(), 0.0
        order = random.permutation(len(images))[: len(images) // batch * batch].reshape(-1, batch)
        for chosen in order:
            inputs, rows = data.augmented(images[chosen], [truth[index] for index in chosen], random)
            raw = model(torch.from_numpy(inputs).to(memory_format=torch.channels_last))
            value = losses.loss(raw, [torch.from_numpy(boxes) for boxes in rows], grid)
            steps.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 20)
            steps.step()
            schedule.step()
            average.update(model)
            total += value.item()
        line = f"epoch {epoch + 1}/{epochs}: loss {total / len(order):.3f}, {time.monotonic() - started:.0f} s"
        if (epoch + 1) % watch_every == 0 or epoch + 1 == epochs:
            outputs = run(average.model, watch[0], data.as_input, batch=watch_batch)
            line += f", mAP@0.5 {scoring.mean_average_precision(outputs, watch[1], grid, data.LABELS)[0]:.4f}"
            watched(average.model)
        print(line, flush=True)
    return average.model
