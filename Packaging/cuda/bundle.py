#!/usr/bin/env python3
"""Makes a folder that proves and measures Swiftlet on a machine with a CUDA device and nothing else: no toolchain, no libraries, no network.

usage: bundle.py SWIFTLET OUTPUT [--shared FOLDER] [--limit 64]

In it: the program with its kernels and the libraries that it loads, packages with their inputs and the scalar kernels' outputs, `check`, which compares
the device's with these, bit for bit, but within a tolerance where the device's mathematical library has a part in the package, and cuda.py with
bench.json (see Benchmarks/cuda.py). Packages: of each operator the first golden case that compiles and has kernels (where none does, that is said), the
built-in detector, and the models of FOLDER where that is there. Batches of 8 and 32 want the Python package onnx; without
it they are left out, with a note. Fails where it comes to more MiB than allowed, and where
something else than a former bundle is at OUTPUT.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# What every Linux has, and what must be the machine's own.
SYSTEM = ("libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "ld-linux", "linux-vdso")
# What the device's mathematical library may add to or take from floats, to each value's magnitude or to 1, whichever is more. What is rounded,
# cast or chosen behind it may be a step off.
TOLERANCE = "1e-5"
MODELS = ["kws_dscnn_qdq", "resnet8_cifar_qdq", "vww_96_qdq", "mobilenet_v2_224_qdq", "kws_dscnn_fp32", "vww_96_fp32", "moonshine_spelling_cnn"]
TIMED = ["resnet8_cifar_qdq", "vww_96_qdq", "mobilenet_v2_224_qdq", "vww_96_fp32"]
CHECK = r"""#!/bin/sh
# Every package of this folder on the first CUDA device, against the scalar kernels' outputs: bit for bit, but where a file `tolerance` says by how
# much floats may differ, and by a step what isn't one. `check FOLDER`: with the driver in FOLDER.
set -u
cd "$(dirname "$0")"
export LD_LIBRARY_PATH="$PWD/lib:${1:+$1:}${LD_LIBRARY_PATH:-}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
good=0 bad=0 near=0

# numbers FILE HEAD TYPE: what is behind so many bytes, a line each.
numbers() { od -An -v -j "$2" -t "$3" "$1" | tr -s ' ' '\n' | sed '/^$/d'; }

# is_close EXPECTED FOUND TOLERANCE: folders of npy files.
is_close() {
  [ "$(ls "$1")" = "$(ls "$2")" ] || { echo "other outputs"; return 1; }
  for expected in "$1"/*.npy; do
    found="$2/$(basename "$expected")"
    cmp -s "$expected" "$found" && continue
    head=$(od -An -j 8 -N 2 -t u1 "$expected" | awk '{ print 10 + $1 + 256 * $2 }')
    [ "$(head -c "$head" "$expected" | tail -c +11)" = "$(head -c "$head" "$found" | tail -c +11)" ] || { echo "another shape"; return 1; }
    case "$(head -c "$head" "$expected" | tail -c +11)" in
      *"'<f4'"*) type=f4;; *"'<f8'"*) type=f8;; *"'|b1'"* | *"'|u1'"*) type=u1;; *"'|i1'"*) type=d1;; *"'<i2'"*) type=d2;; *"'<u2'"*) type=u2;;
      *"'<i4'"*) type=d4;; *"'<u4'"*) type=u4;; *"'<i8'"*) type=d8;; *"'<u8'"*) type=u8;;
      *) echo "differs"; return 1;;
    esac
    numbers "$expected" "$head" $type >"$work/expected"
    numbers "$found" "$head" $type >"$work/found"
    paste "$work/found" "$work/expected" | awk -v tolerance="$3" -v type=$type '
      $1 == $2 || ($1 ~ /nan/ && $2 ~ /nan/) { next }
      NF != 2 || $1 ~ /n/ || $2 ~ /n/ { print $1 " for " $2; exit 1 }
      { d = $1 - $2; m = $2 + 0
        if (d < 0) d = -d
        if (m < 0) m = -m
        if (m < 1) m = 1
        if (d > (type ~ /^f/ ? tolerance * m : 1)) { print $1 " for " $2; exit 1 } }' || return 1
  done
}

for case in cases/*/; do
  name=$(basename "$case")
  set --
  for input in "$case"in/*.npy; do [ -e "$input" ] && set -- "$@" --tensor "$(basename "$input" .npy)=$input"; done
  same() { diff -r "$case/out" "$work/$name"; }
  if [ -e "$case/tolerance" ]; then same() { is_close "$case/out" "$work/$name" "$(cat "$case/tolerance")"; }; near=$((near + 1)); fi
  if ./swiftlet infer "$case/model.swiftlet" "$@" --backend cuda --save-tensors "$work/$name" >"$work/said" 2>&1 && same >"$work/said" 2>&1
  then good=$((good + 1)); else bad=$((bad + 1)); echo "$name: $(tail -1 "$work/said")"; fi
  rm -rf "$work/$name"
done
echo "$good of $((good + bad)) give the scalar kernels' bits, or where the device's library has a part ($near of them) what is near enough"
[ "$bad" = 0 ] && [ "$good" != 0 ]
"""


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True)


def npy(path, dimensions, code, values):
    """Version 1.0, little-endian, row by row."""
    shape = "(" + "".join(f"{d}, " for d in dimensions) + ")"
    head = f"{{'descr': '{code}', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + values)


def made_up(inputs, folder):
    """Inputs of seeded noise, where they are floats or bytes."""
    source = random.Random(1)
    for port in inputs:
        count = 1
        for extent in port["dimensions"]:
            count *= extent
        if port["type"] == "float32":
            npy(folder / f"{port['name']}.npy", port["dimensions"], "<f4", struct.pack(f"<{count}f", *(source.random() for _ in range(count))))
        elif port["type"] in ("int8", "uint8"):
            npy(folder / f"{port['name']}.npy", port["dimensions"], "|i1" if port["type"] == "int8" else "|u1", source.randbytes(count))
        else:
            return False
    return True


class Bundle:
    def __init__(self, swiftlet, output):
        self.swiftlet, self.output = swiftlet, output
        self.skipped = []

    def report(self, package, *options):
        done = run(self.swiftlet, "inspect", package, *options, "--json")
        return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None

    def add(self, name, model, inputs=None):
        """One case: a package, its inputs, and what the scalar kernels make of them. Says why not, or nothing."""
        folder = self.output / "cases" / name
        (folder / "in").mkdir(parents=True)
        reason = self.fill(folder, model, inputs)
        if reason:
            shutil.rmtree(folder)
            self.skipped.append((name, reason))
        return reason is None

    def fill(self, folder, model, inputs):
        package = folder / "model.swiftlet"
        if model.suffix == ".swiftlet":
            shutil.copy(model, package)
        elif (done := run(self.swiftlet, "compile", model, "-o", package)).returncode != 0:
            return (done.stderr.strip() or "not compiled").splitlines()[-1]
        if (facts := self.report(package)) is None:
            return "can't be inspected"
        if inputs is None:
            if not made_up(facts["inputs"], folder / "in"):
                return "inputs of another type"
        else:
            for port, source in zip(facts["inputs"], inputs):
                shutil.copy(source, folder / "in" / f"{port['name']}.npy")
        if facts["calls_library_on_cuda"]:
            (folder / "tolerance").write_text(TOLERANCE + "\n")
        given = [part for path in sorted((folder / "in").glob("*.npy")) for part in ("--tensor", f"{path.stem}={path}")]
        # Whether there are kernels is said before a driver is looked for.
        if "no kernel for" in run(self.swiftlet, "infer", package, *given, "--backend", "cuda").stderr:
            return "no kernel"
        done = run(self.swiftlet, "infer", package, *given, "--backend", "reference", "--save-tensors", folder / "out")
        return None if done.returncode == 0 else (done.stderr.strip() or "not run").splitlines()[-1]

    def golden(self, folder):
        """The first case of each operator that can be a part. Gives what keeps all cases of others out, by operator."""
        seen, reasons = set(), {}
        for case in sorted(folder.iterdir()):
            operator = case.name.split("-")[0]
            if operator in seen:
                continue
            if self.add(case.name, case / "model.onnx", sorted(case.glob("input_*.npy"))):
                seen.add(operator)
            else:
                reasons[operator] = self.skipped[-1][1]
        return {operator: reason for operator, reason in reasons.items() if operator not in seen}

    def libraries(self):
        (self.output / "lib").mkdir()
        # And what it opens when it is called first.
        delayed = pathlib.Path(__file__).resolve().parents[2] / "build" / "link" / "delayed-libraries"
        for line in run("ldd", self.swiftlet).stdout.splitlines() + run("ldd", delayed).stdout.splitlines():
            parts = line.split()
            if "=>" in parts and len(parts) > 2 and parts[2].startswith("/") and not parts[0].startswith(SYSTEM):
                shutil.copy(parts[2], self.output / "lib" / parts[0])

    def timed(self, shared):
        cases = []
        for name in TIMED:
            path = shared / "models" / f"{name}.onnx"
            if not path.exists():
                continue
            folder = self.output / "bench"
            folder.mkdir(exist_ok=True)
            onnx = folder / path.name
            # One file for all batches: weights are what a bundle weighs.
            shape = open_batch(path, onnx)
            for batch in (1, 8, 32):
                if shape is None and batch > 1:
                    self.skipped.append((f"{name} × {batch}", "the Python package onnx isn't there"))
                    continue
                bound = shape and shape.replace("=N", f"={batch}", 1)
                facts = self.report(onnx, *(["--shape", bound] if bound else []))
                if facts is None:
                    self.skipped.append((f"{name} × {batch}", "not compiled"))
                    continue
                sizes = {"float32": 4, "int8": 1, "uint8": 1, "int32": 4, "int64": 8}
                ports = 0
                for port in facts["inputs"] + facts["outputs"]:
                    count = sizes.get(port["type"], 4)
                    for extent in port["dimensions"]:
                        count *= extent
                    ports += count
                cases.append(
                    {
                        "name": name, "batch": batch, "package": f"bench/{onnx.name}", "onnx": f"bench/{onnx.name}", "shape": bound, "weight_bytes": facts["weight_bytes"],
                        "port_bytes": ports // batch, "multiplications": facts["multiplications"] // batch, "is_integer": "qdq" in name,
                    })
        (self.output / "bench.json").write_text(json.dumps(cases, indent=1) + "\n")
        return cases


def open_batch(path, to):
    """The model with an open first dimension, and its input's shape as NAME=NxREST; the model as it is, and None, where onnx isn't there."""
    try:
        import onnx
    except ImportError:
        shutil.copy(path, to)
        return None
    model = onnx.load(path)
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    for value in inputs + list(model.graph.output):
        if dimensions := value.type.tensor_type.shape.dim:
            dimensions[0].dim_param = "N"
    # Exporters write the one image into shapes, too; 0 there is the input's own size.
    shapes = {node.input[1] for node in model.graph.node if node.op_type == "Reshape" and len(node.input) > 1}
    for tensor in model.graph.initializer:
        if tensor.name in shapes:
            sizes = onnx.numpy_helper.to_array(tensor).copy()
            if sizes.size and sizes[0] == 1:
                sizes[0] = 0
                tensor.CopyFrom(onnx.numpy_helper.from_array(sizes, tensor.name))
    del model.graph.value_info[:]
    onnx.save(model, to)
    return f"{inputs[0].name}=N" + "".join(f"x{d.dim_value}" for d in inputs[0].type.tensor_type.shape.dim[1:])


PARTS = {"bench", "bench.json", "cases", "check", "cuda.py", "cuda_networks.py", "lib", "swiftlet"}


def obstacle(output):
    """What keeps a bundle from taking the place of what is at OUTPUT; None where nothing does: only a former bundle, and nothing beside it, is removed."""
    if not output.exists() and not output.is_symlink():
        return None
    if output.is_dir() and not output.is_symlink():
        names = {path.name for path in output.iterdir()}
        if not names or {"bench.json", "cases", "check", "cuda.py"} <= names <= PARTS:
            return None
    return f"{output} is there and is no bundle: it is left as it is; name another place"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("swiftlet", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--shared", type=pathlib.Path, default=pathlib.Path(os.environ.get("SWIFTLET_SHARED", ROOT.parent / "shared")))
    parser.add_argument("--limit", type=int, default=64, help="MiB that it may come to")
    arguments = parser.parse_args()
    if reason := obstacle(arguments.output):
        sys.exit(reason)
    swiftlet = arguments.swiftlet.resolve()
    if not (ROOT / "Sources/CCUDAKernels/kernels/image.bin").exists():
        sys.exit("the kernels aren't compiled: make cuda, then build the program anew")
    # Made beside its place: a bundle that failed half-way must not look like one.
    with tempfile.TemporaryDirectory(dir=arguments.output.resolve().parent) as work:
        bundle = Bundle(swiftlet, pathlib.Path(work))
        (bundle.output / "cases").mkdir()
        shutil.copy(swiftlet, bundle.output / "swiftlet")
        run("strip", bundle.output / "swiftlet")
        bundle.libraries()
        left_out = bundle.golden(ROOT / "Tests/Golden")
        bundle.add("surface-defects", ROOT / "Sources/CDemoModel/surface-defects.swiftlet")
        for name in MODELS:
            if (path := arguments.shared / "models" / f"{name}.onnx").exists():
                bundle.add(name, path)
        cases = bundle.timed(arguments.shared)
        (bundle.output / "check").write_text(CHECK)
        (bundle.output / "check").chmod(0o755)
        for script in ("cuda.py", "cuda_networks.py"):
            shutil.copy(ROOT / "Benchmarks" / script, bundle.output / script)
        size = sum(path.stat().st_size for path in bundle.output.rglob("*") if path.is_file())
        if size > arguments.limit << 20:
            sys.exit(f"the bundle comes to {size >> 20} MiB, and {arguments.limit} are allowed")
        # Making it took minutes.
        if reason := obstacle(arguments.output):
            sys.exit(reason)
        if arguments.output.exists():
            shutil.rmtree(arguments.output)
        shutil.move(work, arguments.output)
        os.makedirs(work)
    for name, reason in bundle.skipped:
        if name in MODELS or "×" in name:
            print(f"left out: {name}: {reason}")
    for operator, reason in sorted(left_out.items()):
        print(f"no case of {operator}: {reason}")
    count = len(list((arguments.output / "cases").iterdir()))
    print(f"{arguments.output}: {count} cases to check, {len(cases)} to measure, {size / (1 << 20):.1f} MiB")


if __name__ == "__main__":
    main()
