"""How good detections are: the rules of `swiftlet evaluate`."""

import numpy as np


def decode(output, grid, threshold, overlap_threshold):
    """Detections of one image from the model's output [cells, 5 + classes]: rows (class, score, x0, y0, x1, y1), best first, a label a cell,
    after class-wise suppression."""
    kinds = output[:, 5:].argmax(1)
    scores = output[:, 4] * output[:, 5:].max(1)
    cell = np.nonzero(scores >= threshold)[0]
    kind, score = kinds[cell], scores[cell]
    order = np.argsort(-score, kind="stable")
    cell, kind, score = cell[order], kind[order], score[order]
    cells = grid.cells[cell]
    middle = (output[cell, :2] + cells[:, :2]) * cells[:, 2:]
    half = np.exp(output[cell, 2:4].clip(max=6)) * cells[:, 2:] / 2
    boxes = np.concatenate([middle - half, middle + half], 1).clip(0, [grid.width, grid.height] * 2)
    kept = []
    for index in range(len(boxes)):
        if all(kind[index] != kind[other] or overlap(boxes[index], boxes[other]) <= overlap_threshold for other in kept):
            kept.append(index)
    return np.concatenate([kind[kept, None], score[kept, None], boxes[kept]], 1)


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def corners(row):
    _, x, y, width, height = row
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def matched(detections, truth, least):
    """Whether each detection, best first, finds a box of its class that none before it has taken."""
    taken, hits = set(), []
    for kind, _, *box in detections:
        choices = [(overlap(box, corners(row)), index) for index, row in enumerate(truth) if row[0] == kind and index not in taken]
        best = max(choices, default=(0, -1))
        hits.append(best[0] >= least)
        if hits[-1]:
            taken.add(best[1])
    return hits


def average_precision(scores, hits, count):
    """101 points of recall, precision made falling."""
    order = np.argsort(-np.array(scores), kind="stable")
    true = np.cumsum(np.array(hits, float)[order])
    recall, precision = true / count, true / np.arange(1, len(true) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.mean([precision[index] if index < len(precision) else 0 for index in at]))


def mean_average_precision(outputs, truth, grid, labels, least=0.5):
    """Over the classes present; every box above 0.01, suppression at 0.6."""
    detections = [decode(output, grid, 0.01, 0.6) for output in outputs]
    each = {}
    for kind, label in enumerate(labels):
        count = sum(int((rows[:, 0] == kind).sum()) for rows in truth)
        scores, hits = [], []
        for found, rows in zip(detections, truth):
            found = found[found[:, 0] == kind]
            scores += list(found[:, 1])
            hits += matched(found, rows, least)
        if count:
            each[label] = average_precision(scores, hits, count) if scores else 0.0
    return sum(each.values()) / max(1, len(each)), each


def precision_and_recall(outputs, truth, grid, labels, threshold, overlap_threshold=0.45, least=0.5):
    """(precision, recall, boxes) of every class, and of all together under `all`."""
    table = {label: [0, 0, 0] for label in labels}
    for output, rows in zip(outputs, truth):
        found = decode(output, grid, threshold, overlap_threshold)
        for detection, hit in zip(found, matched(found, rows, least)):
            table[labels[int(detection[0])]][0 if hit else 1] += 1
        for row in rows:
            table[labels[int(row[0])]][2] += 1
    table["all"] = [sum(counts[column] for counts in table.values()) for column in range(3)]
    return {label: (true / max(1, true + false), true / max(1, count), count) for label, (true, false, count) in table.items()}


def report(outputs, truth, grid, labels):
    mean, each = mean_average_precision(outputs, truth, grid, labels)
    print(f"mAP@0.5 {mean:.4f}")
    for threshold in (0.3, 0.4, 0.5, 0.6):
        table = precision_and_recall(outputs, truth, grid, labels, threshold)
        print(f"at {threshold}: precision {table['all'][0]:.4f}, recall {table['all'][1]:.4f}")
    table = precision_and_recall(outputs, truth, grid, labels, 0.5)
    for label, value in each.items():
        precision, recall, count = table[label]
        print(f"{label}: AP {value:.4f}, at 0.5 precision {precision:.4f}, recall {recall:.4f}, {count} boxes")
