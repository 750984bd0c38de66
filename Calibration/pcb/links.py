"""Bridges of copper drawn into training images: links as designs have them between pads, and shorts.

Without a template only the way a bridge meets the copper tells a short from a link: etched links are straight and widen where they meet it,
drawn shorts are thinner, often crooked, and meet it with sharp corners. The training boards have few such links, other boards many."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SHORT = 1
# Places that are tried an image; a fifth of them serve.
TRIED = 30
# The share of bridges that are shorts.
SHORTS = 0.25
# White pixels that a bridge spans; links of less are no links.
SPAN, LEAST_LINK = (4, 70), 10
# Pixels around a bridge in which no labelled defect may lie.
CLEAR = 12
# Pixels around a short that its box takes in, and the least side of a box.
AROUND, LEAST_SIDE = 8, 26


def gap(line, place):
    """The white run of a row or column of pixels around `place`, which copper ends on both sides: first and one past the last, or nothing."""
    black = np.nonzero(line < 128)[0]
    after = np.searchsorted(black, place)
    if after == 0 or after == len(black) or black[after] == place:
        return None
    return int(black[after - 1]) + 1, int(black[after])


def draw_link(part, ends, random):
    """A straight link, with pads at some ends, whose corners with the copper are rounded; no pixel of `part` becomes lighter."""
    canvas = Image.fromarray(part)
    draw = ImageDraw.Draw(canvas)
    draw.line(ends, fill=0, width=int(random.integers(4, 11)))
    long = max(abs(ends[1][0] - ends[0][0]), abs(ends[1][1] - ends[0][1])) > 46
    for x, y in ends:
        if long and random.random() < 0.4:
            right, down = (int(half) for half in random.integers(8, 15, 2))
            (draw.ellipse if random.random() < 0.5 else draw.rectangle)((x - right, y - down, x + right, y + down), fill=0)
    rounded = np.asarray(canvas.filter(ImageFilter.GaussianBlur(random.uniform(1.5, 3.5))))
    # Blurring takes from a line's edges what it adds in corners, so the line itself is kept.
    part[:] = np.minimum(np.minimum(part, np.asarray(canvas)), np.where(rounded < 140, 0, 255).astype(np.uint8))


def draw_short(part, ends, random):
    """A more or less crooked bridge with sharp corners and uneven edges, thin as a rule."""
    canvas = Image.fromarray(part)
    draw = ImageDraw.Draw(canvas)
    (x0, y0), (x1, y1) = ends
    length = abs(x1 - x0) + abs(y1 - y0)
    bend, width = random.uniform(0, 0.12) * length, random.uniform(2, 6) if random.random() < 0.7 else random.uniform(5, 12)
    # One end may lie aside of the other.
    aside = random.normal(0, 0.15 * length)
    x1, y1 = (x1, y1 + aside) if abs(x1 - x0) > abs(y1 - y0) else (x1 + aside, y1)
    inner = [(x0 + (x1 - x0) * t + random.normal(0, bend), y0 + (y1 - y0) * t + random.normal(0, bend)) for t in (0.33, 0.67)]
    points = [(x0, y0), *inner, (x1, y1)]
    for a, b in zip(points, points[1:]):
        draw.line([a, b], fill=0, width=max(2, round(width * random.uniform(0.7, 1.3))))
    part[:] = np.asarray(canvas)


def bridged(image, rows, random):
    """A copy of `image` with bridges where two pieces of copper face each other across white, horizontally or vertically, and the rows with
    the shorts among them."""
    image = image.copy()
    height, width = image.shape
    taken, added = rows[:, 1:], []
    for _ in range(TRIED):
        x, y, across = int(random.integers(width)), int(random.integers(height)), random.random() < 0.5
        found = gap(image[y] if across else image[:, x], x if across else y)
        if found is None or not SPAN[0] <= found[1] - found[0] <= SPAN[1]:
            continue
        if found[1] - found[0] < LEAST_LINK and random.random() > SHORTS:
            continue
        low, high = found[0] - 3, found[1] + 3
        ends = [(low, y), (high, y)] if across else [(x, low), (x, high)]
        x0, y0 = max(0, ends[0][0] - 20), max(0, ends[0][1] - 20)
        x1, y1 = min(width, ends[1][0] + 20), min(height, ends[1][1] + 20)
        box = np.float32([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0])
        if (abs(taken[:, :2] - box[:2]) < (taken[:, 2:] + box[2:]) / 2 + CLEAR).all(1).any():
            continue
        part, inside = image[y0:y1, x0:x1], [(end[0] - x0, end[1] - y0) for end in ends]
        if found[1] - found[0] < LEAST_LINK or random.random() < SHORTS:
            before = part.copy()
            draw_short(part, inside, random)
            changed = np.argwhere(part != before)
            if not len(changed):
                continue
            (top, left), (bottom, right) = changed.min(0) + (y0, x0), changed.max(0) + (y0 + 1, x0 + 1)
            size = [max(LEAST_SIDE, right - left + 2 * AROUND), max(LEAST_SIDE, bottom - top + 2 * AROUND)]
            added.append([SHORT, (left + right) / 2, (top + bottom) / 2, *size])
        else:
            draw_link(part, inside, random)
        taken = np.concatenate([taken, box[None]])
    return image, np.concatenate([rows, np.float32(added).reshape(-1, 5)])
