"""The labelled frames of the simulated line, as the detector sees them."""

from pathlib import Path

import numpy as np

WIDTH, HEIGHT = 256, 192
# Input pixels from one cell of the output to the next, level by level.
STRIDES = (8, 16)
LABELS = ["scratch", "dent", "stain", "missing_hole"]


def read_ppm(path):
    """A binary PPM of 8 bits a channel as [height, width, 3]."""
    magic, size, deepest, pixels = Path(path).read_bytes().split(b"\n", 3)
    if magic != b"P6" or deepest != b"255":
        raise ValueError(f"{path}: not a binary PPM with 8 bits a channel")
    width, height = map(int, size.split())
    return np.frombuffer(pixels, np.uint8, width * height * 3).reshape(height, width, 3)


def axis_positions(source, resized):
    """For each resized pixel the first of two source pixels and the second's weight of 2048, as `ImagePreparation.fillAxis`."""
    position = (np.arange(resized) + 0.5) * (source / resized) - 0.5
    first = np.floor(position).astype(np.int64)
    weight = np.rint((position - first) * 2048).astype(np.int32)
    weight[(first < 0) | (first >= source - 1)] = 0
    first = first.clip(0, source - 1)
    return first, np.minimum(first + 1, source - 1), weight


def stretch(image):
    """Plain bilinear to the model's input size, with Swiftlet's own rule (module Imaging)."""
    left, right, weight = axis_positions(image.shape[1], WIDTH)
    upper, lower, weight_down = axis_positions(image.shape[0], HEIGHT)
    weight = weight[None, :, None]
    weight_down = weight_down[:, None, None]

    def row(index):
        rows = image[index].astype(np.int32)
        return rows[:, left] * (2048 - weight) + rows[:, right] * weight

    mixed = row(upper) * (2048 - weight_down) + row(lower) * weight_down
    return ((mixed + (1 << 21)) >> 22).astype(np.uint8)


def load(folder):
    """Images [count, height, width, 3] of 8 bits, and for each an array of rows (class, x, y, width, height) in input pixels,
    x and y the middle. The resized images are kept in `FOLDER/frames.npy` for the next time."""
    folder = Path(folder)
    classes = (folder / "classes.txt").read_text().split()
    if classes != LABELS:
        raise ValueError(f"{folder}/classes.txt: the classes are {classes}, but the detector is made for {LABELS}")
    names = sorted(path.stem for path in (folder / "labels").glob("*.txt"))
    cache = folder / "frames.npy"
    if cache.exists():
        images = np.load(cache)
    else:
        images = np.stack([stretch(read_ppm(folder / "images" / f"{name}.ppm")) for name in names])
        np.save(cache, images)
    truth = []
    for name in names:
        rows = np.array((folder / "labels" / f"{name}.txt").read_text().split(), np.float32).reshape(-1, 5)
        truth.append(rows * np.array([1, WIDTH, HEIGHT, WIDTH, HEIGHT], np.float32))
    return images, truth


def load_all(folders):
    parts = [load(folder) for folder in folders]
    return np.concatenate([images for images, _ in parts]), [rows for _, truth in parts for rows in truth]


def as_input(images):
    """The model's input, [count, 3, height, width], RGB, 0…1."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)).astype(np.float32) / 255


def shifted(image, rows, right, down):
    """The image moved by whole pixels, its edges repeated; a box of which less than half stays is no longer labelled."""
    padded = np.pad(image, ((max(down, 0), max(-down, 0)), (max(right, 0), max(-right, 0)), (0, 0)), mode="edge")
    top, left = max(-down, 0), max(-right, 0)
    moved = padded[top : top + HEIGHT, left : left + WIDTH]
    middle, half = rows[:, 1:3] + np.float32([right, down]), rows[:, 3:5] / 2
    low, high = (middle - half).clip(0, [WIDTH, HEIGHT]), (middle + half).clip(0, [WIDTH, HEIGHT])
    kept = np.prod(high - low, 1) >= 0.5 * np.prod(rows[:, 3:5], 1)
    boxes = np.concatenate([rows[:, :1], (low + high) / 2, high - low], 1)
    return moved, boxes[kept].astype(np.float32)


def augmented(images, truth, random):
    """A batch with other light, noise and, every other time, another place; and its truth."""
    moved, rows = [], []
    for image, boxes in zip(images, truth):
        if random.random() < 0.5:
            image, boxes = shifted(image, boxes, int(random.integers(-10, 11)), int(random.integers(-8, 9)))
        moved.append(image)
        rows.append(boxes)
    batch = as_input(np.stack(moved))
    count = len(batch)
    batch *= random.uniform(0.8, 1.2, (count, 1, 1, 1)).astype(np.float32) * random.uniform(0.96, 1.04, (count, 3, 1, 1)).astype(np.float32)
    batch += random.uniform(-0.05, 0.05, (count, 1, 1, 1)).astype(np.float32)
    batch += random.standard_normal(batch.shape, np.float32) * random.uniform(0, 0.02, (count, 1, 1, 1)).astype(np.float32)
    return batch.clip(0, 1), rows
