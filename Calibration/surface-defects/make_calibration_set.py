"""Chooses the frames that `surface-defects.yaml` calibrates with: one a data set, each kind of defect in turn, at the model's input
size, as JPEG."""

import argparse
from pathlib import Path

from PIL import Image

import dataset
import train


def first_with(folder, kind):
    """The name of the first frame that shows this kind of defect."""
    for path in sorted((folder / "labels").glob("*.txt")):
        if any(line.split()[0] == str(kind) for line in path.read_text().splitlines()):
            return path.stem
    raise SystemExit(f"{folder}: no frame shows a {dataset.LABELS[kind]}; give a larger data set")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, metavar="FOLDER", help="labelled data sets that the detector is trained on")
    parser.add_argument("--output", type=Path, default=train.HERE / "frames")
    arguments = parser.parse_args()
    arguments.output.mkdir(exist_ok=True)
    for index, folder in enumerate(arguments.sets):
        name = first_with(folder, index % len(dataset.LABELS))
        frame = dataset.stretch(dataset.read_ppm(folder / "images" / f"{name}.ppm"))
        Image.fromarray(frame).save(arguments.output / f"{folder.name}-{name}.jpg", quality=92, subsampling=0)


if __name__ == "__main__":
    main()
