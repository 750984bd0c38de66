"""The DeepPCB images (Tang et al. 2019), as the detector sees them."""

from pathlib import Path

import numpy as np
from PIL import Image

import links

LABELS = ["open", "short", "mousebite", "spur", "copper", "pin-hole"]
SIDE = 640


def load(folder):
    """Images [count, 640, 640] of 8 bits, and for each an array of rows (class, x, y, width, height) in pixels, x and y the middle.

    `folder/images/NAME.jpg` with `folder/labels/NAME.txt`: lines `x1 y1 x2 y2 class`, classes from 1."""
    folder = Path(folder)
    names = sorted(path.stem for path in (folder / "labels").glob("*.txt"))
    if not names:
        raise SystemExit(f"{folder}/labels: no label files (NAME.txt)")
    images, truth = [], []
    for name in names:
        image = Image.open(folder / "images" / f"{name}.jpg").convert("L")
        if image.size != (SIDE, SIDE):
            raise SystemExit(f"{folder}/images/{name}.jpg: {image.size[0]} × {image.size[1]} pixels; {SIDE} × {SIDE} expected")
        images.append(np.asarray(image))
        rows = np.array((folder / "labels" / f"{name}.txt").read_text().split(), np.float32).reshape(-1, 5)
        low, high = rows[:, :2], rows[:, 2:4]
        truth.append(np.concatenate([rows[:, 4:] - 1, (low + high) / 2, high - low], 1))
    return np.stack(images), truth


def as_input(images):
    """The model's input, [count, 1, height, width], 0…1."""
    return images[:, None].astype(np.float32) / 255


def turned(image, rows, way):
    """One of the eight symmetries of a square, by its number."""
    rows = rows.copy()
    if way & 1:
        image, rows[:, 1] = image[:, ::-1], SIDE - rows[:, 1]
    if way & 2:
        image, rows[:, 2] = image[::-1], SIDE - rows[:, 2]
    if way & 4:
        image, rows = image.T, rows[:, [0, 2, 1, 4, 3]]
    return image, rows


def placed(image, rows, scale, right, down, side):
    """`side` × `side` pixels of the image enlarged by `scale`, from its pixel (`right`, `down`) on; what lies outside is white. A box of which
    less than half stays is no longer labelled."""
    size = round(SIDE * scale)
    larger = image if size == SIDE else np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR))
    canvas = np.full((side, side), 255, np.uint8)
    left, top = max(right, 0), max(down, 0)
    part = larger[top : down + side, left : right + side]
    canvas[max(-down, 0) :, max(-right, 0) :][: part.shape[0], : part.shape[1]] = part
    rows = rows.copy()
    rows[:, 1:] *= size / SIDE
    rows[:, 1:3] -= np.float32([right, down])
    low, high = (rows[:, 1:3] - rows[:, 3:] / 2).clip(0, side), (rows[:, 1:3] + rows[:, 3:] / 2).clip(0, side)
    kept = np.prod(high - low, 1) >= 0.5 * np.prod(rows[:, 3:], 1)
    return canvas, np.concatenate([rows[:, :1], (low + high) / 2, high - low], 1)[kept]


def somewhere(side, size, rows, scale, random):
    """Where a cut of `side` pixels begins in an image of `size`: near a box if the cut is the smaller, else anywhere that shows nearly all."""
    if side >= size:
        return [int(random.integers(size - side - 24, 25)) for _ in range(2)]
    if not len(rows) or random.random() < 0.2:
        return [int(random.integers(size - side + 1)) for _ in range(2)]
    middle = rows[random.integers(len(rows)), 1:3] * scale
    return [int(np.clip(at - side / 2 + random.uniform(-0.35, 0.35) * side, -24, size - side + 24)) for at in middle]


def augmented(images, truth, random, side=SIDE):
    """A batch cut to `side` × `side` pixels, with bridges drawn in, turned at random and, every other image, at another size and place, in other
    light and noise; and its truth."""
    made, rows = [], []
    for image, boxes in zip(images, truth):
        image, boxes = links.bridged(image, boxes, random)
        image, boxes = turned(image, boxes, int(random.integers(8)))
        changed = random.random() < 0.5
        if changed or side < SIDE:
            scale = random.uniform(0.85, 1.2) if changed else 1
            right, down = somewhere(side, round(SIDE * scale), boxes, scale, random)
            image, boxes = placed(np.ascontiguousarray(image), boxes, scale, right, down, side)
        made.append(image)
        rows.append(boxes)
    batch = as_input(np.stack(made))
    count = len(batch)
    batch *= random.uniform(0.85, 1.1, (count, 1, 1, 1)).astype(np.float32)
    batch += random.uniform(-0.05, 0.1, (count, 1, 1, 1)).astype(np.float32)
    batch += random.standard_normal(batch.shape, np.float32) * random.uniform(0, 0.03, (count, 1, 1, 1)).astype(np.float32)
    return batch.clip(0, 1), rows
