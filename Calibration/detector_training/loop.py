"""The training loop's parts, and what a trained detector gives for images."""

import copy
import math

import numpy as np
import torch


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
