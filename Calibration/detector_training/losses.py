"""Which cell answers for which box, and how wrong it is (YOLOX; Ge et al. 2021)."""

import torch
from torch.nn import functional


def decoded(raw, cells):
    """Boxes (x, y, width, height) in input pixels, x and y the middle; `cells` as `Grid.cells`."""
    stride = cells[:, 2:]
    return torch.cat([(raw[..., :2] + cells[:, :2]) * stride, raw[..., 2:4].clamp(max=6).exp() * stride], -1)


def overlap(a, b, generalised=False):
    """Intersection over union of boxes given by middle and size; GIoU (Rezatofighi et al. 2019) if asked for."""
    low_a, high_a, low_b, high_b = a[..., :2] - a[..., 2:] / 2, a[..., :2] + a[..., 2:] / 2, b[..., :2] - b[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2
    shared = (torch.minimum(high_a, high_b) - torch.maximum(low_a, low_b)).clamp(min=0).prod(-1)
    union = a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - shared
    share = shared / union.clamp(min=1e-9)
    if not generalised:
        return share
    hull = (torch.maximum(high_a, high_b) - torch.minimum(low_a, low_b)).prod(-1).clamp(min=1e-9)
    return share - (hull - union) / hull


def candidates(boxes, grid):
    """The 3 × 3 cells around each box's middle on every level: indices [boxes, 9 × levels], and which of them exist."""
    around = torch.tensor([(column, row) for row in (-1, 0, 1) for column in (-1, 0, 1)])
    indices, exist, start = [], [], 0
    for stride in grid.strides:
        columns, rows = grid.width // stride, grid.height // stride
        place = (boxes[:, None, :2] / stride).floor().long() + around
        inside = (place >= 0).all(-1) & (place[..., 0] < columns) & (place[..., 1] < rows)
        indices.append((start + place[..., 1] * columns + place[..., 0]).where(inside, 0))
        exist.append(inside)
        start += columns * rows
    return torch.cat(indices, 1), torch.cat(exist, 1)


@torch.no_grad()
def assign(raw, owner, kinds, boxes, grid):
    """Which cell answers for which box: for each box the cells of least cost, as many as the overlaps of the best ones add up to
    (SimOTA, over the few cells around the middle). Returns images, cells and boxes, one an answering cell."""
    cells = torch.from_numpy(grid.cells)
    cell, exists = candidates(boxes, grid)
    image = owner[:, None].expand_as(cell)
    overlaps = overlap(decoded(raw, cells)[image, cell], boxes[:, None]) * exists
    score = raw[image, cell, 4].sigmoid() * raw[image, cell, 5 + kinds[:, None]].sigmoid()
    cost = -0.5 * score.clamp(min=1e-9).log() - 3 * overlaps.clamp(min=1e-8).log() + 1e5 * ~exists
    wanted = overlaps.topk(min(10, overlaps.shape[1])).values.sum(1).long().clamp(min=1)
    rank = cost.argsort(dim=1, stable=True).argsort(dim=1, stable=True)
    box, place = torch.nonzero((rank < wanted[:, None]) & exists, as_tuple=True)
    # A cell that two boxes want goes to the cheaper one.
    order = cost[box, place].argsort(stable=True)
    box, place = box[order], place[order]
    key = owner[box] * len(cells) + cell[box, place]
    order = key.argsort(stable=True)
    first = torch.ones_like(key, dtype=torch.bool)
    first[1:] = key[order][1:] != key[order][:-1]
    box, place = box[order][first], place[order][first]
    return owner[box], cell[box, place], box


def loss(raw, truth, grid):
    """Objectness of all cells, and box and class of those that answer for a box, per answering cell.

    `raw` is [images, cells, 5 + classes], logits; `truth` a list of [boxes, 5] an image: (class, x, y, width, height), input pixels."""
    owner = torch.cat([torch.full((len(rows),), index) for index, rows in enumerate(truth)]).long()
    rows = torch.cat(truth)
    kinds, boxes = rows[:, 0].long(), rows[:, 1:]
    image, cell, box = assign(raw.detach(), owner, kinds, boxes, grid)
    count = max(1, len(box))
    objectness = torch.zeros(raw.shape[:2])
    objectness[image, cell] = 1
    total = functional.binary_cross_entropy_with_logits(raw[..., 4], objectness, reduction="sum")
    if len(box):
        cells = torch.from_numpy(grid.cells)
        answers, wanted = decoded(raw, cells)[image, cell], boxes[box]
        quality = overlap(answers.detach(), wanted)
        classes = functional.one_hot(kinds[box], raw.shape[-1] - 5) * (0.5 + 0.5 * quality[:, None])
        total = total + functional.binary_cross_entropy_with_logits(raw[image, cell, 5:], classes, reduction="sum")
        total = total + 5 * (1 - overlap(answers, wanted, generalised=True)).sum()
        column_row, stride = cells[cell, :2], cells[cell, 2:]
        exact = torch.cat([wanted[:, :2] / stride - column_row, (wanted[:, 2:] / stride).log()], 1)
        total = total + functional.l1_loss(raw[image, cell, :4], exact, reduction="sum")
    return total / count


def distillation(raw, told):
    """How far a student's answers are from its teacher's, both [images, cells, 5 + classes], logits (Hinton et al. 2015, at temperature 1):
    objectness everywhere; classes and boxes as far as the teacher sees something there. Per cell in which it does."""
    seen = told[..., 4].sigmoid()
    count = seen.sum().clamp(min=1)
    objectness = functional.binary_cross_entropy_with_logits(raw[..., 4], seen, reduction="sum")
    classes = functional.binary_cross_entropy_with_logits(raw[..., 5:], told[..., 5:].sigmoid(), reduction="none").sum(-1)
    boxes = (raw[..., :4] - told[..., :4]).abs().sum(-1)
    return (objectness + ((classes + boxes) * seen).sum()) / count
