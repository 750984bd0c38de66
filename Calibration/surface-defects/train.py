"""Trains the demo's detector and writes it as ONNX. See README.md beside this file."""

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

import dataset
import detector
import scoring

SEED = 20
BATCH = 32
PEAK_RATE = 3e-3
HERE = Path(__file__).parent


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", nargs="+", metavar="FOLDER", required=True, help="labelled data sets to learn from")
    parser.add_argument("--test", nargs="+", metavar="FOLDER", required=True, help="labelled data sets of other seeds, only to measure on")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--output", type=Path, default=HERE / "surface-defects.onnx")
    return parser.parse_args()


def with_fewer_empty_frames(images, truth):
    """All frames with a defect, and every fourth of those without."""
    empty = [index for index, rows in enumerate(truth) if not len(rows)]
    kept = sorted({index for index, rows in enumerate(truth) if len(rows)} | set(empty[::4]))
    return images[kept], [truth[index] for index in kept]


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


def run(model, images):
    """The outputs for 8-bit images, as the exported model gives them."""
    model.gives_probabilities = True
    with torch.no_grad():
        outputs = [model(torch.from_numpy(dataset.as_input(images[start : start + 50]))).numpy() for start in range(0, len(images), 50)]
    model.gives_probabilities = False
    return np.concatenate(outputs)


def train(images, truth, epochs, watch):
    model = detector.Detector().to(memory_format=torch.channels_last)
    average = Average(model)
    random = np.random.default_rng(SEED)
    decaying = [weight for weight in model.parameters() if weight.ndim > 1]
    others = [weight for weight in model.parameters() if weight.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": decaying, "weight_decay": 0.01}, {"params": others, "weight_decay": 0}], lr=PEAK_RATE)
    steps = epochs * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate(step, steps))
    for epoch in range(epochs):
        started, total = time.monotonic(), 0.0
        order = random.permutation(len(images))[: len(images) // BATCH * BATCH].reshape(-1, BATCH)
        for chosen in order:
            batch, rows = dataset.augmented(images[chosen], [truth[index] for index in chosen], random)
            value = detector.loss(model(torch.from_numpy(batch).to(memory_format=torch.channels_last)), [torch.from_numpy(boxes) for boxes in rows])
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 20)
            optimiser.step()
            schedule.step()
            average.update(model)
            total += value.item()
        line = f"epoch {epoch + 1}/{epochs}: loss {total / len(order):.3f}, {time.monotonic() - started:.0f} s"
        if epoch % 3 == 2 or epoch + 1 == epochs:
            line += f", mAP@0.5 {scoring.mean_average_precision(run(average.model, watch[0]), watch[1])[0]:.4f}"
        print(line, flush=True)
    return average.model


def export(model, path):
    """One file, fixed shapes, batch normalisation folded into the convolutions; checked against the model itself."""
    model.gives_probabilities = True
    model = model.eval().to(memory_format=torch.contiguous_format)
    image = torch.rand(1, 3, dataset.HEIGHT, dataset.WIDTH)
    torch.onnx.export(model, (image,), str(path), input_names=["image"], output_names=["output"], opset_version=13, dynamo=False)
    written = onnx.load(path)
    constants_to_initialisers(written.graph)
    onnx.checker.check_model(written, full_check=True)
    onnx.save(written, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        difference = np.abs(session.run(None, {"image": image.numpy()})[0] - model(image).numpy()).max()
    if difference > 1e-4:
        raise SystemExit(f"{path}: ONNX Runtime's output differs from the model's by {difference}")
    print(f"{path}: {path.stat().st_size} bytes, differs from the model by at most {difference:.1e}")


def constants_to_initialisers(graph):
    for node in [node for node in graph.node if node.op_type == "Constant"]:
        tensor = node.attribute[0].t
        tensor.name = node.output[0]
        graph.initializer.append(tensor)
        graph.node.remove(node)


def report(outputs, truth):
    mean, each = scoring.mean_average_precision(outputs, truth)
    print(f"mAP@0.5 {mean:.4f}")
    for threshold in (0.3, 0.4, 0.5, 0.6):
        table = scoring.precision_and_recall(outputs, truth, threshold)
        print(f"at {threshold}: precision {table['all'][0]:.4f}, recall {table['all'][1]:.4f}")
    table = scoring.precision_and_recall(outputs, truth, 0.5)
    for label, value in each.items():
        precision, recall, count = table[label]
        print(f"{label}: AP {value:.4f}, at 0.5 precision {precision:.4f}, recall {recall:.4f}, {count} boxes")


def main():
    arguments = parse_arguments()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    images, truth = with_fewer_empty_frames(*dataset.load_all(arguments.train))
    tests = dataset.load_all(arguments.test)
    print(f"{len(images)} frames with {sum(map(len, truth))} boxes; tested on {len(tests[0])} with {sum(map(len, tests[1]))}", flush=True)
    started = time.monotonic()
    model = train(images, truth, arguments.epochs, (tests[0][:250], tests[1][:250]))
    print(f"trained in {(time.monotonic() - started) / 60:.1f} min; {sum(weight.numel() for weight in model.parameters())} parameters")
    report(run(model, tests[0]), tests[1])
    export(model, arguments.output)


if __name__ == "__main__":
    main()
