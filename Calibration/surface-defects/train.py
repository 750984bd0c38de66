"""Trains the demo's detector and writes it as ONNX. See README.md beside this file."""

import argparse
import time
from pathlib import Path

import torch

import dataset
import detector
from detector_training import exporting, loop, scoring

SEED = 20
BATCH = 32
PEAK_RATE = 3e-3
HERE = Path(__file__).resolve().parent
# Not the weights that the repository keeps beside this file: a try must not replace them unasked.
DEFAULT_OUTPUT = HERE.parents[1] / "build" / "surface-defects.onnx"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", nargs="+", metavar="FOLDER", required=True, help="labelled data sets to learn from")
    parser.add_argument("--test", nargs="+", metavar="FOLDER", required=True, help="labelled data sets of other seeds, only to measure on")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument(
        "--output", type=Path, metavar="FILE", default=DEFAULT_OUTPUT, help="the .onnx to write; by default build/surface-defects.onnx of the repository"
    )
    return parser.parse_args()


def with_fewer_empty_frames(images, truth):
    """All frames with a defect, and every fourth of those without."""
    empty = [index for index, rows in enumerate(truth) if not len(rows)]
    kept = sorted({index for index, rows in enumerate(truth) if len(rows)} | set(empty[::4]))
    return images[kept], [truth[index] for index in kept]


def main():
    arguments = parse_arguments()
    # What can't be written is told before the training.
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    print(f"the detector will be written to {arguments.output}", flush=True)
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    images, truth = with_fewer_empty_frames(*dataset.load_all(arguments.train))
    tests = dataset.load_all(arguments.test)
    print(f"{len(images)} frames with {sum(map(len, truth))} boxes; tested on {len(tests[0])} with {sum(map(len, tests[1]))}", flush=True)
    started = time.monotonic()
    watch = loop.watch(tests[0][:250], tests[1][:250], dataset, detector.GRID)
    phases = [(arguments.epochs, dataset.augmented, detector.GRID)]
    model = loop.train(detector.Detector(), phases, images, truth, BATCH, PEAK_RATE, SEED, watch, watch_every=3)
    print(f"trained in {(time.monotonic() - started) / 60:.1f} min; {sum(weight.numel() for weight in model.parameters())} parameters")
    scoring.report(loop.run(model, tests[0], dataset.as_input), tests[1], detector.GRID, dataset.LABELS)
    exporting.export(model, arguments.output, (1, 3, dataset.HEIGHT, dataset.WIDTH))


if __name__ == "__main__":
    main()
