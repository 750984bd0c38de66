"""Trains the PCB detector and writes it as ONNX. See README.md beside this file."""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

import dataset
import detector
from detector_training import exporting, loop, scoring

SEED = 20
BATCH = 16
PEAK_RATE = 3e-3
HERE = Path(__file__).parent
# Of the training images every tenth is kept apart, to choose by.
APART = 10


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, metavar="FOLDER", required=True, help="the DeepPCB images: FOLDER/train and FOLDER/test")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--width", type=float, default=1.0, help="channels, relative to the network that runs on the device")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, default=HERE / "pcb.onnx")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    torch.manual_seed(SEED)
    torch.set_num_threads(arguments.threads)
    images, truth = dataset.load(arguments.data / "train")
    apart = np.arange(len(images)) % APART == APART - 1
    learned, watched = np.nonzero(~apart)[0], np.nonzero(apart)[0]
    print(f"{len(learned)} images with {sum(len(truth[index]) for index in learned)} boxes; watched on {len(watched)}", flush=True)
    model = detector.Detector(arguments.width)
    print(f"{sum(weight.numel() for weight in model.parameters())} parameters", flush=True)
    started = time.monotonic()
    watch = (images[watched], [truth[index] for index in watched])
    model = loop.train(
        model, dataset, images[learned], [truth[index] for index in learned], watch, detector.GRID, arguments.epochs, BATCH, PEAK_RATE, SEED,
        watch_every=5, watch_batch=10, watched=lambda average: torch.save(average.state_dict(), arguments.output.with_suffix(".pt")),
    )  # fmt: skip
    print(f"trained in {(time.monotonic() - started) / 60:.1f} min")
    tests, test_truth = dataset.load(arguments.data / "test")
    scoring.report(loop.run(model, tests, dataset.as_input, batch=10), test_truth, detector.GRID, dataset.LABELS)
    exporting.export(model, arguments.output, (1, 1, dataset.SIDE, dataset.SIDE))


if __name__ == "__main__":
    main()
