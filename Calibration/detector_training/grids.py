"""The cells in which a detector answers."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Grid:
    """`width` × `height` input pixels, cut into cells of each of `strides`, finest first and row by row.

    `cells` is [cells, 3]: column, row and stride of each."""

    width: int
    height: int
    strides: tuple
    cells: np.ndarray = field(init=False, compare=False, repr=False)

    def __post_init__(self):
        levels = []
        for stride in self.strides:
            rows, columns = np.mgrid[: self.height // stride, : self.width // stride]
            levels.append(np.stack([columns.ravel(), rows.ravel(), np.full(rows.size, stride)], 1))
        object.__setattr__(self, "cells", np.concatenate(levels).astype(np.float32))
