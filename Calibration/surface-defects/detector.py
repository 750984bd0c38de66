"""The network: a small anchor-free detector in YOLOX's manner (Ge et al. 2021)."""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dataset import HEIGHT, LABELS, STRIDES, WIDTH
from detector_training.grids import Grid
from detector_training.layers import Residual, convolution, separable

GRID = Grid(WIDTH, HEIGHT, STRIDES)


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
