#!/usr/bin/env python3
"""TFLite models through Swiftlet beside LiteRT's reference kernels.

    Tests/Conformance/tflite_conformance.py .build/release/swiftlet [FOLDER] [NAME…]

FOLDER (build/tflite) holds NAME.PRECISION.tflite; what is missing there is made first (tflite_models.py). Float outputs have to agree
within 1e-4 of the output's largest magnitude; integer outputs within one quantum on at least 99.9 % of the elements. Weights in int8
under float arithmetic (`dynamic`) are multiplied by real inputs here, by inputs rounded to 8 bits there: 5 % is allowed. Every model
is also looked at for copies, which would be transposes or worse. Exit status 1 on a miss.

Needs (development only): ai-edge-litert, numpy; tensorflow-cpu to make models.
"""

import multiprocessing
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

ROOT = Path(__file__).resolve().parents[2]
LIMITS = {"float32": 1e-4, "float16": 1e-4, "dynamic": 0.05}


def inputs_for(interpreter, seed):
    random = np.random.default_rng(seed)
    for detail in interpreter.get_input_details():
        shape, kind = detail["shape"], detail["dtype"]
        if len(shape) == 4:
            small = random.uniform(-1, 1, (shape[0], max(shape[1] // 4, 1), max(shape[2] // 4, 1), shape[3]))
            real = small.repeat(5, axis=1).repeat(5, axis=2)[:, : shape[1], : shape[2]]
            real = np.resize(real, shape) + random.normal(0, 0.1, shape)
        else:
            real = random.normal(0, 1, shape)
        scale, zero = detail["quantization"]
        if kind in (np.int8, np.uint8):
            limits = np.iinfo(kind)
            real = np.clip(np.round(real / (scale or 1)) + zero, limits.min, limits.max)
        yield detail, real.astype(kind)


def litert(path, resolver, seeds):
    """Inputs and LiteRT's outputs, by tensor name, for each seed."""
    interpreter = Interpreter(str(path), experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    results = []
    for seed in seeds:
        given = []
        for detail, value in inputs_for(interpreter, seed):
            interpreter.set_tensor(detail["index"], value)
            given.append((detail["name"], value))
        interpreter.invoke()
        results.append((given, [(detail["name"], interpreter.get_tensor(detail["index"]).copy()) for detail in interpreter.get_output_details()]))
    return results


def expected_results(path, seeds):
    """By the reference kernels; by the optimised ones where those abort or lack an operator (their integer softmax aborts)."""
    for kernels, resolver in (("reference", OpResolverType.BUILTIN_REF), ("optimised", OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as child:
            try:
                return kernels, child.submit(litert, path, resolver, seeds).result()
            except (BrokenProcessPool, ValueError, RuntimeError) as error:
                reason = error
    raise RuntimeError(f"{path}: LiteRT can't run it: {reason}")


def compare(swiftlet, path, seeds=range(3)):
    """Kernels, the largest difference, and the share of integers within one quantum (None for real outputs); or an error."""
    worst, shares = 0.0, []
    kernels, results = expected_results(path, seeds)
    for given, outputs in results:
        with tempfile.TemporaryDirectory() as folder:
            command = [swiftlet, "infer", str(path), "--save-tensors", f"{folder}/out"]
            for number, (name, value) in enumerate(given):
                np.save(f"{folder}/{number}.npy", value)
                command += ["--tensor", f"{name}={folder}/{number}.npy"]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                return kernels, None, None, done.stderr.strip()
            for name, expected in outputs:
                found = np.load(f"{folder}/out/{name.replace('/', '_')}.npy")
                if found.shape != expected.shape or found.dtype != expected.dtype:
                    return kernels, None, None, f"{name}: {found.dtype} {found.shape} instead of {expected.dtype} {expected.shape}"
                difference = np.abs(found.astype(np.float64) - expected.astype(np.float64))
                if expected.dtype in (np.int8, np.uint8):
                    worst = max(worst, difference.max())
                    shares.append((difference <= 1).mean())
                else:
                    worst = max(worst, difference.max() / max(np.abs(expected).max(), 1e-9))
    return kernels, worst, min(shares) if shares else None, ""


def copies(swiftlet, path):
    report = subprocess.run([swiftlet, "inspect", str(path)], capture_output=True, text=True).stdout
    lines = [line.split() for line in report.splitlines()]
    return sum(int(line[1]) for line in lines if line and line[0] == "copy")


def main():
    swiftlet = sys.argv[1]
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "build/tflite"
    wanted = sys.argv[3:]
    if not list(folder.glob("*.tflite")):
        import tflite_models

        tflite_models.make(folder)
    missed = 0
    print(f"{'model':<34}{'largest difference':>20}{'within a quantum':>18}{'copies':>8}  LiteRT's kernels")
    for path in sorted(folder.glob("*.tflite")):
        name, precision = path.stem.rsplit(".", 1)
        if wanted and name not in wanted and path.stem not in wanted:
            continue
        kernels, worst, share, error = compare(swiftlet, path)
        if error:
            print(f"{path.stem:<34}  {error}")
            missed += 1
            continue
        is_right = share >= 0.999 if share is not None else worst <= LIMITS.get(precision, 0.05)
        missed += not is_right
        share_text = "" if share is None else f"{share:.5f}"
        print(f"{path.stem:<34}{worst:>20.3g}{share_text:>18}{copies(swiftlet, path):>8}  {kernels}{'' if is_right else '  MISSED'}", flush=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
