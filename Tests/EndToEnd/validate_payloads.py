#!/usr/bin/env python3
"""Checks Swiftlet's payloads against the schemas that are shipped with it.

Reads lines of TOPIC, a space, and PAYLOAD on standard input, as `mosquitto_sub -v` writes them:

    mosquitto_sub -V 5 -q 1 -v -t 'swiftlet/v1/#' -W 10 | Tests/EndToEnd/validate_payloads.py --expect detections=10 --expect state=1

Each payload must be valid by the schema that it names, that schema must be one that its topic may carry, and sequences must be
contiguous by topic and epoch, apart from repetitions and from what gap events name. Commands and their replies go by
their topic and have no sequence.

With --document NAME standard input is one document of swiftlet/NAME/1 that is no message (status). It must be valid, and every member that it has must
be one that the schema names, so that the schema stays complete; other readers let members be added. Exit status: 0 valid, 1 not, 2 wrong use.
"""
import argparse
import collections
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    sys.exit("validate_payloads.py: needs jsonschema; install python3-jsonschema")

# Which last part of a topic may carry which schemas.
TOPICS = {"detections": {"detections"}, "state": {"state"}, "health": {"health"}, "models": {"models"},
          "events": {"gap", "spoken-command", "rule", "part", "gate", "degradation"}, "transcript": {"transcript"}}
# What has no sequence goes by the end of its topic; its schema is only a number.
UNNUMBERED = {"command": "command", "command/reply": "command-reply"}


def load(folder):
    validators = {}
    for path in sorted(folder.glob("*.schema.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        name = schema["properties"]["schema"]["const"]
        validators[name if isinstance(name, str) else path.name.removesuffix(f"-{name}.schema.json")] = jsonschema.Draft202012Validator(schema)
    return validators


def check_line(line, validators):
    """Returns the topic and the decoded payload; raises ValueError with the reason."""
    topic, _, text = line.partition(" ")
    payload = json.loads(text, parse_constant=lambda name: (_ for _ in ()).throw(ValueError(f"{name} is no JSON")))
    name = UNNUMBERED.get(topic.split("/", 4)[-1]) or (payload.get("schema") if isinstance(payload, dict) else None)
    if name not in validators:
        raise ValueError(f"names no known schema: {name!r}")
    error = jsonschema.exceptions.best_match(validators[name].iter_errors(payload))
    if error:
        raise ValueError(f"{error.json_path}: {error.message}")
    allowed = TOPICS.get(topic.rsplit("/", 1)[-1])
    if name in UNNUMBERED.values():
        return topic, {"schema": f"swiftlet/{name}/1", "sequence": 0}
    if allowed is not None and name.split("/")[1] not in allowed:
        raise ValueError(f"{name} doesn't belong on this topic")
    return topic, payload


def closed(schema):
    """The same without room for members that it doesn't name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    same = {key: closed(part) for key, part in schema.items()}
    return {"additionalProperties": False, **same} if isinstance(same.get("properties"), dict) and "type" in same else same


def check_document(name, folder):
    schema = json.loads((folder / f"{name}-1.schema.json").read_text(encoding="utf-8"))
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(closed(schema)).iter_errors(json.load(sys.stdin)))
    print(f"{error.json_path}: {error.message}" if error else "the document is valid")
    return 1 if error else 0


def missing_sequences(messages):
    """Complaints about sequences that are neither there nor named by a gap event."""
    seen = collections.defaultdict(set)
    for topic, payload in messages:
        if payload["sequence"] > 0:
            seen[topic, payload["epoch"]].add(payload["sequence"])
        if payload["schema"] == "swiftlet/gap/1":
            seen[payload["topic"], payload["epoch"]].update(range(payload["first_sequence"], payload["last_sequence"] + 1))
    for (topic, epoch), sequences in seen.items():
        holes = sorted(set(range(min(sequences), max(sequences) + 1)) - sequences)
        if holes:
            yield f"{topic}: epoch {epoch} lacks {holes[:5]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schemas", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2] / "Packaging" / "schemas")
    parser.add_argument("--expect", action="append", default=[], metavar="NAME=COUNT", help="at least so many of swiftlet/NAME/1")
    parser.add_argument("--document", metavar="NAME", help="one document of swiftlet/NAME/1 in place of messages")
    options = parser.parse_args()
    if options.document:
        return check_document(options.document, options.schemas)
    validators = load(options.schemas)
    if not validators:
        parser.error(f"no schemas in {options.schemas}")
    messages, complaints = [], []
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            messages.append(check_line(line.decode("utf-8").rstrip("\n"), validators))
        except (ValueError, UnicodeDecodeError) as error:
            complaints.append(f"line {number}: {error}")
    complaints += missing_sequences(messages)
    counts = collections.Counter(payload["schema"].split("/")[1] for _, payload in messages)
    for wanted in options.expect:
        name, _, least = wanted.partition("=")
        if counts[name] < int(least or 1):
            complaints.append(f"expected at least {least or 1} of {name}, got {counts[name]}")
    for complaint in complaints[:20]:
        print(complaint, file=sys.stderr)
    print(f"{len(messages)} payloads valid: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
