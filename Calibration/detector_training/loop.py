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


def train(model, phases, images, truth, batch, peak_rate, seed, watch, watch_every, watched=lambda average: None, teacher=None):
    """Trains on 8-bit images with their boxes, and returns the average model.

    - phases: one after the other under one schedule, each (epochs, the function that makes inputs and their truth of 8-bit images, theirs and
      random numbers, the grid for those inputs).
    - teacher: a trained model, whose answers to the same inputs are learnt beside the truth.
    - watch: gives a line about the average model, which only looks: every `watch_every` epochs and at the end; `watched` is then given the model."""
    model = model.to(memory_format=torch.channels_last)
    average = Average(model)
    random = np.random.default_rng(seed)
    epochs = sum(count for count, *_ in phases)
    steps, schedule = optimiser(model, peak_rate, epochs * (len(images) // batch))
    for epoch, (augmented, grid) in enumerate([(augmented, grid) for count, augmented, grid in phases for _ in range(count)], 1):
        started, total = time.monotonic(), 0.0
        order = random.permutation(len(images))[: len(images) // batch * batch].reshape(-1, batch)
        for chosen in order:
            inputs, rows = augmented(images[chosen], [truth[index] for index in chosen], random)
            inputs = torch.from_numpy(inputs).to(memory_format=torch.channels_last)
            raw = model(inputs)
            value = losses.loss(raw, [torch.from_numpy(boxes) for boxes in rows], grid)
            if teacher is not None:
                with torch.no_grad():
                    told = teacher(inputs)
                value = value + losses.distillation(raw, told)
            steps.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 20)
            steps.step()
            schedule.step()
            average.update(model)
            total += value.item()
        line = f"epoch {epoch}/{epochs}: loss {total / len(order):.3f}, {time.monotonic() - started:.0f} s"
        if epoch % watch_every == 0 or epoch == epochs:
            line += f", {watch(average.model)}"
            watched(average.model)
        print(line, flush=True)
    return average.model


def watch(images, truth, data, grid, batch=50):
    """A line with the mean average precision on 8-bit images of `data`, a module with `as_input` and `LABELS`."""

    def line(model):
        return f"mAP@0.5 {scoring.mean_average_precision(run(model, images, data.as_input, batch), truth, grid, data.LABELS)[0]:.4f}"

    return line
