#!/usr/bin/env python3
"""Reject latency: from a frame's timestamp to the gate controller's acknowledgement, over 10,000 parts.

    export SWIFTLET_GATE_ONLY=1
    swift build -c release --scratch-path build/gate --product gate-trial
    swift build -c release --scratch-path build/gate --product gate-simulator
    Firmware/build
    Benchmarks/gate.py [--parts 10000] [--pause 20] [--write Benchmarks/RESULTS.md]

Twice: against the controller's logic on this machine behind a pseudo-terminal, and against its firmware in QEMU (needs qemu-system-arm). Every
hundredth order is held back until its part has passed, and must end as late. Fails, and writes nothing, where an order didn't end, or where the gate
came to a part later than a quarter of its pulse of 1 ms: an idle machine is needed. About seven minutes.
"""

import argparse
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRIAL, SIMULATOR = (ROOT / "build/gate/release" / name for name in ("gate-trial", "gate-simulator"))
MARK = "<!-- gate -->"
ROWS = [
    ("order to acknowledgement", "order_to_acknowledgement", "from the client's call to the report that the controller took it, microseconds"),
    ("frame to acknowledgement", "frame_to_acknowledgement", "from the edge (a frame's timestamp) through the part's report, microseconds"),
    ("due to gate", "due_to_gate", "from the moment at which the part is at the gate to the gate's output, by the controller's clock, microseconds"),
]


def figures(lines):
    return {name: float(value) for name, value in (line.split() for line in lines.splitlines())}


def simulated(parts, pause):
    with subprocess.Popen([SIMULATOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as simulator:
        paths = [simulator.stdout.readline().split()[1] for _ in range(2)]
        trial = subprocess.run([TRIAL, *paths, "--measure", str(parts), str(pause)], capture_output=True, text=True)
        simulator.stdin.close()
    return trial


def emulated(parts, pause):
    return subprocess.run([ROOT / "Tests/Firmware/run-in-qemu.sh", TRIAL, "--measure", str(parts), str(pause)], capture_output=True, text=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=10_000)
    parser.add_argument("--pause", type=int, default=20, help="milliseconds from part to part")
    parser.add_argument("--write", type=Path, help="put the table into this file, between its marks")
    arguments = parser.parse_args()
    text = f"{date.today():%-d %B %Y}, {os.cpu_count()} processors; {arguments.parts:,} parts, one each {arguments.pause} ms. In µs: median, 99 of 100, largest.\n\n"
    text += "| | " + " | ".join(name for name, _, _ in ROWS) + " | acknowledged | late (held back) | silent |\n|---|---|---|---|---|---|---|\n"
    for name, run in (("host build, pseudo-terminal", simulated), ("firmware in QEMU", emulated)):
        trial = run(arguments.parts, arguments.pause)
        if trial.returncode not in (0, 1):
            sys.exit(f"{name}: {trial.stdout}{trial.stderr}")
        got = figures(trial.stdout)
        print(trial.stdout, file=sys.stderr)
        cells = [" / ".join(f"{got[f'{key}_{part}']:,.0f}" for part in ("p50", "p99", "max")) for _, key, _ in ROWS]
        text += f"| {name} | " + " | ".join(cells)
        if trial.returncode:
            sys.exit(f"{name}: {got['missed']:,.0f} parts were missed, {got['silent']:,.0f} orders didn't end")
        text += f" | {got['acknowledged']:,.0f} | {got['late']:,.0f} ({got['held_back']:,.0f}) | {got['silent']:,.0f} |\n"
    print(text)
    if arguments.write:
        parts = arguments.write.read_text().split(MARK)
        if len(parts) != 3:
            sys.exit(f"{arguments.write} hasn't two marks {MARK}")
        arguments.write.write_text(parts[0] + MARK + "\n" + text + MARK + parts[2])


if __name__ == "__main__":
    main()
