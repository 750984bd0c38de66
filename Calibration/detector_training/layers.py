"""Layers that 8 bits serve well: convolution, batch normalisation and ReLU, and sums of two such."""

from torch import nn


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
