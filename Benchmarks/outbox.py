#!/usr/bin/env python3
"""What the outbox can take and what it costs: a week offline in compressed time, catching up with a mosquitto, and bytes written to disk.

    swift build -c release --product outbox-load
    Benchmarks/outbox.py                     # about ten minutes
    Benchmarks/outbox.py --events 300000     # shorter

Needs mosquitto. FOLDER (--folder) should lie on the disk that counts, not in memory.
"""

import argparse
import socket
import subprocess
import tempfile
import time
from pathlib import Path

LOAD = Path(__file__).resolve().parents[1] / ".build/release/outbox-load"


def start_broker(folder):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    configuration = folder / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n")
    broker = subprocess.Popen(["mosquitto", "-c", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return broker, f"mqtt://127.0.0.1:{port}"
        time.sleep(0.05)
    raise SystemExit("mosquitto doesn't start; is it installed?")


def run(arguments, parent):
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        first, *rest = arguments
        lines = subprocess.run([LOAD, first, folder, *map(str, rest)], check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--limit", type=int, default=256_000_000, help="bytes that the outbox may hold")
    parser.add_argument("--rate", type=int, default=10, help="events a second, for the wear")
    parser.add_argument("--seconds", type=int, default=30, help="of each measurement of wear")
    parser.add_argument("--folder", type=Path, default=Path.cwd() / "build")
    parser.add_argument("--wear-only", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        broker, url = start_broker(Path(folder))
        try:
            if not arguments.wear_only:
                print(f"## {arguments.events:,} events offline into {arguments.limit / 1e6:.0f} MB, then online\n\n| | |\n|---|---|")
                for name, value in run(["week", arguments.events, arguments.limit, url], arguments.folder).items():
                    print(f"| {name.replace('_', ' ')} | {value:,.1f} |".replace(".0 |", " |"))
            print(f"\n## Bytes written to disk an event, {arguments.rate} a second\n\n| commit interval | offline | online |\n|---|---|---|")
            for interval in (0, 100, 1000, 10000):
                figures = [run(["wear", arguments.rate, arguments.seconds, interval, *more], arguments.folder) for more in ([], [url])]
                print(f"| {interval / 1000:g} s | " + " | ".join(f"{one['disk_bytes_per_event']:,.0f}" for one in figures) + " |")
        finally:
            broker.terminate()
            broker.wait()


if __name__ == "__main__":
    main()
