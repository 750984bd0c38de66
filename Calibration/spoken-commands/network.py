"""The command model: convolutions over bands and time, small enough for any box."""

import torch
from torch import nn
from torch.nn import functional


def convolution(before, after, size, stride=1, padding=None, groups=1):
    size = (size, size) if isinstance(size, int) else size
    padding = tuple(side // 2 for side in size) if padding is None else padding
    return nn.Sequential(nn.Conv2d(before, after, size, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(after))


class Residual(nn.Module):
    """Each channel by itself, then all of them at each place, added to what came in."""

    def __init__(self, channels, size=3):
        super().__init__()
        self.apart = convolution(channels, channels, size, groups=channels)
        self.together = convolution(channels, channels, 1)

    def forward(self, x):
        return torch.relu(x + self.together(torch.relu(self.apart(x))))


class Network(nn.Module):
    """[N, 1, 32, 64] log-mel values → [N, classes] logits."""

    def __init__(self, classes, bands=32):
        super().__init__()
        self.layers = nn.Sequential(
            convolution(1, 16, 5, 2), nn.ReLU(),
            convolution(16, 40, 3, 2), nn.ReLU(), Residual(40), Residual(40),
            convolution(40, 72, 3, (2, 1)), nn.ReLU(), Residual(72), Residual(72),
            convolution(72, 112, (bands // 8, 1), padding=(0, 0)), nn.ReLU(), Residual(112, (1, 3)), Residual(112, (1, 3)),
        )  # fmt: skip
        self.dropout = nn.Dropout(0.1)
        self.classes = nn.Linear(112, classes)

    def forward(self, x):
        return self.classes(self.dropout(functional.adaptive_avg_pool2d(self.layers(x), 1).flatten(1)))
