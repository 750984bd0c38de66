#!/usr/bin/env python3
"""The manual page swiftlet(1), from what the program says of its own commands.

Usage: swiftlet --experimental-dump-help | manual.py DATE > swiftlet.1
"""
import json
import sys


def text(words):
    """Words as roff takes them: no line of theirs is a request, and no backslash an escape."""
    words = words.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in words.split("\n"))


def paragraphs(words):
    """Paragraphs of a discussion; lines that its author broke stay broken."""
    for paragraph in filter(None, words.strip().split("\n\n")):
        yield ".Pp"
        yield "\n.br\n".join(text(line.strip()) for line in paragraph.split("\n") if line.strip())


def macro_word(word):
    """A word as an argument of a macro, where it must not be taken for another macro."""
    return "\\&" + word.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")


def shown(arguments):
    return [a for a in arguments if a["shouldDisplay"]]


def names(argument):
    return [("--" if name["kind"] == "long" else "-") + name["name"] for name in argument.get("names", [])]


def usage(path, arguments):
    words = [path]
    for argument in shown(arguments):
        value = "<%s>" % argument.get("valueName", "value")
        if argument["kind"] == "positional":
            word = value
        else:
            word = (names(argument) or ["?"])[-1] + (" " + value if argument["kind"] == "option" else "")
        word += " ..." if argument["isRepeating"] else ""
        words.append("[%s]" % word if argument["isOptional"] else word)
    return " ".join(words)


def command(node, path, lines):
    """A section of the page for each command that does something, its subcommands after it."""
    lines += [".Ss %s" % macro_word(path), text(node.get("abstract", ""))]
    children = [c for c in node.get("subcommands", []) if c["shouldDisplay"] and c["commandName"] != "help"]
    arguments = shown(node.get("arguments", []))
    if not children:
        lines += [".Pp", text(usage(path, arguments))]
    lines += paragraphs(node.get("discussion") or "")
    # Every command has these; they stand at the top.
    described = [a for a in arguments if not {"help", "version"} & {n["name"] for n in a.get("names", [])}]
    if described and not children:
        lines.append(".Bl -tag -width Ds")
        for argument in described:
            value = "<%s>" % argument.get("valueName", "value")
            label = value if argument["kind"] == "positional" else ", ".join(names(argument))
            label += " " + value if argument["kind"] == "option" else ""
            lines.append(".It %s" % macro_word(label).replace(" ", "\\ "))
            about = argument.get("abstract", "")
            extra = []
            if argument.get("allValues"):
                extra.append("one of: " + ", ".join(argument["allValues"]))
            if argument.get("defaultValue") and argument["kind"] != "flag":
                extra.append("default: " + argument["defaultValue"])
            lines.append(text(about + (" (%s)" % "; ".join(extra) if extra else "")) or "\\&")
        lines.append(".El")
    for child in children:
        command(child, path + " " + child["commandName"], lines)


def main():
    root = json.load(sys.stdin)["command"]
    lines = [
        ".Dd %s" % sys.argv[1], ".Dt SWIFTLET 1", ".Os", ".Sh NAME", ".Nm swiftlet", ".Nd edge inference: models, cameras, results",
        ".Sh SYNOPSIS", ".Nm", ".Ar command", ".Op Ar argument ...", ".Sh DESCRIPTION", text(root["abstract"]),
    ]
    lines += paragraphs(root.get("discussion") or "")
    lines += [".Pp", "Each command has", text("--help."), ".Sh COMMANDS"]
    for node in root["subcommands"]:
        if node["shouldDisplay"] and node["commandName"] != "help":
            command(node, "swiftlet " + node["commandName"], lines)
    lines += [".Sh SEE ALSO", ".Xr swiftletd 8"]
    print("\n".join(lines))


main()
