#!/usr/bin/env python3
"""An hour of the daemon: does it grow, does it leak, does it lose? Four cameras, two models, a broker and a subscriber that counts.

    make build
    Benchmarks/soak.py [--minutes 60] [--write Benchmarks/RESULTS.md]

Two cameras are simulated, two replay the shared data's photographs, three frames a second each; of either kind one goes through YOLOX-nano in 8 bits
with tracks and a rule, the other through UltraFace. Every ten seconds the process is looked at from outside (/proc), and asked for its own counters on
its status socket and as metrics on its page. Without the shared data all four are simulated, and the two models are the demo's and that
once more. needs: mosquitto, mosquitto_sub

Fails (status 1), and says why, where:
  * resident or anonymous memory rises at once by more than --step KiB, or twice, the second time by more than half as much and for good; or it grows
    faster than --slope KiB an hour, beyond what its own confidence interval leaves open; or that interval is wider than --slope, as in a run that is
    too short to tell. So what passes grows by less than twice --slope, and one step: with the default 24 MiB a day at the very most, and 12 MiB where
    the line is exact. The first sixth of the time is warming up and left out. Neighbouring samples hang together, so the line goes through the means
    of up to twenty equal parts of the time, and the interval (95 %) is theirs;
  * after warming up the number of file descriptors was ever another, or that of threads ever higher than before: a worker of Swift's own pool comes and
    goes;
  * a frame is not accounted for: a camera's must be processed, dropped for a reason or left out, by several looks at the counters, as one look may
    take them while a frame is on its way; and of the numbers up to the last look's, exactly the processed ones must be in messages;
  * a message is missing at the subscriber: what the outbox numbered must have come, without a hole, in one epoch; or the outbox gave something up;
  * more than --drops per cent of a pipeline's frames were dropped or left out, or a camera missed as many. Two processors carry this with room to
    spare, so the default allows none; a busy machine may need --nice -10 (as root). How long this program was held up, by its own clock, is stated:
    where processes are stopped, or the whole machine is, frames are lost whatever the daemon does.
"""
import argparse
import json
import math
import os
import re
import resource
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import defaultdict
from contextlib import closing
from datetime import date
from pathlib import Path

from marked import write_between

ROOT = Path(__file__).resolve().parents[1]
MARK = "<!-- soak -->"
# Student's t, two-sided 95 %, by degrees of freedom.
STUDENT = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 10: 2.23, 12: 2.18, 14: 2.14, 16: 2.12, 18: 2.10}
PARTS = 20
# A line and its rise have four parameters.
LEAST_PARTS = 5
# KiB at once that are more than a few pages.
LEAST_STEP = 16
# Of each thread, unless the shell that starts this says otherwise.
STACK = resource.getrlimit(resource.RLIMIT_STACK)[0]
# What is written is called an hour.
LEAST_MINUTES_WRITTEN = 45
# At rest every frame is accounted for in each look; while frames come, one look in a few finds them so, and this many can't all be chance.
LOOKS_AT_REST = 5
CAMERAS = ("conveyor-1", "photographs-1", "conveyor-2", "photographs-2")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            sys.exit(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    return value


def slope(points):
    """Least squares over the means of equal parts, through a line that rises once by itself.

    (units an hour, half of its 95 % interval, that rise, when; what it rose by a second time, or 0, when). The rise is where the largest one is from one
    point to the next, and at most that; how much of it stayed is found along with the line, and both were chosen: two degrees of freedom. Points are
    (seconds, value).
    """
    if len(points) < LEAST_PARTS:
        sys.exit(f"too short: a slope needs at least {LEAST_PARTS} samples after warming up")
    largest, at = max((after[1] - before[1], after[0]) for before, after in zip(points, points[1:]))
    size = max(1, math.ceil(len(points) / PARTS))
    parts = [points[i:i + size] for i in range(0, len(points) - size + 1, size)]
    xs = [statistics.fmean(point[0] for point in part) for part in parts]
    ys = [statistics.fmean(point[1] for point in part) for part in parts]
    risen = [statistics.fmean(point[0] >= at for point in part) for part in parts]
    about = lambda values: [value - statistics.fmean(values) for value in values]
    product = lambda one, other: sum(a * b for a, b in zip(one, other))
    xs, ys, risen = about(xs), about(ys), about(risen)
    spread = product(xs, xs)
    lean = product(xs, risen) / spread
    # What of the rise no line explains.
    own = [r - lean * x for r, x in zip(risen, xs)]
    stayed = product(own, ys) / product(own, own) if product(own, own) > 1e-9 else 0
    stayed = min(max(stayed, 0), max(largest, 0))
    ys = [y - stayed * r for y, r in zip(ys, risen)]
    rise = product(xs, ys) / spread
    rest = sum((y - rise * x) ** 2 for x, y in zip(xs, ys))
    freedom = len(parts) - 4
    student = STUDENT[max(known for known in STUDENT if known <= freedom)]
    doubt = 1 / spread + (lean ** 2 / product(own, own) if stayed else 0)
    return rise * 3600, student * math.sqrt(rest / freedom * doubt) * 3600, round(stayed), at, *second_rise(points, stayed, at, size)


def second_rise(points, first, at, width):
    """(how much, when) of the largest other rise from one point to the next that is of the first's kind: more than half of it, and kept, as the medians
    of what comes just before, just behind and ever after tell. (0, 0) where there is none, or the first is too small to have a kind.
    """
    if first < LEAST_STEP:
        return 0, 0
    width = max(width, 5)
    values = [value - (first if when >= at else 0) for when, value in points]
    found = (0, 0)
    for i in range(1, len(points)):
        # Where the first one is, its remainder is no other.
        if points[i][0] == at:
            continue
        before = statistics.median(values[max(0, i - width):i])
        kept = min(statistics.median(values[i:i + width]), statistics.median(values[i:])) - before
        if min(kept, values[i] - values[i - 1]) > first / 2:
            found = max(found, (round(kept), points[i][0]))
    return found


def kinds(maps):
    """KiB of anonymous memory by what it is for, of the text of smaps."""
    sums = dict.fromkeys(("heap", "stacks", "models and the rest"), 0)
    kind = None
    for line in maps.splitlines():
        if found := re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ *(.*)", line):
            # glibc maps a stack of the process's own limit for each thread.
            is_stack = found[3] == "[stack]" or not found[3] and int(found[2], 16) - int(found[1], 16) == STACK
            kind = "heap" if found[3] == "[heap]" else "stacks" if is_stack else "models and the rest"
        elif line.startswith("Anonymous:"):
            sums[kind] += int(line.split()[1])
    return sums


class Subscriber:
    """A persistent session of mosquitto_sub, and what came: by topic the sequences, and of detections the frames and latencies."""

    def __init__(self, port):
        self.sequences, self.frames, self.latencies = defaultdict(set), defaultdict(set), []
        self.received = self.duplicates = 0
        self.epochs, self.gaps = set(), []
        topics = [option for kind in ("detections", "events") for option in ("-t", f"swiftlet/v1/s/soak/+/{kind}")]
        self.process = subprocess.Popen(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-V", "5", "-q", "1", "-c", "-x", "3600", "-i", "soak-watcher", "-v", *topics],
            stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.collect, daemon=True)
        self.thread.start()

    def collect(self):
        for line in self.process.stdout:
            topic, payload = line.split(" ", 1)
            message = json.loads(payload)
            if message["sequence"] in self.sequences[topic]:
                self.duplicates += 1
                continue
            self.sequences[topic].add(message["sequence"])
            self.epochs.add(message["epoch"])
            self.received += 1
            if message.get("event") == "gap":
                self.gaps.append(message)
            if topic.endswith("/detections"):
                self.frames[topic.split("/")[-2]].add(message["frame"])
                self.latencies.append(message["latency_ms"]["total"])

    def lacking(self, topics):
        """Sequences that the outbox numbered and nobody received, by topic; `topics` are (name, next sequence)."""
        return {name: holes for name, after in topics if (holes := sorted(set(range(1, after)) - self.sequences[name]))}


class Agent:
    def __init__(self, arguments, folder, broker, models, started):
        """Its process is put among those `started` before it is waited for."""
        self.folder, self.storage = folder, folder / "storage"
        self.page = free_port()
        self.usual = None
        photographs = arguments.shared / "data/coco/images"
        sources = {name: f"folder:{photographs}" if name.startswith("photographs") and photographs.is_dir() else "simulated:conveyor" for name in CAMERAS}
        lines = [
            "device: {id: soak, site: s}", f"storage: {{path: {self.storage}, outbox: 64 MB}}", f'mqtt: {{url: "mqtt://127.0.0.1:{broker}"}}',
            f'page: {{listen: "127.0.0.1:{self.page}"}}', "cameras:"]
        lines += [f'  {name}: {{source: "{source}", frame_rate: {arguments.rate}}}' for name, source in sources.items()]
        lines.append("pipelines:")
        rules = ', rules: [{name: seen, when: "any >= 0.5", for: 2 of 3 frames, then: [event]}]'
        for i, name in enumerate(CAMERAS):
            lines.append(f"  {name}: {{camera: {name}, model: {models[i // 2]}, detections: all, threads: 1{rules if i < 2 else ''}}}")
        configuration = folder / "soak.yaml"
        configuration.write_text("\n".join(lines) + "\n")
        self.log = folder / "log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [arguments.daemon, "--config", configuration], stdout=log, stderr=log, preexec_fn=(lambda: os.nice(arguments.nice)) if arguments.nice else None)
        started.append(self.process)
        wait_until(lambda: (self.storage / "status.socket").exists() or self.ended(), "the daemon's status")

    def ended(self):
        """Never true: an end before its time ends this, with the daemon's last words."""
        if self.process.poll() is not None:
            sys.exit(f"the daemon ended with {self.process.returncode}: {self.log.read_text()[-2000:]}")

    def status(self):
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(20)
            one.connect(str(self.storage / "status.socket"))
            text = b""
            while part := one.recv(65536):
                text += part
        return json.loads(text)

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/metrics", timeout=20) as answer:
            return answer.read().decode()

    def proc(self, name):
        return Path(f"/proc/{self.process.pid}/{name}").read_text()

    def sample(self):
        """What the system says of the process; before it is asked anything itself, as a connection is a file descriptor."""
        rollup = {key: int(value) for key, value in re.findall(r"^(\w+): +(\d+) kB", self.proc("smaps_rollup"), re.M)}
        fields = self.proc("stat").rsplit(")", 1)[1].split()
        return {
            "at": time.monotonic(), "Rss": rollup["Rss"], "Pss": rollup["Pss"], "Anonymous": rollup["Anonymous"], **kinds(self.proc("smaps")),
            "descriptors": self.descriptors(), "threads": int(fields[17]),
            "processor": (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
            "outbox": sum(path.stat().st_size for path in self.storage.glob("outbox.sqlite*")),
        }

    def descriptors(self):
        """The fewest of several looks: where this program and the daemon were held up, the connection of the last question may be ending only now."""
        looks = []
        while len(looks) < 5 and (not looks or looks[-1] != self.usual):
            looks.append(len(os.listdir(f"/proc/{self.process.pid}/fd")))
            if looks[-1] > (self.usual or looks[-1]):
                time.sleep(0.2)
            else:
                break
        self.usual = min(looks)
        return self.usual

    def at_rest(self):
        """(status, looks): status when every frame was accounted for, and how many looks found that; a frame that is lost for good is in each look."""
        found, best = [], None
        for _ in range(150):
            status = self.status()
            rest = sum(abs(number) for number in unaccounted(status).values())
            if rest == 0:
                found.append(status)
                if len(found) == LOOKS_AT_REST:
                    break
            elif best is None or rest < best[0]:
                best = rest, status
            time.sleep(0.23)
        return (found[-1] if len(found) == LOOKS_AT_REST or best is None else best[1]), len(found)


def unaccounted(status):
    """By pipeline, frames that its camera delivered and of which nobody says what became."""
    delivered = {camera["name"]: camera["delivered"] for camera in status["cameras"]}
    return {
        pipeline["name"]: delivered[pipeline["camera"]] - pipeline["processed"] - sum(pipeline["dropped"].values()) - sum(pipeline["left_out"].values())
        for pipeline in status["pipelines"]}


def compiled(arguments, folder):
    """The two packages, and what they are."""
    shared = arguments.shared
    names = ("yolox_nano_416", "ultraface_rfb_320")
    if not all((shared / f"models/{name}.onnx").exists() for name in names):
        print(f"{shared} hasn't the models: the demo's is taken for both", file=sys.stderr)
        return [ROOT / "Sources/CDemoModel/surface-defects.swiftlet"] * 2, "the demo's model, twice"
    packages = []
    print("compiling the models", file=sys.stderr)
    for name in names:
        packages.append(folder / f"{name}.swiftlet")
        subprocess.run(
            [arguments.swiftlet, "compile", shared / f"models/{name}.onnx", "--recipe", ROOT / f"Calibration/recipes/{name}.yaml", "--calibrate",
             shared / "data/coco/images", "-o", packages[-1]], check=True, stdout=subprocess.DEVNULL)
    return packages, "YOLOX-nano with tracks and a rule, UltraFace"


def start_broker(folder, started):
    port = free_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n")
    broker = subprocess.Popen(["mosquitto", "-c", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started.append(broker)

    def answers():
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    wait_until(answers, "the broker answers")
    return port


def watch(arguments, agent):
    """Samples until the time is over, and writes each as a line of JSON where --samples says."""
    samples, begin = [], time.monotonic()
    with open(arguments.samples or os.devnull, "w", buffering=1) as file:
        due, held_up = begin, 0
        while due <= begin + arguments.minutes * 60:
            time.sleep(max(0, due - time.monotonic()))
            late = time.monotonic() - due
            held_up += late if late > 1 else 0
            # What is past isn't made up for.
            due = max(due + arguments.every, time.monotonic())
            agent.ended()
            samples.append(agent.sample())
            status, metrics = agent.status(), agent.metrics()
            # That the page answers with the same counters, and that both have to be made each time.
            processed = sum(int(float(value)) for value in re.findall(r"^swiftlet_pipeline_frames_total\{.*\} (\S+)$", metrics, re.M))
            samples[-1]["processed"] = sum(pipeline["processed"] for pipeline in status["pipelines"])
            if processed < samples[-1]["processed"]:
                sys.exit(f"metrics tell {processed} frames after status told {samples[-1]['processed']}")
            file.write(json.dumps(samples[-1] | {"waiting": status["outbox"]["waiting"]}) + "\n")
    return samples, held_up


def judge(arguments, samples, held_up, status, looks, subscriber, outbox, models):
    """(report, faults)"""
    faults = []
    if looks < LOOKS_AT_REST:
        faults.append(f"every frame was accounted for in {looks} looks at the counters, and had to be in {LOOKS_AT_REST}")
    begin, end = samples[0]["at"], samples[-1]["at"]
    settled = [one for one in samples if one["at"] >= begin + (end - begin) / 6]
    rows, steps = [], []
    for key, title in (
        ("Rss", "resident memory"), ("Pss", "of it proportional (Pss)"), ("Anonymous", "of it anonymous"), ("heap", "heap"), ("stacks", "stacks of threads"),
        ("models and the rest", "models and the rest"),
    ):
        rise, interval, step, after, again, when = slope([(one["at"], one[key]) for one in settled])
        rows.append(f"| {title}, KiB | {settled[0][key]:,} | {settled[-1][key]:,} | {rise:+,.0f} ± {interval:,.0f} KiB/h, and {step:,} at once |")
        # Pss changes with every program that maps the same libraries; the parts of what is anonymous are judged together.
        if key not in ("Rss", "Anonymous"):
            continue
        if step:
            steps.append(f"{step:,} KiB of {title} after {(after - begin) / 60:.0f} minutes")
        if step > arguments.step:
            faults.append(f"{title} grew by {step:,} KiB at once")
        if again:
            faults.append(f"{title} grew at once twice: by {step:,} KiB after {(after - begin) / 60:.0f} minutes, by {again:,} KiB after {(when - begin) / 60:.0f}")
        if rise - interval > arguments.slope:
            faults.append(f"{title} grows by {rise:,.0f} ± {interval:,.0f} KiB an hour")
        elif interval > arguments.slope:
            faults.append(f"inconclusive: {title} by {rise:,.0f} ± {interval:,.0f} KiB an hour can't be told from {arguments.slope:,.0f}; a longer run can")
    for key, title in (("descriptors", "file descriptors"), ("threads", "threads")):
        values = [one[key] for one in settled]
        rows.append(f"| {title} | {values[0]} | {values[-1]} | {min(values)} to {max(values)} |")
        begun = max(one[key] for one in samples if one["at"] <= settled[0]["at"])
        if max(values) > begun or key == "descriptors" and min(values) != max(values):
            faults.append(f"{title} went from {min(values)} to {max(values)}")
    sizes = [one["outbox"] for one in settled]
    rows.append(f"| outbox on disk, bytes | {sizes[0]:,} | {sizes[-1]:,} | {min(sizes):,} to {max(sizes):,} |")

    frames = ["| camera | captured | processed | dropped | left out | lost by the camera | not accounted for | frame numbers received |", "|---|---|---|---|---|---|---|---|"]
    cameras, missing = {camera["name"]: camera for camera in status["cameras"]}, unaccounted(status)
    said = lambda reasons: ", ".join(f"{count} {reason}" for reason, count in reasons.items() if count) or "0"
    for pipeline in status["pipelines"]:
        name, camera = pipeline["name"], cameras[pipeline["camera"]]
        # The status is of a moment before the end, and what came later must not stand in for what didn't come.
        beyond = camera["delivered"] + sum(camera["lost"].values())
        numbers = [number for number in subscriber.frames[name] if number < beyond]
        frames.append(
            f"| {name} | {camera['delivered']:,} | {pipeline['processed']:,} | {said(pipeline['dropped'])} | {said(pipeline['left_out'])} | "
            f"{said(camera['lost'])} | {missing[name]} | {len(numbers):,} |")
        if missing[name]:
            faults.append(f"{name}: {missing[name]} frames are not accounted for")
        if len(numbers) != pipeline["processed"]:
            faults.append(f"{name}: {pipeline['processed']} frames were processed, and {len(numbers)} of them came to the subscriber")
        losses = {"dropped": pipeline["dropped"], "left out": pipeline["left_out"], "lost by the camera": camera["lost"]}
        for what, count in ((what, sum(reasons.values())) for what, reasons in losses.items()):
            if count > arguments.drops / 100 * camera["delivered"]:
                faults.append(f"{name}: {count} frames were {what}")
        if pipeline["processed"] < 0.9 * arguments.rate * (end - begin):
            faults.append(f"{name}: {pipeline['processed']} frames are fewer than {arguments.rate} a second")

    numbered, waiting = outbox
    total = sum(after - 1 for _, after in numbered)
    lacking = subscriber.lacking(numbered)
    if lacking or waiting:
        faults.append(f"{sum(map(len, lacking.values()))} messages never came, {waiting} wait in the outbox; the first of each topic: " + str({name: holes[:5] for name, holes in lacking.items()}))
    if subscriber.gaps or len(subscriber.epochs) != 1 or status["outbox"]["refused"] or status["outbox"]["evicted"]:
        faults.append(f"{len(subscriber.gaps)} gaps, {len(subscriber.epochs)} epochs; outbox {status['outbox']}")
    cut = statistics.quantiles(subscriber.latencies, n=100)
    processor = 100 * (samples[-1]["processor"] - samples[0]["processor"]) / (end - begin)
    load = " / ".join(f"{one:.1f}" for one in os.getloadavg())
    report = [
        f"{date.today():%-d %B %Y}, {os.cpu_count()} processors (load at the end {load}), {(end - begin) / 60:.0f} minutes, four cameras at {arguments.rate} frames a second; "
        f"{models}{f'; nice {arguments.nice}' if arguments.nice else ''}. {len(samples)} samples; the first sixth is warming up. "
        f"The program that looks was held up for {held_up:.0f} s. Memory may grow by {arguments.slope:,.0f} KiB an hour ({arguments.slope * 24 / 1024:,.0f} MiB a day), and "
        f"an interval that is wider than that fails, too; and by {arguments.step:,.0f} KiB once (largest steps: {', '.join(steps) or 'none'}). "
        f"{f'Of a pipeline’s frames {arguments.drops:g} % may be dropped, left out or lost' if arguments.drops else 'No frame may be dropped, left out or lost'}.",
        "", "| | after warming up | at the end | slope, or range |", "|---|---|---|---|", *rows, "", *frames, "",
        f"Messages numbered by the outbox {total:,}, received {subscriber.received:,}, without a hole in {len(numbered)} topics: {'no' if lacking else 'yes'}; duplicates {subscriber.duplicates}. "
        f"From capture to result {cut[49]:.1f} ms in the median, {cut[98]:.1f} ms for 99 of 100. The daemon took {processor:.0f} % of one processor.",
    ]
    return "\n".join(report) + "\n", faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=3, help="frames a second of each camera")
    parser.add_argument("--every", type=float, default=10, help="seconds from sample to sample")
    parser.add_argument("--slope", type=float, default=512, help="KiB an hour that memory may grow, beyond its confidence interval")
    parser.add_argument("--step", type=float, default=256, help="KiB that memory may grow by at once")
    parser.add_argument("--drops", type=float, default=0, help="per cent of frames that may be dropped, and lost by a camera")
    parser.add_argument("--nice", type=int, default=0, help="of the daemon; below 0 as root")
    parser.add_argument("--swiftlet", type=Path, default=ROOT / ".build/release/swiftlet")
    parser.add_argument("--daemon", type=Path, default=ROOT / ".build/release/swiftletd")
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SWIFTLET_SHARED", ROOT / "../shared")).resolve())
    parser.add_argument("--samples", type=Path, help="write every sample to this file, a line of JSON each")
    parser.add_argument("--write", type=Path, help="put the result into this file, between its marks, if nothing failed")
    arguments = parser.parse_args()
    if arguments.write and arguments.minutes < LEAST_MINUTES_WRITTEN:
        parser.error(f"--write is for a run of at least {LEAST_MINUTES_WRITTEN} minutes")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="swiftlet-soak-") as folder:
        folder = Path(folder)
        models, described = compiled(arguments, folder)
        started = []
        try:
            port = start_broker(folder, started)
            subscriber = Subscriber(port)
            started.append(subscriber.process)
            agent = Agent(arguments, folder, port, models, started)
            wait_until(lambda: len(subscriber.frames) == len(CAMERAS) or agent.ended(), "messages of every pipeline")
            samples, held_up = watch(arguments, agent)
            status, looks = agent.at_rest()
            agent.process.terminate()
            if agent.process.wait(timeout=60):
                sys.exit(f"the daemon ended with {agent.process.returncode}: {agent.log.read_text()[-2000:]}")
            with closing(sqlite3.connect(agent.storage / "outbox.sqlite")) as database:
                outbox = database.execute("SELECT name, next_sequence FROM topics").fetchall(), database.execute("SELECT count(*) FROM messages").fetchone()[0]
            # What was acknowledged may still be on its way from the broker; what isn't here then is missing.
            deadline = time.monotonic() + 30
            while subscriber.lacking(outbox[0]) and time.monotonic() < deadline:
                time.sleep(0.1)
            text, faults = judge(arguments, samples, held_up, status, looks, subscriber, outbox, described)
            print(text, flush=True)
            if faults:
                warned = [line for line in agent.log.read_text().splitlines() if "warning" in line or "error" in line]
                sys.exit("\n".join(["FAILED:", *faults, *warned[-20:]]))
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait()
    if arguments.write:
        write_between(arguments.write, MARK, MARK, text)


if __name__ == "__main__":
    main()
