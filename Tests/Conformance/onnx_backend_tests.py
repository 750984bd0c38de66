#!/usr/bin/env python3
"""The ONNX project's own backend tests through `swiftlet infer`.

    Tests/Conformance/onnx_backend_tests.py --swiftlet .build/release/swiftlet
    Tests/Conformance/onnx_backend_tests.py --filter 'resize|cumsum' --list-failed
    Tests/Conformance/onnx_backend_tests.py --data FOLDER        # the test data of another release: FOLDER/node, FOLDER/simple, …

Runs every data set of every test of the installed onnx package (node, simple, pytorch-operator, pytorch-converted, light), compares
the outputs (floats within 1e-3 relative + 1e-4 absolute, everything else exactly, types and shapes always), and prints a table:
passed by a compiled program on the CPU, passed by the reference evaluator, unsupported (refused by name, exit status 3), failed
(a wrong answer, a crash, no end within the time limit, a refusal that names nothing) and excluded, with the reasons.

Excluded are tests about strings, sequences, optionals, training, bfloat16, 8-bit floats, 4-bit integers, those whose expected output
is one draw of a random generator, and those whose expected output a later release corrected. Exit status 1 where a test failed, 0 otherwise.
"""

import argparse
import collections
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

ROOT = Path(__file__).resolve().parents[2]
GROUPS = ["node", "simple", "pytorch-operator", "pytorch-converted", "light"]
OUTCOMES = ["cpu", "reference", "unsupported", "failed", "excluded"]
RELATIVE, ABSOLUTE = 1e-3, 1e-4

SMALL_TYPES = {
    getattr(TensorProto, name): reason
    for name, reason in [
        ("STRING", "strings"), ("BFLOAT16", "bfloat16"), ("FLOAT8E4M3FN", "8-bit floats"), ("FLOAT8E4M3FNUZ", "8-bit floats"),
        ("FLOAT8E5M2", "8-bit floats"), ("FLOAT8E5M2FNUZ", "8-bit floats"), ("FLOAT8E8M0", "8-bit floats"), ("UINT4", "4-bit integers"),
        ("INT4", "4-bit integers"), ("FLOAT4E2M1", "4-bit floats"), ("UINT2", "2-bit integers"), ("INT2", "2-bit integers"),
    ]
    if hasattr(TensorProto, name)
}
STRING_OPERATORS = {"StringNormalizer", "StringConcat", "StringSplit", "RegexFullMatch"}
RANDOM_OPERATORS = {"RandomUniform", "RandomUniformLike", "RandomNormal", "RandomNormalLike", "Bernoulli", "Multinomial"}
# Expected outputs that a later release of the ONNX project corrected, by the file's SHA-256: the corrected ones count.
CORRECTED_LATER = {
    # 1.17 divides by the whole kernel where ceil_mode reaches behind the padding; 1.18, PyTorch and ONNX Runtime don't.
    "95e652b36f4fb061febab6f44d65d5d3afa5a4472cb4a54002106f3f58b2e6e4": "expected output corrected in onnx 1.18",
    # 1.17 lets QLinearMatMul's int8 results wrap around; ONNX 1.23 and ONNX Runtime saturate, as the operator's text demands.
    "9ad638ebc6e96ea879644862e750a738c39fc2f6cb943bdb4dbfac970fb685f0": "expected output corrected by onnx 1.23",
    "b590f52944661326b1a360d5ff67a6f2905957b8c5cfa02c81c2718c85966425": "expected output corrected by onnx 1.23",
    "e48d50a05a17b8aa1929864fb6d0da9c5cf82d5370942dda63d24b7187b4a4e8": "expected output corrected by onnx 1.23",
}


class Test:
    """A model with its data sets: lists of (name, array) for inputs and outputs."""

    def __init__(self, group, name, path):
        self.group, self.name, self.path = group, name, path
        # Data of a test that is excluded may be of a kind that numpy has no type for, so it is read later.
        self.model = onnx.load(path, load_external_data=False)

    def exclusion(self):
        """Why the test doesn't count; None where it does."""
        reasons = {reason for reason in map(reason_of_type, self.types()) if reason}
        for output in self.path.parent.glob("test_data_set_*/output_*.pb"):
            reasons.add(CORRECTED_LATER.get(hashlib.sha256(output.read_bytes()).hexdigest()))
        reasons.discard(None)
        for node in all_nodes(self.model):
            attributes = {a.name: a for a in node.attribute}
            if node.domain.startswith("ai.onnx.preview.training"):
                reasons.add("training")
            if node.op_type.startswith("Sequence") or node.op_type in ("SplitToSequence", "ConcatFromSequence"):
                reasons.add("sequences")
            if node.op_type.startswith("Optional"):
                reasons.add("optionals")
            if node.op_type in STRING_OPERATORS or any(a.type == onnx.AttributeProto.STRINGS for a in node.attribute):
                reasons.add("strings")
            if node.op_type in RANDOM_OPERATORS:
                reasons.add("random output")
            if node.op_type == "BatchNormalization" and "training_mode" in attributes and attributes["training_mode"].i:
                reasons.add("training")
            if node.op_type == "Dropout" and "training_dropout" in self.name:
                reasons.add("training")
            if node.op_type == "Cast" and attributes["to"].i in SMALL_TYPES:
                reasons.add(SMALL_TYPES[attributes["to"].i])
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.TENSOR and attribute.t.data_type in SMALL_TYPES:
                    reasons.add(SMALL_TYPES[attribute.t.data_type])
        return ", ".join(sorted(reasons)) or None

    def types(self):
        graph = self.model.graph
        yield from (value.type for value in list(graph.input) + list(graph.output) + list(graph.value_info))
        for tensor in graph.initializer:
            yield onnx.helper.make_tensor_type_proto(tensor.data_type, list(tensor.dims))

    def data_sets(self):
        folder = self.path.parent
        if self.group == "light":
            return [self.dummy_data()]
        sets = []
        for data in sorted(folder.glob("test_data_set_*")):
            sets.append((self.tensors(data, "input", self.input_names()), self.tensors(data, "output", [o.name for o in self.model.graph.output])))
        return sets

    def input_names(self):
        constants = {i.name for i in self.model.graph.initializer}
        return [i.name for i in self.model.graph.input if i.name not in constants]

    @staticmethod
    def tensors(folder, role, names):
        """The files of one role, by number; each belongs to the value that it names, or to the one of its position."""
        tensors = []
        count = len(list(folder.glob(f"{role}_*.pb")))
        for position in range(count):
            tensor = TensorProto()
            tensor.ParseFromString((folder / f"{role}_{position}.pb").read_bytes())
            name = tensor.name if tensor.name in names else names[position]
            tensors.append((name, numpy_helper.to_array(tensor)))
        return tensors

    def dummy_data(self):
        """What the ONNX project's runner feeds the models of the light group: a ramp from 0 to 1."""
        inputs = []
        for value in self.model.graph.input:
            if value.name not in self.input_names():
                continue
            shape = tuple(d.dim_value if d.HasField("dim_value") else 1 for d in value.type.tensor_type.shape.dim)
            count = int(np.prod(shape))
            inputs.append((value.name, (np.arange(count).reshape(shape) / count).astype(np.float32)))
        expected = TensorProto()
        expected.ParseFromString(self.path.with_name(self.path.stem + "_output_0.pb").read_bytes())
        return inputs, [(self.model.graph.output[0].name, numpy_helper.to_array(expected))]


def all_nodes(model):
    """The nodes of the graph, of the bodies of control flow, and of the model's own functions."""
    pending = list(model.graph.node) + [node for function in model.functions for node in function.node]
    while pending:
        node = pending.pop()
        yield node
        for attribute in node.attribute:
            for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                pending.extend(graph.node)


def reason_of_type(kind):
    which = kind.WhichOneof("value")
    if which in ("sequence_type", "map_type"):
        return "sequences"
    if which == "optional_type":
        return "optionals"
    return SMALL_TYPES.get(kind.tensor_type.elem_type) if which == "tensor_type" else None


def tests_in(data, groups):
    for group in groups:
        folder = data / group
        if not folder.is_dir():
            continue
        if group == "light":
            yield from (Test(group, path.stem, path) for path in sorted(folder.glob("*.onnx")))
        else:
            yield from (Test(group, path.parent.name, path) for path in sorted(folder.glob("*/model.onnx")))


class Result:
    def __init__(self, test, outcome, message="", names=()):
        self.group, self.name, self.outcome, self.message, self.names = test.group, test.name, outcome, message, list(names)


def run(test, options):
    reason = test.exclusion()
    if reason:
        return Result(test, "excluded", reason)
    try:
        backends = set()
        for inputs, expected in test.data_sets():
            refusal = None
            with tempfile.TemporaryDirectory() as folder:
                backend, refusal = run_once(test, inputs, expected, Path(folder), options)
            if refusal:
                return refusal
            backends.add(backend)
        return Result(test, "reference" if "reference" in backends or not backends else "cpu")
    except Exception as error:  # The data or the tool broke in a way of its own: that is a failure, with its reason.
        return Result(test, "failed", f"{type(error).__name__}: {error}")


def run_once(test, inputs, expected, folder, options):
    """Which backend gave the right outputs, or the result that ends the test."""
    arguments = [options.swiftlet, "infer", str(test.path), "--save-tensors", str(folder / "out"), "--json"]
    if options.backend:
        arguments += ["--backend", options.backend]
    for position, (name, array) in enumerate(inputs):
        np.save(folder / f"{position}.npy", np.ascontiguousarray(array).reshape(array.shape))
        arguments += ["--tensor", f"{name}={folder / f'{position}.npy'}"]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=options.timeout, errors="replace")
    except subprocess.TimeoutExpired:
        return None, Result(test, "failed", f"no end within {options.timeout} s")
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    message = lines[-1] if lines else ""
    if done.returncode == 3:
        names = refused_names(message)
        if len([line for line in lines if not line.startswith("note: ")]) != 1 or not names:
            return None, Result(test, "failed", f"refused without naming what is missing: {message}")
        return None, Result(test, "unsupported", message.replace(str(test.path), test.name), names)
    if done.returncode != 0:
        status = f"signal {-done.returncode}" if done.returncode < 0 else f"exit status {done.returncode}"
        return None, Result(test, "failed", f"{status}: {message.replace(str(test.path), test.name)}")
    backend = json.loads(done.stdout.splitlines()[-1])["backend"]
    for name, array in expected:
        difference = compare(folder / "out" / (name.replace("/", "_") + ".npy"), array)
        if difference:
            return None, Result(test, "failed", f"output '{name}' on {backend}: {difference}")
    return backend, None


def refused_names(message):
    """The operators that a refusal names."""
    missing = re.search(r"operators that this version doesn't have: (.*)$", message)
    if missing:
        return re.findall(r"([\w.]+) \(\d+×\)", missing.group(1))
    node = re.search(r"node (?:'[^']*'|\d+) \((\w+)\)", message)
    if node:
        return [node.group(1)]
    return re.findall(r"(?:input|initialiser|attribute|output) '[^']*'", message)[:1]


def compare(path, expected):
    if not path.exists():
        return "was not written"
    actual = np.load(path)
    if actual.dtype != expected.dtype:
        return f"is {actual.dtype}, expected {expected.dtype}"
    if actual.shape != expected.shape:
        return f"has shape {list(actual.shape)}, expected {list(expected.shape)}"
    if expected.size == 0:
        return None
    if np.issubdtype(expected.dtype, np.floating):
        with np.errstate(all="ignore"):
            a, b = actual.astype(np.float64), expected.astype(np.float64)
            wrong = ~((np.abs(a - b) <= ABSOLUTE + RELATIVE * np.abs(b)) | (a == b) | (np.isnan(a) & np.isnan(b)))
            if wrong.any():
                place = tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.ndim else ()
                return f"{int(wrong.sum())} of {wrong.size} elements are wrong, first {place}: {a[place]:.6g}, expected {b[place]:.6g}"
        return None
    wrong = actual != expected
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.ndim else ()
        return f"{int(wrong.sum())} of {wrong.size} elements are wrong, first {place}: {actual[place]}, expected {expected[place]}"
    return None


def share(rows):
    """The part of the tests that count which passed."""
    counted = sum(rows[o] for o in OUTCOMES if o != "excluded")
    return (rows["cpu"] + rows["reference"]) / counted if counted else 1.0


def table(results):
    groups = [g for g in GROUPS if any(r.group == g for r in results)]
    groups += sorted({r.group for r in results} - set(groups))
    rows = {g: collections.Counter(r.outcome for r in results if r.group == g) for g in groups}
    rows["all"] = collections.Counter(r.outcome for r in results)
    lines = [f"{'group':20}" + "".join(f"{h:>13}" for h in ["cpu", "reference", "unsupported", "failed", "excluded", "passed"])]
    for group, row in rows.items():
        lines.append(f"{group:20}" + "".join(f"{row[o]:13}" for o in OUTCOMES) + f"{100 * share(row):12.1f}%")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="The ONNX project's backend tests through `swiftlet infer`.")
    parser.add_argument("--swiftlet", default=str(ROOT / ".build/debug/swiftlet"), help="the binary to test")
    parser.add_argument("--data", type=Path, default=Path(onnx.__file__).parent / "backend/test/data", help="the folder with the groups of tests")
    parser.add_argument("--group", action="append", help="only this group; may be given more than once")
    parser.add_argument("--filter", default="", help="only tests whose name this regular expression finds")
    parser.add_argument("--backend", choices=["cpu", "reference"], help="demand one backend")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="tests at a time")
    parser.add_argument("--timeout", type=float, default=60, help="seconds until a test counts as hanging")
    parser.add_argument("--list-failed", action="store_true", help="print every failed test with its reason")
    parser.add_argument("--list-unsupported", action="store_true", help="print every unsupported test with its reason")
    parser.add_argument("--list-excluded", action="store_true", help="print every excluded test with its reason")
    parser.add_argument("--json", type=Path, help="write all results to this file")
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.error(f"{options.data} is no folder")
    tests = [t for t in tests_in(options.data, options.group or GROUPS) if re.search(options.filter, t.name)]
    if not tests:
        parser.error(f"no test in {options.data} fits")
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda test: run(test, options), tests))
    for listed, outcome in [(options.list_failed, "failed"), (options.list_unsupported, "unsupported"), (options.list_excluded, "excluded")]:
        if listed:
            for result in results:
                if result.outcome == outcome:
                    print(f"{outcome}: {result.group}/{result.name}: {result.message}")
    names = collections.Counter(name for r in results if r.outcome == "unsupported" for name in r.names)
    if names:
        print("unsupported: " + ", ".join(f"{name} ({count})" for name, count in names.most_common()))
    reasons = collections.Counter(r.message for r in results if r.outcome == "excluded")
    if reasons:
        print("excluded: " + ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common()))
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps([vars(r) for r in results], indent=1, ensure_ascii=False))
    return 1 if any(r.outcome == "failed" for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
