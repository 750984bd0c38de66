#!/usr/bin/env python3
"""Swiftlet beside ONNX Runtime, OpenVINO and LiteRT on networks of published architectures, INT8 and FP32.

The models and the peers' runners are those of the shared benchmark folder (`bench/README.md` there): INT8 with random weights
spread as trained ones are, one scale a channel. Every run is a process of its own; rounds go round-robin over the engines. Before and
after each run a fixed loop of this interpreter is timed, and the run's milliseconds are scaled to the median speed of all of
them: a machine that slows down for a while slows nobody's result alone. What the packages hold is compiled beforehand.

usage: engines.py [--swiftlet BINARY] [--shared FOLDER] [--models NAME,…] [--engines NAME,…] [--threads 1,2] [--rounds 5] [--seconds 0.4]
                  [--instructions SET] [--write FILE]

Prints a table; --write puts it between the marks `<!-- engines.py -->` and `<!-- end -->` of a Markdown file.
--instructions holds Swiftlet to a set (avx2 on a newer processor, say); peers that shall be held to AVX2 too need the environment that
`Benchmarks/avx2-peers/make-environment` makes.
needs: pip install -r Benchmarks/requirements-peers.txt
"""
import argparse
import datetime
import importlib.util
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from marked import write_between

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OWN = "swiftlet:qdq"
BEGIN, END = "<!-- engines.py -->", "<!-- end -->"


def interpreter_speed():
    """Loops a second of a fixed loop, the median of seven."""
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        total = 0
        for i in range(60_000):
            total += i & 7
        times.append(time.perf_counter() - begin)
    return 1 / statistics.median(times)


def load_shared(folder, cache):
    os.environ["BENCH_CACHE"] = cache
    spec = importlib.util.spec_from_file_location("bench_peers", f"{folder}/bench_peers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command(engine, peers, name, package, threads, arguments):
    """The command of one run, or None where the engine has no file for the model."""
    if engine == OWN:
        return [arguments.swiftlet, "bench", package, "--threads", str(threads), "--seconds", str(arguments.seconds), "--json",
                *(["--instructions", arguments.instructions] if arguments.instructions else [])]
    kind, variant = engine.split(":")
    path = peers.model_file(kind, variant, name)
    return path and [sys.executable, peers.__file__, "--worker", kind, path, str(threads), str(arguments.seconds)]


def environment(engine):
    """Swiftlet traps where it must, and nobody answers for the processor."""
    return {name: value for name, value in os.environ.items() if engine != OWN or name != "LD_PRELOAD"}


def are_held():
    """Whether this interpreter's peers are those of avx2-peers/make-environment, and the processor is answered for."""
    return os.path.exists(f"{sys.prefix}/held-to-avx2") and os.environ.get("LD_PRELOAD") == f"{sys.prefix}/cpuid.so"


def measure(peers, names, cache, arguments):
    """{(model, threads): {engine: [one result a round]}}, milliseconds scaled to the speed of all runs' median."""
    results, speeds = {}, []
    for name in names:
        package = f"{cache}/{name}.swiftlet"
        subprocess.run([arguments.swiftlet, "compile", f"{cache}/{name}.qdq.onnx", "-o", package], check=True, stdout=subprocess.DEVNULL)
        for threads in arguments.threads:
            rows = results[name, threads] = {engine: [] for engine in arguments.engines}
            for _ in range(arguments.rounds):
                for engine in arguments.engines:
                    run = command(engine, peers, name, package, threads, arguments)
                    if not run:
                        continue
                    before = interpreter_speed()
                    done = subprocess.run(run, capture_output=True, text=True, timeout=600, env=environment(engine))
                    after = interpreter_speed()
                    if done.returncode != 0:
                        sys.exit(f"{engine} on {name}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
                    result = json.loads(done.stdout.strip().splitlines()[-1])
                    result["speed"] = (before + after) / 2
                    speeds.append(result["speed"])
                    rows[engine].append(result)
            print(f"{name}, {threads} thread(s): done", file=sys.stderr, flush=True)
    usual = statistics.median(speeds)
    for rows in results.values():
        for runs in rows.values():
            for run in runs:
                for key in ("median_ms", "p99_ms", "load_ms"):
                    run[key] *= run["speed"] / usual
    return results


def middle(runs, key):
    return statistics.median(run[key] for run in runs)


def table(results, arguments):
    lines = ["| model | threads | Swiftlet ms (p99) | fastest peer ms | | peer ÷ Swiftlet | all peers, ms | load ms (S / fastest) | peak MiB (S / least) |",
             "|---|---|---|---|---|---|---|---|---|"]
    ratios = []
    for (name, threads), rows in results.items():
        own, peers = rows.get(OWN), {engine: runs for engine, runs in rows.items() if engine != OWN and runs}
        if not peers:
            lines.append(f"| {name} | {threads} | {middle(own, 'median_ms'):.3f} ({middle(own, 'p99_ms'):.3f}) | no peer has a file | | | | | |")
            continue
        fastest = min(peers, key=lambda engine: middle(peers[engine], "median_ms"))
        ratio = middle(peers[fastest], "median_ms") / middle(own, "median_ms")
        ratios.append(ratio)
        everybody = ", ".join(f"{engine} {middle(runs, 'median_ms'):.3f}" for engine, runs in sorted(peers.items(), key=lambda item: middle(item[1], "median_ms")))
        lines.append(
            f"| {name} | {threads} | {middle(own, 'median_ms'):.3f} ({middle(own, 'p99_ms'):.3f}) | {middle(peers[fastest], 'median_ms'):.3f} | {fastest} "
            f"| **{ratio:.2f}** | {everybody} | {middle(own, 'load_ms'):.1f} / {min(middle(runs, 'load_ms') for runs in peers.values()):.0f} "
            f"| {middle(own, 'peak_rss_mb'):.1f} / {min(middle(runs, 'peak_rss_mb') for runs in peers.values()):.0f} |")
    if not ratios:
        return "\n".join(lines)
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    lines.append("")
    lines.append(f"Geometric mean of the ratios: {mean:.2f}; least {min(ratios):.2f}. Above 1 Swiftlet is faster than the fastest peer at any precision.")
    scaling = [(name, middle(results[name, 1][OWN], "median_ms") / middle(results[name, 2][OWN], "median_ms"))
               for name, threads in results if threads == 1 and (name, 2) in results]
    if scaling:
        lines.append("Two threads over one: " + ", ".join(f"{name} {value:.2f}" for name, value in scaling) + ".")
    return "\n".join(lines)


def versions(python):
    script = ("import importlib.metadata as m\nfor p in ('onnxruntime', 'openvino', 'ai-edge-litert'):\n"
              "  try: print(p, m.version(p))\n  except m.PackageNotFoundError: pass")
    return ", ".join(subprocess.run([python, "-c", script], capture_output=True, text=True).stdout.split("\n")[:-1])


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--swiftlet", default=f"{ROOT}/.build/release/swiftlet")
    parser.add_argument("--shared", default=os.environ.get("SWIFTLET_SHARED", f"{ROOT}/../shared"))
    parser.add_argument("--models")
    parser.add_argument("--engines", default=f"{OWN},ort:qdq,ort:fp32,openvino:qdq,openvino:fp32,litert:fp32")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument("--instructions")
    parser.add_argument("--write", metavar="FILE")
    arguments = parser.parse_args()
    arguments.engines = arguments.engines.split(",")
    arguments.threads = [int(count) for count in arguments.threads.split(",")]
    if OWN not in arguments.engines or len(arguments.engines) < 2:
        sys.exit(f"--engines needs {OWN} and a peer")
    bench = f"{arguments.shared}/bench"
    if not os.path.isdir(bench):
        sys.exit(f"no folder {bench}: set SWIFTLET_SHARED to the folder of shared models")
    if not os.access(arguments.swiftlet, os.X_OK):
        sys.exit(f"no program {arguments.swiftlet}: run make build, or give --swiftlet")
    with tempfile.TemporaryDirectory() as cache:
        subprocess.run([sys.executable, f"{bench}/make_models.py", cache], check=True, stdout=subprocess.DEVNULL)
        names = sorted(file[: -len(".qdq.onnx")] for file in os.listdir(cache) if file.endswith(".qdq.onnx"))
        if arguments.models:
            unknown = set(arguments.models.split(",")) - set(names)
            if unknown:
                sys.exit(f"no model {', '.join(sorted(unknown))}; there are {', '.join(names)}")
            names = arguments.models.split(",")
        results = measure(load_shared(bench, cache), names, cache, arguments)
    head = (f"{datetime.date.today():%-d %B %Y}, {processor()}, {os.cpu_count()} processors; {versions(sys.executable)}; "
            f"{arguments.rounds} rounds of {arguments.seconds} s.")
    if arguments.instructions:
        head += f" Swiftlet held to {arguments.instructions}, peers {'to avx2' if are_held() else 'to nothing'}."
    text = f"{head}\n\n{table(results, arguments)}\n"
    print(text)
    if arguments.write:
        write_between(arguments.write, BEGIN, END, text)


if __name__ == "__main__":
    main()
