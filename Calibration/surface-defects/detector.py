"""The network: a small anchor-free detector in YOLOX's manner (Ge et al. 2021), and its loss."""

import torch
from torch import nn
from torch.nn import functional

import scoring
from dataset import HEIGHT, LABELS, STRIDES, WIDTH


def convolution(inputs, outputs, kernel=3, stride=1, groups=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def separable(inputs, outputs):
    return nn.Sequential(convolution(inputs, inputs, 3, groups=inputs), convolution(inputs, outputs, 1))


class Residual(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return x + self.body(x)


class Head(nn.Module):
    """Box (4), objectness (1) and classes of each cell."""

    def __init__(self, channels):
        super().__init__()
        self.box = nn.Sequential(separable(channels, channels), nn.Conv2d(channels, 4, 1))
        self.kind = separable(channels, channels)
        self.objectness = nn.Conv2d(channels, 1, 1)
        self.classes = nn.Conv2d(channels, len(LABELS), 1)
        nn.init.constant_(self.objectness.bias, -4.6)

    def forward(self, x):
        kind = self.kind(x)
        return self.box(x), self.objectness(kind), self.classes(kind)


class Detector(nn.Module):
    """[count, 3, 192, 256] to [count, 960, 5 + classes]: (dx, dy, log w, log h, objectness, classes), cells of stride 8 row by row,
    then those of stride 16."""

    def __init__(self):
        super().__init__()
        self.fine = nn.Sequential(convolution(3, 12, stride=2), convolution(12, 20, stride=2), Residual(convolution(20, 20)))
        self.middle = nn.Sequential(convolution(20, 40, stride=2), Residual(convolution(40, 40)), Residual(separable(40, 40)))
        self.coarse = nn.Sequential(
            convolution(40, 64, stride=2), Residual(separable(64, 64)), Residual(separable(64, 64)), Residual(separable(64, 64))
        )
        self.lateral = convolution(64, 40, 1)
        self.neck = nn.Sequential(convolution(80, 40, 1), Residual(separable(40, 40)))
        self.heads = nn.ModuleList([Head(40), Head(64)])
        self.gives_probabilities = False

    def forward(self, x):
        middle = self.middle(self.fine(x))
        coarse = self.coarse(middle)
        raised = functional.interpolate(self.lateral(coarse), scale_factor=2, mode="nearest")
        levels = [self.neck(torch.cat([raised, middle], 1)), coarse]
        rows = []
        for head, level in zip(self.heads, levels):
            box, objectness, classes = head(level)
            if self.gives_probabilities:
                objectness, classes = objectness.sigmoid(), classes.sigmoid()
            cells = level.shape[2] * level.shape[3]
            rows.append(torch.cat([box, objectness, classes], 1).reshape(-1, 5 + len(LABELS), cells))
        return torch.cat(rows, 2).permute(0, 2, 1)


CELLS = torch.from_numpy(scoring.CELLS)


def decoded(raw):
    """Boxes (x, y, width, height) in input pixels, x and y the middle."""
    stride = CELLS[:, 2:]
    return torch.cat([(raw[..., :2] + CELLS[:, :2]) * stride, raw[..., 2:4].clamp(max=6).exp() * stride], -1)


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


def candidates(boxes):
    """The 3 × 3 cells around each box's middle on every level: indices [boxes, 18], and which of them exist."""
    around = torch.tensor([(column, row) for row in (-1, 0, 1) for column in (-1, 0, 1)])
    indices, exist, start = [], [], 0
    for stride in STRIDES:
        columns, rows = WIDTH // stride, HEIGHT // stride
        place = (boxes[:, None, :2] / stride).floor().long() + around
        inside = (place >= 0).all(-1) & (place[..., 0] < columns) & (place[..., 1] < rows)
        indices.append((start + place[..., 1] * columns + place[..., 0]).where(inside, 0))
        exist.append(inside)
        start += columns * rows
    return torch.cat(indices, 1), torch.cat(exist, 1)


@torch.no_grad()
def assign(raw, owner, kinds, boxes):
    """Which cell answers for which box: for each box the cells of least cost, as many as the overlaps of the best ones add up to
    (YOLOX's SimOTA, over the few cells around the middle). Returns images, cells and boxes, one an answering cell."""
    cell, exists = candidates(boxes)
    image = owner[:, None].expand_as(cell)
    overlaps = overlap(decoded(raw)[image, cell], boxes[:, None]) * exists
    score = raw[image, cell, 4].sigmoid() * raw[image, cell, 5 + kinds[:, None]].sigmoid()
    cost = -0.5 * score.clamp(min=1e-9).log() - 3 * overlaps.clamp(min=1e-8).log() + 1e5 * ~exists
    wanted = overlaps.topk(10).values.sum(1).long().clamp(min=1)
    rank = cost.argsort(dim=1, stable=True).argsort(dim=1, stable=True)
    box, place = torch.nonzero((rank < wanted[:, None]) & exists, as_tuple=True)
    # A cell that two boxes want goes to the cheaper one.
    order = cost[box, place].argsort(stable=True)
    box, place = box[order], place[order]
    key = owner[box] * len(CELLS) + cell[box, place]
    order = key.argsort(stable=True)
    first = torch.ones_like(key, dtype=torch.bool)
    first[1:] = key[order][1:] != key[order][:-1]
    box, place = box[order][first], place[order][first]
    return owner[box], cell[box, place], box


def loss(raw, truth):
    """Objectness of all cells, and box and class of those that answer for a box, per answering cell."""
    owner = torch.cat([torch.full((len(rows),), index) for index, rows in enumerate(truth)]).long()
    rows = torch.cat(truth)
    kinds, boxes = rows[:, 0].long(), rows[:, 1:]
    image, cell, box = assign(raw.detach(), owner, kinds, boxes)
    count = max(1, len(box))
    objectness = torch.zeros(raw.shape[:2])
    objectness[image, cell] = 1
    total = functional.binary_cross_entropy_with_logits(raw[..., 4], objectness, reduction="sum")
    if len(box):
        answers, wanted = decoded(raw)[image, cell], boxes[box]
        quality = overlap(answers.detach(), wanted)
        classes = functional.one_hot(kinds[box], len(LABELS)) * (0.5 + 0.5 * quality[:, None])
        total = total + functional.binary_cross_entropy_with_logits(raw[image, cell, 5:], classes, reduction="sum")
        total = total + 5 * (1 - overlap(answers, wanted, generalised=True)).sum()
        column_row, stride = CELLS[cell, :2], CELLS[cell, 2:]
        exact = torch.cat([wanted[:, :2] / stride - column_row, (wanted[:, 2:] / stride).log()], 1)
        total = total + functional.l1_loss(raw[image, cell, :4], exact, reduction="sum")
    return total / count
