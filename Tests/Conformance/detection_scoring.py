"""Mean average precision of YOLOX outputs by the rules of `swiftlet evaluate`, written a second time and on its own."""

import numpy as np

STRIDES = (8, 16, 32)


def letterboxed(image, size=416, grey=114):
    """A PIL image as the model's input [1,3,size,size]: BGR 0…255, scaled to the top left corner; and the scale."""
    from PIL import Image

    scale = min(size / image.width, size / image.height)
    width, height = round(image.width * scale), round(image.height * scale)
    canvas = np.full((size, size, 3), grey, np.uint8)
    canvas[:height, :width] = np.asarray(image.convert("RGB").resize((width, height), Image.BILINEAR))
    return np.ascontiguousarray(canvas[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32)), scale


def truth(path, width, height):
    """Rows (class, x0, y0, x1, y1) in pixels from a YOLO label file."""
    rows = np.loadtxt(path, ndmin=2).reshape(-1, 5)
    middle, half = rows[:, 1:3] * (width, height), rows[:, 3:5] * (width, height) / 2
    return np.concatenate([rows[:, :1], middle - half, middle + half], 1)


def decoded(output, scale, width, height, size=416, threshold=0.01, suppression=0.6):
    """Detections of one image from [cells, 5 + classes]: rows (class, score, x0, y0, x1, y1), best first, a label a cell."""
    cells = []
    for stride in STRIDES:
        rows, columns = np.mgrid[: size // stride, : size // stride]
        cells.append(np.stack([columns.ravel(), rows.ravel(), np.full(rows.size, stride)], 1))
    cells = np.concatenate(cells).astype(np.float32)
    kind = output[:, 5:].argmax(1)
    score = output[:, 4] * output[:, 5:].max(1)
    chosen = np.nonzero(score >= threshold)[0]
    chosen = chosen[np.argsort(-score[chosen], kind="stable")]
    middle = (output[chosen, :2] + cells[chosen, :2]) * cells[chosen, 2:]
    half = np.exp(output[chosen, 2:4]) * cells[chosen, 2:] / 2
    boxes = (np.concatenate([middle - half, middle + half], 1) / scale).clip(0, [width, height, width, height])
    kind, score = kind[chosen], score[chosen]
    kept = []
    alive = np.ones(len(chosen), bool)
    for index in range(len(chosen)):
        if not alive[index]:
            continue
        kept.append(index)
        later = alive.copy()
        later[: index + 1] = False
        later &= kind == kind[index]
        alive[later] = overlaps(boxes[index : index + 1], boxes[later])[0] <= suppression
    return np.concatenate([kind[kept, None], score[kept, None], boxes[kept]], 1)


def overlaps(first, second):
    """Intersection over union of every box with every other."""
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    shared = (np.minimum(first[:, None, 2:], second[None, :, 2:]) - corner).clip(0).prod(2)
    area = lambda boxes: (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return shared / np.maximum(area(first)[:, None] + area(second)[None] - shared, 1e-12)


def average_precision(scores, hits, count):
    """Precision made falling, read at 101 recalls."""
    order = np.argsort(-np.array(scores), kind="stable")
    found = np.cumsum(np.array(hits, float)[order])
    recall, precision = found / count, found / np.arange(1, len(found) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.mean([precision[index] if index < len(precision) else 0 for index in at]))


def mean_average_precision(detections, truths):
    """(mAP@0.5, mAP@0.5:0.95) over the classes present."""
    thresholds = np.linspace(0.5, 0.95, 10)
    table = []
    for kind in sorted({int(row[0]) for rows in truths for row in rows}):
        scores, hits, count = [], [[] for _ in thresholds], 0
        for found, rows in zip(detections, truths):
            found, rows = found[found[:, 0] == kind], rows[rows[:, 0] == kind]
            count += len(rows)
            scores += list(found[:, 1])
            table_of_overlaps = overlaps(found[:, 2:], rows[:, 1:]) if len(found) and len(rows) else np.zeros((len(found), len(rows)))
            for threshold, list_of_hits in zip(thresholds, hits):
                free = np.ones(len(rows), bool)
                for row in table_of_overlaps:
                    choices = np.where(free & (row >= threshold), row, -1)
                    best = len(choices) - 1 - int(choices[::-1].argmax()) if len(choices) else -1
                    list_of_hits.append(best >= 0 and choices[best] >= 0)
                    if list_of_hits[-1]:
                        free[best] = False
        table.append([average_precision(scores, list_of_hits, count) if scores else 0.0 for list_of_hits in hits])
    return float(np.mean([row[0] for row in table])), float(np.mean(table))
