"""Makes the golden cases of image preparation and of accuracy, by OpenCV and pycocotools.

    pip install numpy opencv-python-headless pycocotools
    python Tests/Conformance/make_vision_cases.py

Writes Tests/Imaging/Golden and Tests/ObjectDetection/Golden; the Swift tests replay them without Python.
"""

import contextlib
import io
import pathlib

import cv2
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

TESTS = pathlib.Path(__file__).resolve().parent.parent


def write_ppm(path, rgb):
    height, width, _ = rgb.shape
    path.write_bytes(b"P6\n%d %d\n255\n" % (width, height) + rgb.tobytes())


def resizing():
    """One picture, and what cv2.resize (INTER_LINEAR) makes of it for some sizes."""
    folder = TESTS / "Imaging" / "Golden"
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(5)
    noise = generator.integers(0, 256, (24, 32, 3), dtype=np.uint8)
    smooth = cv2.GaussianBlur(generator.integers(0, 256, (24, 32, 3), dtype=np.uint8), (5, 5), 0)
    picture = np.concatenate([noise, smooth], axis=1)
    write_ppm(folder / "picture.ppm", picture)
    for width, height in [(41, 15), (64, 24), (100, 50), (20, 9), (7, 60)]:
        write_ppm(folder / f"resized_{width}x{height}.ppm", cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR))


def random_case(generator, images, classes, boxes, noise, strays):
    """Lines `t image class x y w h` and `d image class score x y w h`, coordinates and scores exact in float32."""
    truths, found = [], []
    for image in range(images):
        for _ in range(generator.integers(0, boxes + 1)):
            label = int(generator.integers(0, classes))
            x, y, w, h = (float(v) for v in generator.integers(4, 400, 4) / 4)
            truths.append((image, label, x, y, w, h))
            for _ in range(generator.integers(0, 3)):
                jitter = generator.integers(-noise, noise + 1, 4) / 4
                score = float(generator.integers(1, 64)) / 64  # few values, so that equal scores occur
                box = (x + jitter[0], y + jitter[1], max(1.0, w + jitter[2]), max(1.0, h + jitter[3]))
                found.append((image, label, score, *(float(v) for v in box)))
        for _ in range(generator.integers(0, strays + 1)):
            x, y, w, h = (float(v) for v in generator.integers(4, 400, 4) / 4)
            found.append((image, int(generator.integers(0, classes + 1)), float(generator.integers(1, 64)) / 64, x, y, w, h))
    return truths, found


def coco_scores(truths, found, images, classes):
    coco = COCO()
    coco.dataset = {
        "info": {},
        "images": [{"id": i + 1} for i in range(images)],
        "categories": [{"id": c + 1} for c in range(classes + 1)],
        "annotations": [
            {"id": n + 1, "image_id": t[0] + 1, "category_id": t[1] + 1, "bbox": list(t[2:]), "area": t[4] * t[5], "iscrowd": 0} for n, t in enumerate(truths)
        ],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        results = coco.loadRes([{"image_id": d[0] + 1, "category_id": d[1] + 1, "score": d[2], "bbox": list(d[3:])} for d in found])
        evaluation = COCOeval(coco, results, "bbox")
        evaluation.params.maxDets = [1, 10, 10**6]  # every box counts
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]  # thresholds × recalls × classes, all areas
    at50 = precision[0]
    return float(at50[at50 > -1].mean()), float(precision[precision > -1].mean())


def accuracy():
    folder = TESTS / "ObjectDetection" / "Golden"
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(6)
    settings = [(1, 1, 3, 8, 1), (5, 2, 4, 20, 2), (20, 3, 6, 60, 3), (20, 5, 3, 120, 5), (40, 2, 2, 10, 0)]
    for number, (images, classes, boxes, noise, strays) in enumerate(settings):
        while True:
            truths, found = random_case(generator, images, classes, boxes, noise, strays)
            if truths and found:
                break
        at50, mean = coco_scores(truths, found, images, classes)
        lines = [f"expected {at50!r} {mean!r}", f"images {images}"]
        lines += ["t " + " ".join(f"{v:g}" for v in t) for t in truths]
        lines += ["d " + " ".join(f"{v:.9g}" for v in d) for d in found]
        (folder / f"accuracy_{number}.txt").write_text("\n".join(lines) + "\n")
        print(f"accuracy_{number}: {len(truths)} boxes, {len(found)} detections, mAP {at50:.4f} {mean:.4f}")


if __name__ == "__main__":
    resizing()
    accuracy()
