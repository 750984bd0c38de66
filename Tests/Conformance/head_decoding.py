"""The heads of NanoDet and FastestDet decoded as their recipes say, written a second time and on their own: one label a cell, boxes
above 0.01, class-wise suppression at 0.6."""

import numpy as np

import detection_scoring as scoring


def stretched(image, size, mean, deviation):
    """A PIL image as [1,3,size,size]: BGR, both sides filled."""
    from PIL import Image

    pixels = np.asarray(image.convert("RGB").resize((size, size), Image.BILINEAR)).astype(np.float32)[:, :, ::-1]
    return np.ascontiguousarray(((pixels - mean) / deviation).transpose(2, 0, 1)[None].astype(np.float32))


def thinned(scores, boxes, size, width, height, threshold=0.01, suppression=0.6):
    """Rows (class, score, x0, y0, x1, y1) in the image's pixels, best first, from [cells, classes] and corners in the input's."""
    kind, score = scores.argmax(1), scores.max(1)
    chosen = np.nonzero(score >= threshold)[0]
    chosen = chosen[np.argsort(-score[chosen], kind="stable")]
    kind, score = kind[chosen], score[chosen]
    boxes = (boxes[chosen] * np.array([width / size, height / size] * 2)).clip(0, [width, height, width, height])
    kept, alive = [], np.ones(len(chosen), bool)
    for index in range(len(chosen)):
        if not alive[index]:
            continue
        kept.append(index)
        later = alive.copy()
        later[: index + 1] = False
        later &= kind == kind[index]
        alive[later] = scoring.overlaps(boxes[index : index + 1], boxes[later])[0] <= suppression
    return np.concatenate([kind[kept, None], score[kept, None], boxes[kept]], 1)


def nanodet(outputs, width, height, size=320, bins=8):
    scores, boxes = [], []
    for stride in (8, 16, 32):
        side = size // stride
        rows, columns = np.mgrid[:side, :side]
        x, y = (columns.ravel() + 0.5) * stride, (rows.ravel() + 0.5) * stride
        heads = outputs[f"dis_pred_stride_{stride}"][0].reshape(-1, 4, bins).astype(np.float64)
        weights = np.exp(heads - heads.max(-1, keepdims=True))
        sides = (weights * np.arange(bins)).sum(-1) / weights.sum(-1) * stride
        scores.append(outputs[f"cls_pred_stride_{stride}"][0])
        boxes.append(np.stack([x - sides[:, 0], y - sides[:, 1], x + sides[:, 2], y + sides[:, 3]], 1))
    return thinned(np.concatenate(scores), np.concatenate(boxes), size, width, height)


def fastestdet(outputs, width, height, size=352, stride=16):
    side = size // stride
    cells = outputs["758"][0].reshape(85, -1).T.astype(np.float64)
    rows, columns = np.mgrid[:side, :side]
    x, y = (np.tanh(cells[:, 1]) + columns.ravel()) * stride, (np.tanh(cells[:, 2]) + rows.ravel()) * stride
    half = size / (1 + np.exp(-cells[:, 3:5])) / 2
    scores = np.maximum(cells[:, :1], 0) ** 0.6 * np.maximum(cells[:, 5:], 0) ** 0.4
    return thinned(scores, np.stack([x - half[:, 0], y - half[:, 1], x + half[:, 0], y + half[:, 1]], 1), size, width, height)


def faces(outputs, threshold=0.7, suppression=0.3):
    """How many faces the decoded boxes and softmax scores of UltraFace hold."""
    score, boxes = outputs["scores"][0][:, 1], outputs["boxes"][0]
    order = [index for index in np.argsort(-score, kind="stable") if score[index] >= threshold]
    kept = []
    for index in order:
        if all(scoring.overlaps(boxes[index : index + 1], boxes[other : other + 1])[0, 0] <= suppression for other in kept):
            kept.append(index)
    return len(kept)
