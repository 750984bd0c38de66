"""The places of a Markdown file that benchmarks fill, each between two marks."""
import sys
from pathlib import Path


def write_between(file, begin, end, text):
    """Puts `text`, which ends a line, between the marks; exits, naming the file, where it lacks them. One mark that is both stands there just twice."""
    path = Path(file)
    page = path.read_text()
    before, mark, rest = page.partition(begin)
    _, last, after = rest.partition(end)
    if not mark or not last or (begin == end and page.count(begin) != 2):
        sys.exit(f"{file} lacks the marks {begin} and {end}")
    path.write_text(f"{before}{begin}\n{text}{end}{after}")
