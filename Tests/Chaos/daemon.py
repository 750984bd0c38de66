"""`swiftletd` itself as the agent that the chaos test torments."""

import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

from faults import Agent

MODEL = Path(__file__).resolve().parents[2] / "Sources/CDemoModel/surface-defects.swiftlet"


class Daemon(Agent):
    """The simulated line and the demo's own model in two pipelines, every frame reported."""

    topics = "swiftlet/v1/#"
    # Its back-off begins at a second: a fault that meets no connection torments nobody.
    settling = 20

    def __init__(self, binary, disk, folder, port):
        super().__init__(binary, disk, folder, port)
        self.configuration = folder / "swiftlet.yaml"
        self.command = [binary, "--config", self.configuration]
        self.storage, self.port = disk.path, port

    @staticmethod
    def tracks(topic):
        """`state` and `health` are current facts that bypass the outbox: nobody promises that all of them come."""
        return topic.rsplit("/", 1)[-1] in ("detections", "events")

    def start(self, rate):
        """`rate` results a second over both pipelines; 0: one frame each, and then it ends by itself."""
        limit = "" if rate else ", frames: 1"
        lines = [
            "device: {id: line-1, site: chaos}",
            f"storage: {{path: {self.storage}, outbox: 16 MB, commit: {{interval: 5 ms}}}}",
            f'mqtt: {{url: "mqtt://127.0.0.1:{self.port}", keep_alive: 5 s, health_interval: 1 s}}',
            "cameras:",
            f"  line: {{source: simulated:conveyor, size: 320x240, frame_rate: {max(1, rate // 2)}}}",
            "pipelines:",
            *(f"  {name}: {{camera: line, model: {MODEL}, detections: all, threads: 1{limit}}}" for name in ("surface", "second")),
        ]
        self.configuration.write_text("\n".join(lines) + "\n")
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)

    def reload(self):
        if self.is_running():
            self.process.send_signal(signal.SIGHUP)

    def note_end(self, process, expected):
        """Before it listens to signals, SIGHUP ends it as it ends everything."""
        super().note_end(process, expected | {-signal.SIGHUP})

    def drain(self, limit):
        """Runs for a frame at a time until one run leaves nothing behind. Returns whether it got there."""
        deadline = time.monotonic() + limit
        while (left := deadline - time.monotonic()) > 0:
            begin = Path(self.log.name).stat().st_size
            self.start(0)
            try:
                self.process.wait(left)
            except subprocess.TimeoutExpired:
                break
            self.note_end(self.process, {0, 1})
            if self.process.returncode == 0 and b"wait in the outbox" not in Path(self.log.name).read_bytes()[begin:]:
                return True
        self.stop()
        return False

    def accepted(self):
        """Every number that the outbox has given out: a number is committed with its message."""
        with closing(sqlite3.connect(self.storage / "outbox.sqlite")) as database:
            (epoch,) = database.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
            for topic, following in database.execute("SELECT name, next_sequence FROM topics"):
                for sequence in range(1, following):
                    yield topic, epoch, sequence
