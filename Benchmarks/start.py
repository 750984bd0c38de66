#!/usr/bin/env python3
"""How long a package takes to load, and a process from its start to its first result: a table in Markdown, programs in turns.

The kernel tells a process's start in hundredths of a second, rounded down, so that `first_result_ms` of `swiftlet bench` is up to 10 ms too much. Here each
process is started right behind such a tick, and the figure is right to a tenth of a millisecond.

usage: start.py PACKAGE PROGRAM… [--runs N]
"""
import argparse
import json
import os
import subprocess
import time

TICK = 10_000_000


def wait_for_tick():
    """Returns just behind a tick of the clock by which the kernel tells when processes started."""
    begin = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // TICK
    while time.clock_gettime_ns(time.CLOCK_BOOTTIME) // TICK == begin:
        pass


def measured(program, package):
    wait_for_tick()
    done = subprocess.run([program, "bench", package, "--seconds", "0.001", "--json"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package")
    parser.add_argument("programs", nargs="+")
    parser.add_argument("--runs", type=int, default=40)
    options = parser.parse_args()
    runs = {program: [] for program in options.programs}
    for _ in range(options.runs):
        for program, figures in runs.items():
            figures.append(measured(program, options.package))
    print(f"{os.path.basename(options.package)}, {options.runs} runs of each program in turns; load {os.getloadavg()[0]:.1f}.\n")
    print("| program | load ms: least | a quarter below | median | first result ms: least | a quarter below | median | peak MiB |")
    print("|---|---|---|---|---|---|---|---|")
    for program, figures in runs.items():
        cells = []
        for name in ("load_ms", "first_result_ms"):
            values = sorted(run[name] for run in figures)
            cells += [values[0], values[len(values) // 4], values[len(values) // 2]]
        peak = max(run["peak_rss_mb"] for run in figures)
        print(f"| {program} | " + " | ".join(f"{cell:.1f}" for cell in cells) + f" | {peak:.1f} |")


if __name__ == "__main__":
    main()
