"""Networks of published architectures in PyTorch, with random weights: what cuda.py's models are, for PyTorch to run. Imported where PyTorch is there."""


def convolution(nn, inputs, outputs, kernel=3, stride=1, groups=1, function=None):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([function(inplace=True)] if function else []))


class Sum:
    """A module that adds its input, or a projection of it, to what its layers make."""

    def __new__(cls, nn, layers, shortcut=None, function=None):
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers, self.shortcut, self.function = layers, shortcut or nn.Identity(), function() if function else nn.Identity()

            def forward(self, x):
                return self.function(self.layers(x) + self.shortcut(x))

        return Block()


def mobilenet_v2(nn):
    """Sandler et al., 2018, at width 1."""
    layers, inputs = [convolution(nn, 3, 32, 3, 2, function=nn.ReLU6)], 32
    for factor, outputs, count, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for index in range(count):
            step, width = stride if index == 0 else 1, inputs * factor
            parts = [convolution(nn, inputs, width, 1, function=nn.ReLU6)] if factor > 1 else []
            parts += [convolution(nn, width, width, 3, step, width, nn.ReLU6), convolution(nn, width, outputs, 1)]
            block = nn.Sequential(*parts)
            layers.append(Sum(nn, block) if step == 1 and inputs == outputs else block)
            inputs = outputs
    layers += [convolution(nn, 320, 1280, 1, function=nn.ReLU6), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000)]
    return nn.Sequential(*layers)


def mobilenet_v1_quarter(nn):
    """Howard et al., 2017, at width 1/4 for two classes, as in MLPerf Tiny's visual wake words."""
    layers, inputs = [convolution(nn, 3, 8, 3, 2, function=nn.ReLU)], 8
    for outputs, stride in [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)] + 5 * [(128, 1)] + [(256, 2), (256, 1)]:
        layers += [convolution(nn, inputs, inputs, 3, stride, inputs, nn.ReLU), convolution(nn, inputs, outputs, 1, function=nn.ReLU)]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 2))


def resnet8(nn):
    """He et al., 2015, with three blocks, as in MLPerf Tiny's image classification."""
    layers, inputs = [convolution(nn, 3, 16, function=nn.ReLU)], 16
    for outputs, stride in [(16, 1), (32, 2), (64, 2)]:
        parts = nn.Sequential(convolution(nn, inputs, outputs, 3, stride, function=nn.ReLU), convolution(nn, outputs, outputs))
        layers.append(Sum(nn, parts, nn.Conv2d(inputs, outputs, 1, stride) if stride > 1 else None, nn.ReLU))
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


# By what a model's name begins with: the network, and the side of its images.
NETWORKS = {"mobilenet_v2_224": (mobilenet_v2, 224), "vww_96": (mobilenet_v1_quarter, 96), "resnet8_cifar": (resnet8, 32)}


def network(name):
    """What builds a model's architecture from torch.nn, and the side of its images; None where there is none."""
    return next((found for start, found in NETWORKS.items() if name.startswith(start)), None)
