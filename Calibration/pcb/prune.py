"""Takes whole channels out of the trained PCB detector, those of least magnitude, trains on, and writes it as ONNX. See README.md beside this file."""

import argparse
import time
from pathlib import Path

import torch
import torch_pruning

import dataset
import detector
import train
from detector_training import loop

# A third of the rate that a training from nothing peaks at: what is left is nearly right.
PEAK_RATE = 1e-3
# Kernels take channels in eights; what is left over would cost as much as a full eight.
EIGHTS = 8


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, metavar="FOLDER", required=True, help="the DeepPCB images: FOLDER/train and FOLDER/test")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", required=True, help="the .pt that train.py leaves beside its output")
    parser.add_argument("--share", type=float, default=0.3, help="of the channels that are taken out")
    parser.add_argument("--epochs", type=int, default=6, help="epochs on whole images afterwards")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args()


def pruned(model, share):
    """The model without the channels of least magnitude, by layers that depend on one another (Fang et al. 2023)."""
    model = model.to(memory_format=torch.contiguous_format)
    kept = [model.box, model.objectness, model.classes]
    pruner = torch_pruning.pruner.MagnitudePruner(
        model, torch.zeros(1, 1, dataset.SIDE, dataset.SIDE), importance=torch_pruning.importance.MagnitudeImportance(p=2), global_pruning=True,
        pruning_ratio=share, max_pruning_ratio=0.7, ignored_layers=kept, round_to=EIGHTS,
    )  # fmt: skip
    pruner.step()
    return model


def main():
    arguments = parse_arguments()
    torch.manual_seed(train.SEED)
    torch.set_num_threads(arguments.threads)
    learned, watched = train.split(*dataset.load(arguments.data / "train"))
    watch = loop.watch(*watched, dataset, detector.GRID, batch=10)
    model = train.trained(arguments.checkpoint, 1.0)
    before = sum(weight.numel() for weight in model.parameters())
    model = pruned(model, arguments.share)
    print(f"{sum(weight.numel() for weight in model.parameters())} parameters of {before} are left", flush=True)
    print(f"before training on: {watch(model)}", flush=True)
    started = time.monotonic()
    phases = [(arguments.epochs, dataset.augmented, detector.GRID)]
    model = loop.train(model.train(), phases, *learned, train.BATCH, PEAK_RATE, train.SEED, watch, watch_every=3)
    print(f"trained in {(time.monotonic() - started) / 60:.1f} min")
    train.finish(model, arguments.data, arguments.output)


if __name__ == "__main__":
    main()
