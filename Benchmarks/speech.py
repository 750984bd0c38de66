#!/usr/bin/env python3
"""Swiftlet beside PyTorch (transformers) and ONNX Runtime on a stepwise speech model: Moonshine of a published size with random weights.

A random model finds no end, so every engine writes as many tokens as Swiftlet lets a sound have, greedily, each with the keys and values of the
earlier ones kept. Every run is a process of its own that hears the same sound several times; rounds go round-robin over the engines, and
medians of all rounds are shown. The time of a process's own, which load by others changes less, stands beside: processor ms a sound.

usage: speech.py [--swiftlet BINARY] [--size tiny|base] [--seconds 1,5,10,30] [--threads 1,2] [--rounds 3] [--repetitions 3] [--write FILE]

Prints a table; --write puts it between the marks `<!-- speech.py -->` and `<!-- end of speech.py -->` of a Markdown file.
needs: pip install -r Benchmarks/requirements-speech.txt
"""
import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from marked import write_between

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- speech.py -->", "<!-- end of speech.py -->"
OWN = {"Swiftlet FP32": "float", "Swiftlet INT8": "int8", "Swiftlet INT8 dynamic": "int8-dynamic"}
PEERS = {"ONNX Runtime INT8 dynamic": "ort-int8", "ONNX Runtime FP32": "ort-float", "PyTorch FP32": "pytorch"}
FIGURES = ("encoder_ms", "token_ms", "total_ms", "processor_ms", "peak_mib")


def run(command):
    """Standard output, processor seconds and greatest memory in MiB of a command. (A process begins with its parent's: this one stays small.)"""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writing, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.close(reading)
        os.execv(command[0], command)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status, usage = os.wait4(child, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)}: ended with {status}")
    return text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def with_swiftlet(arguments, package, sound, threads):
    command = [arguments.swiftlet, "transcribe", package, "--json", "--threads", str(threads)]
    _, once, _ = run([*command, sound])
    text, often, peak = run([*command, *[sound] * (arguments.repetitions + 1)])
    # The first one fits the programs to the length.
    lines = [json.loads(line) for line in text.splitlines()][1:]
    count = len(lines[0]["tokens"]) - 1
    middle = {part: statistics.median(line["stages"][part] for line in lines) * 1e3 for part in ("encoder", "decoder")}
    return {
        "encoder_ms": middle["encoder"], "token_ms": middle["decoder"] / count, "total_ms": middle["encoder"] + middle["decoder"],
        "processor_ms": (often - once) * 1e3 / arguments.repetitions, "peak_mib": peak}, count


def with_peer(arguments, engine, folder, sound, threads, count):
    command = [sys.executable, str(ROOT / "Benchmarks/speech_peers.py"), "run", engine, str(folder), sound, str(threads), str(count), str(arguments.repetitions)]
    result = json.loads(run(command)[0].splitlines()[-1])
    return {key: statistics.median(part[key] for part in result["rounds"]) for key in FIGURES[:-1]} | {"peak_mib": result["peak_mib"]}


def measure(arguments, folder, packages):
    """{(seconds, threads): {engine: [figures a round]}}"""
    results = {}
    for seconds in arguments.seconds:
        sound = str(folder / f"{seconds}.wav")
        for threads in arguments.threads:
            rows = results[seconds, threads] = {name: [] for name in [*OWN, *PEERS]}
            for _ in range(arguments.rounds):
                for name, form in OWN.items():
                    figures, count = with_swiftlet(arguments, packages[form], sound, threads)
                    rows[name].append(figures)
                for name, engine in PEERS.items():
                    rows[name].append(with_peer(arguments, engine, folder, sound, threads, count))
            print(f"{seconds} s, {threads} thread(s): done", file=sys.stderr, flush=True)
    return results


def middle(rounds, key):
    return statistics.median(figures[key] for figures in rounds)


def table(results):
    lines = [
        "| sound | threads | engine | encoder ms | ms a token | end to end ms | processor ms | peak MiB | fastest peer ÷ this one, end to end | by processor time |",
        "|---|---|---|---|---|---|---|---|---|---|"]
    for (seconds, threads), rows in results.items():
        fastest = {key: min(middle(rows[name], key) for name in PEERS) for key in ("total_ms", "processor_ms")}
        for name, rounds in rows.items():
            encoder, token, total, processor, peak = (middle(rounds, key) for key in FIGURES)
            lines.append(
                f"| {seconds} s | {threads} | {name} | {encoder:.1f} | {token:.2f} | {total:.1f} | {processor:.0f} | {peak:.0f} "
                f"| {fastest['total_ms'] / total:.2f} | {fastest['processor_ms'] / max(processor, 1e-3):.2f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--swiftlet", default=str(ROOT / ".build/release/swiftlet"))
    parser.add_argument("--size", choices=["tiny", "base"], default="tiny")
    parser.add_argument("--seconds", default="1,5,10,30")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--write", metavar="FILE")
    arguments = parser.parse_args()
    arguments.seconds = [int(number) for number in arguments.seconds.split(",")]
    arguments.threads = [int(number) for number in arguments.threads.split(",")]
    if not os.access(arguments.swiftlet, os.X_OK):
        sys.exit(f"no program {arguments.swiftlet}: run make build, or give --swiftlet")
    with tempfile.TemporaryDirectory() as folder:
        folder, packages = pathlib.Path(folder), {}
        run([sys.executable, str(ROOT / "Benchmarks/speech_peers.py"), "make", str(folder), arguments.size, *map(str, arguments.seconds)])
        for form in OWN.values():
            packages[form] = str(folder / f"{form}.swiftlet")
            run([arguments.swiftlet, "compile", str(folder / "model"), "-o", packages[form], "--weights", form])
        results = measure(arguments, folder, packages)
        sizes = ", ".join(f"{form} {os.path.getsize(path) / 1e6:.0f} MB" for form, path in packages.items())
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "transformers", "onnxruntime"))
    with open("/proc/cpuinfo") as file:
        processor = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "")
    head = (f"{datetime.date.today():%-d %B %Y}, {processor}, {os.cpu_count()} processors, load {os.getloadavg()[1]:.1f}; {versions}; Moonshine "
            f"{arguments.size}, random weights; packages: {sizes}; {arguments.rounds} rounds of {arguments.repetitions} sounds.")
    text = f"{head}\n\n{table(results)}\n"
    print(text)
    if arguments.write:
        write_between(arguments.write, BEGIN, END, text)


if __name__ == "__main__":
    main()
