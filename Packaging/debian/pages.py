#!/usr/bin/env python3
"""The manual's pages as the package has them: links lead to what is there too, others become plain text.

Usage: pages.py PAGES FOLDER SCHEMAS: the folder of the pages, the one to write to, and the schemas' path as seen from there.

Ends with status 1 where a link would lead nowhere.
"""
import re
import sys
from pathlib import Path

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)")


def anchors(text):
    """The anchors of a page's headings, as they are made for links."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def main():
    source, target, schemas = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    pages = {page.name: page.read_text() for page in sorted(source.glob("*.md"))}
    dead = []

    def rewritten(name, match):
        is_picture, words, path, anchor = match[1], match[2], match[3], match[4] or ""
        if path.startswith(("http://", "https://")):
            return match[0]
        if path.startswith("../Packaging/schemas/"):
            if not (source / path).exists():
                dead.append(f"{name}: {path} leads nowhere")
            return f"[{words}]({schemas}/{Path(path).name})"
        # Pictures are left to the repository, like what lies beside the pages there.
        if is_picture or path.startswith("../"):
            return words
        page = path or name
        if page not in pages or anchor[1:] and anchor[1:] not in anchors(pages[page]):
            dead.append(f"{name}: {path}{anchor} leads nowhere")
        return match[0]

    for name, text in pages.items():
        (target / name).write_text(LINK.sub(lambda match: rewritten(name, match), text))
        (target / name).chmod(0o644)
    if dead:
        sys.exit("\n".join(dead))


main()
