"""Lays recordings of people out as `swiftlet evaluate` wants them, a folder a class: commands, digits, and letters, which are words that the model doesn't
know. They measure; nothing is trained or chosen by them. See README.md beside this file."""

import argparse
import shutil
from pathlib import Path

import words


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path, help="the folder with data/speech and data/spoken_tokens")
    parser.add_argument("output", type=Path, help="where commands/, digits/ and letters/ are made anew")
    return parser.parse_args()


def recordings(data):
    """(kind, class, file) of each recording of a single word."""
    for line in (data / "speech/transcripts.tsv").read_text().splitlines():
        name, said = line.split("\t")
        if said in words.COMMANDS:
            yield "commands", said, data / "speech" / name
    for path in sorted(data.glob("spoken_tokens/*/*.wav")):
        said = path.parent.name
        if said in words.DIGITS:
            yield "digits", said, path
        elif len(said) == 1:
            yield "letters", words.UNKNOWN, path


def main():
    arguments = parse_arguments()
    for kind, said, path in recordings(arguments.shared / "data"):
        folder = arguments.output / kind / said
        folder.mkdir(parents=True, exist_ok=True)
        # Letters share a folder, and their files' names.
        shutil.copy(path, folder / f"{path.parent.name}-{path.name}")


if __name__ == "__main__":
    main()
