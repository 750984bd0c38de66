#!/usr/bin/env python3
"""Reject latency: from a frame's timestamp to the gate controller's acknowledgement, over 10,000 parts.

    export SWIFTLET_GATE_ONLY=1
    swift build -c release --scratch-path build/gate --product gate-trial
    swift build -c release --scratch-path build/gate --product gate-simulator
    Firmware/build
    Benchmarks/gate.py [--parts 10000] [--pause 20] [--write Benchmarks/RESULTS.md]

Twice: against the controller's logic on this machine behind a pseudo-terminal, and against its firmware in QEMU (needs qemu-system-arm). Every
hundredth order is held back until its part has passed, and must end as late. About seven minutes, on an idle machine.

Fails, and writes nothing, where an order didn't end, or ended otherwise than by the controller or as late: that is what the gate promises. Not that it is
never late, which no program can promise of the machine it runs on; but that it says so, where it comes to a part later than a quarter of the pulse (here 250 of
1,000 µs): the order ends as `missed`. So these are counted and stated, as are the orders that came late though nobody held them back; they fail only where both
together are more than --missed per cent of the parts, as a run like that measures the machine and not the gate. A controller has its processor to itself,
so both its stand-ins run with real-time priority (SCHED_FIFO) and timers without slack where that is permitted, and the one on this machine with locked
memory, too; which of it was got is stated. What disturbs them even then is stated as well: the time that the host of a virtual machine gave to others
meanwhile (steal, of /proc/stat), and how many programs wanted to run; where somebody stopped a process of it, it says so and ends. The client and the trial have the priority of any program.
"""

import argparse
import contextlib
import ctypes
import os
import resource
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

from marked import write_between

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


PR_SET_TIMERSLACK = 29
# Above all that isn't real-time, below the kernel's own threads.
PRIORITY = 40
# Microseconds of a processor that it may take without waiting once, before the kernel ends it: whatever else runs there would stand still meanwhile.
UNBROKEN = 1_000_000


def demand_priority():
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))


def be_punctual():
    """What the program that this process becomes inherits, as far as it is permitted."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(1), 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_RTTIME, (UNBROKEN, UNBROKEN))
    try:
        demand_priority()
    except PermissionError:
        pass


def stolen():
    """Seconds that the host of this virtual machine has given to others, of all processors together."""
    with open("/proc/stat") as file:
        return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


class Halts(threading.Thread):
    """Notes for how long somebody kept a process stopped (SIGSTOP) that this program has started, directly or not."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seconds, self.over = 0, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def run(self):
        before = time.monotonic()
        while not self.over.wait(0.25):
            now = time.monotonic()
            if self.has_stopped():
                self.seconds += now - before
            before = now

    @staticmethod
    def has_stopped():
        return any(state in "Tt" for state, _ in own_processes().values())


def own_processes():
    """Of processes that this program has started, directly or not: (state, name) by number."""
    states = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, rest = stat.read_text().split("(", 1)[1].rsplit(")", 1)
            state, parent = rest.split()[:2]
            states[stat.parent.name] = state, name, parent

    def is_own(process):
        while process in states:
            process = states[process][2]
            if process == str(os.getpid()):
                return True
        return False
    return {process: (state, name) for process, (state, name, _) in states.items() if is_own(process)}


def scheduling(name):
    """The real-time priority of each thread of the one process of that name among our own, 0 without one; empty where there is none."""
    priorities = []
    for process in (process for process, (_, other) in own_processes().items() if other == name[:15]):
        for stat in Path(f"/proc/{process}/task").glob("*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rsplit(")", 1)[1].split()
                # The 40th and 41st of all.
                priority, policy = int(fields[37]), int(fields[38])
                priorities.append(priority if policy == os.SCHED_FIFO else 0)
    return priorities


def simulated(parts, pause):
    with subprocess.Popen([SIMULATOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=be_punctual) as simulator:
        said = dict(simulator.stdout.readline().split() for _ in range(4))
        trial = subprocess.run([TRIAL, said["line"], said["plant"], "--measure", str(parts), str(pause)], capture_output=True, text=True)
        simulator.stdin.close()
    got = f"real-time priority {said['priority']}" if int(said["priority"]) else "no real-time priority (not permitted)"
    return trial, f"{got}, memory {'locked' if int(said['locked']) else 'not locked'}"


def emulated(parts, pause):
    command = [ROOT / "Tests/Firmware/run-in-qemu.sh", TRIAL, "--measure", str(parts), str(pause)]
    environment = os.environ | {"QEMU_UNDER": f"{sys.executable} {Path(__file__).resolve()} --punctually", "QEMU_BRIDGE": SIMULATOR}
    # The threads of QEMU as they were last seen, as it starts some of them late.
    seen = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        while True:
            try:
                output, errors = process.communicate(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                seen = scheduling("qemu-system-arm") or seen
    if not seen:
        got = "how QEMU is scheduled wasn't seen"
    elif min(seen):
        got = f"QEMU with real-time priority {' and '.join(map(str, sorted(set(seen))))} in all of its {len(seen)} threads"
    else:
        got = f"QEMU without real-time priority in {seen.count(0)} of its {len(seen)} threads"
    return subprocess.CompletedProcess(command, process.returncode, output, errors), got


def main():
    if sys.argv[1:2] == ["--punctually"]:
        be_punctual()
        os.execvp(sys.argv[2], sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=10_000)
    parser.add_argument("--pause", type=int, default=20, help="milliseconds from part to part")
    parser.add_argument("--missed", type=float, default=1, help="per cent of the parts whose gate or order may come too late, and say so")
    parser.add_argument("--write", type=Path, help="put the table into this file, between its marks")
    arguments = parser.parse_args()
    text = f"{date.today():%-d %B %Y}, {os.cpu_count()} processors; {arguments.parts:,} parts, one each {arguments.pause} ms. In µs: median, 99 of 100, largest.\n\n"
    text += "| | " + " | ".join(name for name, _, _ in ROWS) + " | acknowledged | of them told as `missed` | late (held back) | silent |\n|---|---|---|---|---|---|---|---|\n"
    notes = []
    for name, run in (("host build, pseudo-terminal", simulated), ("firmware in QEMU", emulated)):
        before, begin = stolen(), time.monotonic()
        with Halts() as halts:
            trial, scheduled = run(arguments.parts, arguments.pause)
        if halts.seconds:
            sys.exit(f"{name}: somebody kept its processes stopped for {halts.seconds:.1f} s; that measures nothing. {trial.stdout}{trial.stderr}")
        stole, seconds = stolen() - before, time.monotonic() - begin
        if trial.returncode not in (0, 1) or "missed" not in trial.stdout:
            sys.exit(f"{name}: {trial.stdout}{trial.stderr}")
        got = figures(trial.stdout)
        print(trial.stdout, file=sys.stderr)
        if trial.returncode:
            sys.exit(f"{name}: {got['silent']:,.0f} orders didn't end, {got['link_lost']:,.0f} ended with the link, {got['refused']:,.0f} were refused; {trial.stderr}")
        load = os.getloadavg()[1]
        note = f"{name}: {scheduled}; the host took {stole:.2f} s of {seconds * os.cpu_count():,.0f} (steal), {load:.1f} programs wanted to run in the last five minutes"
        late = got["late_unheld"]
        if got["late"] - late != got["held_back"]:
            sys.exit(f"{name}: {got['held_back']:,.0f} orders were held back until their parts had passed, and {got['late'] - late:,.0f} of them ended as late")
        if got["missed"] + late > arguments.missed / 100 * arguments.parts:
            sys.exit(f"{got['missed']:,.0f} gates came more than a quarter of the pulse late and said so, {late:,.0f} orders came late; that many measure the machine. {note}")
        cells = [" / ".join(f"{got[f'{key}_{part}']:,.0f}" for part in ("p50", "p99", "max")) for _, key, _ in ROWS]
        text += f"| {name} | " + " | ".join(cells) + f" | {got['acknowledged']:,.0f} | {got['missed']:,.0f} | {got['late']:,.0f} ({got['held_back']:,.0f}) | {got['silent']:,.0f} |\n"
        notes.append(note)
    text += "\n" + ". ".join(one[0].upper() + one[1:] for one in notes) + ".\n"
    print(text)
    if arguments.write:
        write_between(arguments.write, MARK, MARK, text)


if __name__ == "__main__":
    main()
