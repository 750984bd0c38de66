"""Trains the command model and writes it as ONNX. See README.md beside this file."""

import argparse
import copy
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch.nn import functional

import augment
import features
import words
from network import Network

sys.path.append(str(Path(__file__).resolve().parents[1]))
from detector_training.exporting import constants_to_initialisers  # noqa: E402

SEED = 32
BATCH = 128
RATE = 2.5e-3
DECAY = 0.03
# How much of an example's truth is spread over all classes.
SMOOTHING = 0.05
# The weights that are written are an average over about the last eighth of the steps, so the rate stays as it is, and a training may end anywhere.
MEMORY = 8
# Steps in which the rate rises.
WARMING = 100


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=Path, metavar="FILE", nargs="+", required=True, help="what make_features.py wrote of the voices to learn from")
    parser.add_argument("--watched", type=Path, metavar="FILE", required=True, help="the same of the synthesiser that is kept apart")
    parser.add_argument("--steps", type=int, default=4000, help="batches to learn from")
    parser.add_argument("--every", type=int, default=200, help="steps after which it says how it does, and writes what it has")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, metavar="FILE", required=True, help="the .onnx to write; a .pt is left beside it")
    return parser.parse_args()


def load(*paths):
    stored = [np.load(path) for path in paths]
    return torch.from_numpy(np.concatenate([file["features"] for file in stored])), torch.from_numpy(np.concatenate([file["labels"] for file in stored]))


def middle(values):
    return values[:, :, augment.MARGIN : augment.MARGIN + features.FRAMES].unsqueeze(1).float()


def disturbed(values, random):
    """A batch cut at random, with bands and moments missing, louder or quieter."""
    first = int(torch.randint(2 * augment.MARGIN + 1, (1,), generator=random))
    values = values[:, :, first : first + features.FRAMES].float()
    count = len(values)
    values = values + 0.7 * torch.randn(count, 1, 1, generator=random)
    for size, widest, axis in ((features.BANDS, 5, 1), (features.FRAMES, 9, 2)):
        width = torch.randint(widest + 1, (count, 1), generator=random)
        start = torch.randint(size, (count, 1), generator=random)
        places = torch.arange(size)[None]
        missing = (places >= start) & (places < start + width)
        values = values.masked_fill(missing.unsqueeze(3 - axis), float(np.log(features.OFFSET)))
    return values.unsqueeze(1)


def mixed(values, truth, random):
    """Half of the batch mixed with other examples of it, truth alike (Zhang et al. 2018)."""
    share = torch.from_numpy(np.random.default_rng(int(torch.randint(1 << 30, (1,), generator=random))).beta(0.3, 0.3, len(values))).float()
    share = torch.where(torch.rand(len(values), generator=random) < 0.5, torch.maximum(share, 1 - share), torch.ones(len(values)))
    other = torch.randperm(len(values), generator=random)
    return values * share[:, None, None, None] + values[other] * (1 - share)[:, None, None, None], truth * share[:, None] + truth[other] * (1 - share)[:, None]


def learn(model, optimiser, values, truth):
    """The loss of one step."""
    loss = functional.cross_entropy(model(values.contiguous(memory_format=torch.channels_last)), truth)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return float(loss.detach())


def take_in(average, model, step):
    """Moves the average towards the model's weights, the more the earlier it is."""
    with torch.no_grad():
        for kept, new in zip(average.state_dict().values(), model.state_dict().values()):
            kept.lerp_(new, MEMORY / (step + MEMORY)) if kept.is_floating_point() else kept.copy_(new)


def train(model, examples, labels, steps, every, watch):
    random = torch.Generator().manual_seed(SEED)
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY)
    average, started, losses = copy.deepcopy(model).eval(), time.monotonic(), []
    order, taken = torch.randperm(len(labels), generator=random), 0
    for step in range(steps):
        if taken + BATCH > len(labels):
            order, taken = torch.randperm(len(labels), generator=random), 0
        chosen, taken = order[taken : taken + BATCH], taken + BATCH
        truth = functional.one_hot(labels[chosen], len(words.LABELS)).float() * (1 - SMOOTHING) + SMOOTHING / len(words.LABELS)
        optimiser.param_groups[0]["lr"] = RATE * min(1, (step + 1) / WARMING)
        losses.append(learn(model, optimiser, *mixed(disturbed(examples[chosen], random), truth, random)))
        take_in(average, model, step)
        if (step + 1) % every == 0 or step + 1 == steps:
            print(f"step {step + 1}: loss {np.mean(losses):.3f}, {time.monotonic() - started:.0f} s, {watch(average)}", flush=True)
            losses = []
    return average


def scores(model, values):
    with torch.no_grad():
        return torch.cat([model(part.contiguous(memory_format=torch.channels_last)) for part in values.split(512)])


def watching(values, labels):
    """A function model → how it does on a synthesiser that it doesn't know."""

    def watch(model):
        best = scores(model.eval(), values).argmax(1)
        known = labels < len(words.WORDS)
        right = (best == labels).float()
        return f"kept apart: words {right[known].mean():.4f}, others taken for a word {(best[~known] < len(words.WORDS)).float().mean():.4f}"

    return watch


def export(model, path):
    """One file, normalisation folded into the convolutions; checked against the model itself."""
    model = model.eval().to(memory_format=torch.contiguous_format)
    example = 3 * torch.randn(1, 1, features.BANDS, features.FRAMES)
    torch.onnx.export(model, (example,), str(path), input_names=["sound"], output_names=["logits"], opset_version=13, dynamo=False)
    written = onnx.load(path)
    constants_to_initialisers(written.graph)
    onnx.checker.check_model(written, full_check=True)
    onnx.save(written, path)
    output = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"sound": example.numpy()})[0]
    difference = np.abs(output - model(example).detach().numpy()).max()
    if difference > 1e-3:
        raise SystemExit(f"{path}: ONNX Runtime's output differs from the model's by {difference}")
    print(f"{path}: {path.stat().st_size} bytes, differs from the model by at most {difference:.1e}")


def finish(model, watched, truth, output):
    """Says how the model does on the voices that were kept apart, and writes it."""
    best = scores(model, watched).argmax(1)
    recall = [(name, float((best[truth == at] == at).float().mean())) for at, name in enumerate(words.LABELS)]
    print("kept apart, by class: " + ", ".join(f"{name} {share:.2f}" for name, share in recall))
    export(model, output)


def main():
    arguments = parse_arguments()
    torch.manual_seed(SEED)
    torch.set_num_threads(arguments.threads)
    examples, labels = load(*arguments.features)
    watched, truth = load(arguments.watched)
    watched = middle(watched)
    model = Network(len(words.LABELS), features.BANDS).to(memory_format=torch.channels_last)
    print(f"{len(labels)} examples, {len(truth)} kept apart; {sum(weight.numel() for weight in model.parameters())} parameters", flush=True)
    started = time.monotonic()
    said = watching(watched, truth)

    def watch(average):
        torch.save(average.state_dict(), arguments.output.with_suffix(".pt"))
        return said(average)

    model = train(model, examples, labels, arguments.steps, arguments.every, watch)
    print(f"trained in {(time.monotonic() - started) / 60:.1f} min")
    finish(model, watched, truth, arguments.output)


if __name__ == "__main__":
    main()
