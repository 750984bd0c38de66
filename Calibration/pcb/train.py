"""Trains the PCB detector and writes it as ONNX. See README.md beside this file."""

import argparse
import functools
import time
from pathlib import Path

import numpy as np
import torch

import dataset
import detector
from detector_training import exporting, loop, scoring
from detector_training.grids import Grid

SEED = 20
BATCH = 16
PEAK_RATE = 3e-3
# Pixels a side of the cuts that the first epochs see: a third of the cost, and a fuller diet of defects.
CUT = 384
# Of the training images every tenth is kept apart, to choose by.
APART = 10


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, metavar="FOLDER", required=True, help="the DeepPCB images: FOLDER/train and FOLDER/test")
    parser.add_argument("--cut-epochs", type=int, default=40, help="epochs on cuts of 384×384 pixels, which come first")
    parser.add_argument("--epochs", type=int, default=14, help="epochs on whole images after those")
    parser.add_argument("--width", type=float, default=1.0, help="channels, relative to the network that runs on the device")
    parser.add_argument("--from", dest="start", type=Path, metavar="FILE", help="the .pt of a training to go on from; by default from nothing")
    parser.add_argument("--rate", type=float, default=PEAK_RATE, help="the learning rate's peak")
    parser.add_argument("--teacher", type=Path, metavar="FILE", help="the .pt of a trained detector, whose answers are learnt beside the truth")
    parser.add_argument("--teacher-width", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, metavar="FILE", required=True, help="the .onnx to write; a .pt is left beside it")
    return parser.parse_args()


def trained(path, width):
    model = detector.Detector(width)
    model.load_state_dict(torch.load(path, weights_only=True))
    return model.eval().to(memory_format=torch.channels_last)


def split(images, truth):
    """(images, truth) to learn from, and (images, truth) that are kept apart."""
    apart = np.arange(len(images)) % APART == APART - 1
    return tuple((images[chosen], [truth[index] for index in chosen]) for chosen in (np.nonzero(~apart)[0], np.nonzero(apart)[0]))


def finish(model, data, output):
    """Prints how good the model is on the test images, and writes it."""
    tests, truth = dataset.load(data / "test")
    scoring.report(loop.run(model, tests, dataset.as_input, batch=10), truth, detector.GRID, dataset.LABELS)
    exporting.export(model, output, (1, 1, dataset.SIDE, dataset.SIDE))


def main():
    arguments = parse_arguments()
    torch.manual_seed(SEED)
    torch.set_num_threads(arguments.threads)
    learned, watched = split(*dataset.load(arguments.data / "train"))
    print(f"{len(learned[0])} images with {sum(map(len, learned[1]))} boxes; watched on {len(watched[0])}", flush=True)
    model = trained(arguments.start, arguments.width).train() if arguments.start else detector.Detector(arguments.width)
    print(f"{sum(weight.numel() for weight in model.parameters())} parameters", flush=True)
    teacher = trained(arguments.teacher, arguments.teacher_width) if arguments.teacher else None
    started = time.monotonic()
    watch = loop.watch(*watched, dataset, detector.GRID, batch=10)
    phases = [
        (arguments.cut_epochs, functools.partial(dataset.augmented, side=CUT), Grid(CUT, CUT, detector.GRID.strides)),
        (arguments.epochs, dataset.augmented, detector.GRID),
    ]
    model = loop.train(
        model, phases, *learned, BATCH, arguments.rate, SEED, watch, watch_every=5,
        watched=lambda average: torch.save(average.state_dict(), arguments.output.with_suffix(".pt")), teacher=teacher,
    )  # fmt: skip
    print(f"trained in {(time.monotonic() - started) / 60:.1f} min")
    finish(model, arguments.data, arguments.output)


if __name__ == "__main__":
    main()
