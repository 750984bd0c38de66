#!/usr/bin/env python3
"""Decodes Swiftlet's Sparkplug payloads with an implementation that isn't Swiftlet's (pysparkplug, on Google's protobuf).

Reads lines of TOPIC, a space, and the payload in hexadecimal on standard input, in the order of publication; writes a line of JSON
for each: what a host application would understand, names and types of data taken from the births before it. Also checks, for each,
that it has no field unknown to the official schema and that Google's encoder would write the very same bytes. With --rebirth it
reads nothing, and writes a rebirth request (NCMD) in hexadecimal. Exit status: 0 all understood, 1 not, 2 wrong use.
"""
import argparse
import base64
import datetime
import json
import sys

try:
    import pysparkplug
    from pysparkplug._protobuf import Payload
except ImportError:
    sys.exit("decode_payloads.py: needs pysparkplug; pip install -r Tests/Sparkplug/requirements.txt")

PAYLOADS = {
    "NBIRTH": pysparkplug.NBirth, "DBIRTH": pysparkplug.DBirth, "NDATA": pysparkplug.NData, "DDATA": pysparkplug.DData,
    "NDEATH": pysparkplug.NDeath, "DDEATH": pysparkplug.DDeath,
}


def plain(value):
    """A value as JSON can say it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return round(value.timestamp() * 1000)
    return value


def describe(metric):
    return {
        "name": metric.name, "alias": metric.alias, "timestamp": metric.timestamp, "type": metric.datatype.name, "value": plain(metric.value),
        "historical": metric.is_historical, "transient": metric.is_transient, "null": metric.is_null,
    }


def check_bytes(raw):
    """Raises ValueError unless the bytes are the schema's, as Google's encoder writes them."""
    message = Payload.FromString(raw)
    if not message.IsInitialized():
        raise ValueError("a required field is missing")
    if message.SerializeToString(deterministic=True) != raw:
        raise ValueError("protobuf would encode this in other bytes")
    message.DiscardUnknownFields()
    if message.SerializeToString(deterministic=True) != raw:
        raise ValueError("it has fields that the schema doesn't know")


def decode(topic_text, raw, births):
    """What the message says, as a dictionary; births of each edge node or device are kept in `births`."""
    check_bytes(raw)
    topic = pysparkplug.Topic.from_str(topic_text)
    kind = str(topic.message_type.value)
    sender = (topic.group_id, topic.edge_node_id, topic.device_id)
    payload = PAYLOADS[kind].decode(raw, birth=births.get(sender))
    if kind in ("NBIRTH", "DBIRTH"):
        births[sender] = payload
    if kind == "NDEATH":
        metrics = [payload.bd_seq_metric]
    else:
        metrics = getattr(payload, "metrics", ())
    return {
        "kind": kind, "group": topic.group_id, "node": topic.edge_node_id, "device": topic.device_id, "seq": getattr(payload, "seq", None),
        "timestamp": Payload.FromString(raw).timestamp, "metrics": [describe(metric) for metric in metrics],
    }


def rebirth_request():
    metric = pysparkplug.Metric(timestamp=1, name="Node Control/Rebirth", datatype=pysparkplug.DataType.BOOLEAN, value=True)
    return pysparkplug.NCmd(timestamp=1, metrics=(metric,)).encode(include_dtypes=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rebirth", action="store_true", help="write a rebirth request")
    options = parser.parse_args()
    if options.rebirth:
        print(rebirth_request().hex())
        return 0
    births, complaints = {}, 0
    for number, line in enumerate(sys.stdin, 1):
        topic, _, text = line.rstrip("\n").rpartition(" ")
        try:
            print(json.dumps(decode(topic, bytes.fromhex(text), births)))
        except Exception as error:  # whatever a foreign decoder raises
            complaints += 1
            print(f"line {number}: {topic}: {type(error).__name__}: {error}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
