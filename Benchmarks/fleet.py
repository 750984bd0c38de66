#!/usr/bin/env python3
"""A thousand devices take a release through one mosquitto: how long it takes, and what the broker needs.

    make build && swift build -c release --product fleet-load
    Benchmarks/fleet.py                          # 1,000 devices, YOLOX-nano in FP32 (3.7 MB)
    Benchmarks/fleet.py --devices 200 --spread 0

Devices have the agent's own client code, each with its connection, metadata and package store. FOLDER (--folder) needs room for as many
packages as there are devices; in memory by default, since a thousand devices have a thousand disks. The model comes from SWIFTLET_SHARED
(default ../shared), or --model.
"""

import argparse
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from outbox import start_broker

ROOT = Path(__file__).resolve().parents[1]
SWIFTLET, LOAD = ROOT / ".build/release/swiftlet", ROOT / ".build/release/fleet-load"
SHARED = Path(os.environ.get("SWIFTLET_SHARED", ROOT / "../shared"))


def memory(process):
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {key: int(value.split()[0]) * 1024 for key, value in (line.split(":", 1) for line in lines) if key in ("VmRSS", "VmHWM")}


def looped():
    """Bytes that the loopback has carried, by the kernel's count."""
    line = next(line for line in Path("/proc/net/dev").read_text().splitlines() if line.strip().startswith("lo:"))
    return int(line.split(":")[1].split()[8])


def release(*words):
    return subprocess.run([SWIFTLET, "release", *map(str, words)], check=True, capture_output=True, text=True, env=dict(os.environ, SWIFTLET_PASSPHRASE="x")).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--spread", type=float, default=10, help="seconds over which devices begin, the agent's default")
    parser.add_argument("--model", type=Path, default=SHARED / "models/yolox_nano_416.onnx")
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm"))
    arguments = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        folder = Path(folder)
        subprocess.run([SWIFTLET, "compile", arguments.model, "-o", folder / "model.swiftlet"], check=True, capture_output=True)
        broker, url = start_broker(folder)
        try:
            release("init", folder / "fleet")
            before = memory(broker.pid)["VmRSS"]
            (folder / "devices").mkdir()
            load = subprocess.Popen(
                [LOAD, folder / "devices", url, folder / "fleet/metadata/1.root.json", str(arguments.devices), str(arguments.spread)],
                stdout=subprocess.PIPE, text=True)
            assert load.stdout.readline() == "ready\n", "the devices don't connect"
            connected = memory(broker.pid)["VmRSS"]
            release("add", folder / "fleet", folder / "model.swiftlet", "--channel", "line-a")
            begin, sent = time.time(), looped()
            processor = sum(map(int, Path(f"/proc/{broker.pid}/stat").read_text().split()[13:15]))
            release("publish", folder / "fleet", "--broker", url)
            rows = dict(line.split(" ", 1) for line in load.stdout.read().splitlines())
            processor = (sum(map(int, Path(f"/proc/{broker.pid}/stat").read_text().split()[13:15])) - processor) / os.sysconf("SC_CLK_TCK")
            sent, after = looped() - sent, memory(broker.pid)
            print(f"{arguments.devices} devices, package of {int(rows['package_bytes']):,} bytes, spread {arguments.spread:g} s\n\n| | |\n|---|---|")
            print(f"| have it | {rows['devices']} |\n| failed | {rows['failed']} |")
            if "failure" in rows:
                print(f"| first failure | {rows['failure']} |")
            for name in ["first", "median", "last"]:
                print(f"| {name} device has it after | {float(rows[name + '_seconds']):.1f} s |")
            print(f"| over the loopback | {sent / 1e9:.2f} GB, {sent / (time.time() - begin) / 1e6:.0f} MB/s |")
            print(f"| broker: processor time | {processor:.1f} s |")
            print(f"| broker: memory before, with all connected, peak | {before / 2**20:.1f}, {connected / 2**20:.1f}, {after['VmHWM'] / 2**20:.1f} MiB |")
        finally:
            broker.kill()
            broker.wait()


if __name__ == "__main__":
    main()
