"""Trains the PCB detector and writes it as ONNX. See README.md beside this file."""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

import dataset
import detector
from detector_training import exporting, loop, losses, scoring

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


def train(model, images, truth, epochs, watch, checkpoint):
    model = model.to(memory_format=torch.channels_last)
    average = loop.Average(model)
    random = np.random.default_rng(SEED)
    steps = epochs * (len(images) // BATCH)
    optimiser, schedule = loop.optimiser(model, PEAK_RATE, steps)
    for epoch in range(epochs):
        started, total = time.monotonic(), 0.0
        order = random.permutation(len(images))[: len(images) // BATCH * BATCH].reshape(-1, BATCH)
        for chosen in order:
            batch, rows = dataset.augmented(images[chosen], [truth[index] for index in chosen], random)
            raw = model(torch.from_numpy(batch).to(memory_format=torch.channels_last))
            value = losses.loss(raw, [torch.from_numpy(boxes) for boxes in rows], detector.GRID)
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 20)
            optimiser.step()
            schedule.step()
            average.update(model)
            total += value.item()
        line = f"epoch {epoch + 1}/{epochs}: loss {total / len(order):.3f}, {time.monotonic() - started:.0f} s"
        if epoch % 5 == 4 or epoch + 1 == epochs:
            outputs = loop.run(average.model, watch[0], dataset.as_input, batch=10)
            line += f", mAP@0.5 {scoring.mean_average_precision(outputs, watch[1], detector.GRID, dataset.LABELS)[0]:.4f}"
            torch.save(average.model.state_dict(), checkpoint)
        print(line, flush=True)
    return average.model


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
    model = train(model, images[learned], [truth[index] for index in learned], arguments.epochs, watch, arguments.output.with_suffix(".pt"))
    print(f"trained in {(time.monotonic() - started) / 60:.1f} min")
    tests, test_truth = dataset.load(arguments.data / "test")
    scoring.report(loop.run(model, tests, dataset.as_input, batch=10), test_truth, detector.GRID, dataset.LABELS)
    exporting.export(model, arguments.output, (1, 1, dataset.SIDE, dataset.SIDE))


if __name__ == "__main__":
    main()
