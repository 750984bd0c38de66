"""The network: one grid of stride 8, that also sees half and a quarter as fine."""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dataset import LABELS, SIDE
from detector_training.grids import Grid
from detector_training.layers import Residual, convolution

GRID = Grid(SIDE, SIDE, (8,))


def enlarged(x):
    return functional.interpolate(x, scale_factor=2, mode="nearest")


class Detector(nn.Module):
    """[count, 1, 640, 640] to [count, 6400, 5 + classes]: (dx, dy, log w, log h, objectness, classes), cells row by row.

    - width: channels, relative to the network that runs on the device."""

    def __init__(self, width=1.0):
        super().__init__()
        a, b, c, d, e, f = (round(width * channels / 8) * 8 for channels in (16, 24, 48, 80, 128, 56))
        self.fine = nn.Sequential(convolution(1, a, stride=2), convolution(a, b, stride=2))
        self.middle = nn.Sequential(convolution(b, c, stride=2), Residual(convolution(c, c)), Residual(convolution(c, c)))
        self.coarse = nn.Sequential(convolution(c, d, stride=2), Residual(convolution(d, d)), Residual(convolution(d, d)))
        self.coarsest = nn.Sequential(convolution(d, e, stride=2), Residual(convolution(e, e)), Residual(convolution(e, e)))
        self.to_coarse = convolution(e, d, 1)
        self.among_coarse = convolution(2 * d, d, 1)
        self.to_middle = convolution(d, c, 1)
        self.neck = nn.Sequential(convolution(2 * c, c, 1), convolution(c, f))
        self.box = nn.Conv2d(f, 4, 1)
        self.objectness = nn.Conv2d(f, 1, 1)
        self.classes = nn.Conv2d(f, len(LABELS), 1)
        nn.init.constant_(self.objectness.bias, -4.6)
        self.gives_probabilities = False

    def forward(self, x):
        middle = self.middle(self.fine(x))
        coarse = self.coarse(middle)
        coarse = self.among_coarse(torch.cat([enlarged(self.to_coarse(self.coarsest(coarse))), coarse], 1))
        level = self.neck(torch.cat([enlarged(self.to_middle(coarse)), middle], 1))
        box, objectness, classes = self.box(level), self.objectness(level), self.classes(level)
        if self.gives_probabilities:
            objectness, classes = objectness.sigmoid(), classes.sigmoid()
        return torch.cat([box, objectness, classes], 1).flatten(2).permute(0, 2, 1)
