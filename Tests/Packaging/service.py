#!/usr/bin/env python3
"""The agent as a service: its unit on a system with systemd, with a broker on it, through reloads, freezes, kills, a full disk and its ends.

Usage: service.py PACKAGE
"""
import json
import os
import re
import signal
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from freeze import FrozenThread
from machine import run_steps, wait_until

CONFIGURATION = "/etc/swiftlet/swiftlet.yaml"
DATA = "/var/lib/swiftlet"
RUNNING = """
device: {id: d, site: s}
storage: {path: /var/lib/swiftlet, outbox: 1 MB}
mqtt: {url: "mqtt://localhost:1883", health_interval: 1 s}
cameras: {line: {source: simulated:conveyor, size: 320x240, frame_rate: 20}}
pipelines: {%s: {camera: line, model: /usr/share/swiftlet/surface-defects.swiftlet, detections: all, threads: 1}}
"""
# What the outbox has numbered, and what of it waits.
OUTBOX = """
import json, sqlite3
database = sqlite3.connect("/var/lib/swiftlet/outbox.sqlite")
waiting = {}
for topic, sequence in database.execute("SELECT name, sequence FROM messages JOIN topics ON topics.id = topic"):
    waiting.setdefault(topic, []).append(sequence)
numbered = dict(database.execute("SELECT name, next_sequence FROM topics"))
print(json.dumps({"epoch": database.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0], "next": numbered, "waiting": waiting}))
"""
# No step here waits as long as the package's own limits.
QUICKER = "[Service]\nWatchdogSec=4\nRestartSec=100ms\n"


class Steps:
    def __init__(self, package):
        self.package = package
        self.received = []
        self.changed = threading.Condition()

    def all(self):
        return [
            self.boot, self.start, self.fields, self.publishes, self.reload, self.bad_reload, self.frozen_process, self.frozen_thread, self.killed, self.ended_by_others,
            self.full_disk, self.stop, self.refused, self.finished,
        ]

    def boot(self, machine):
        "the system starts with the package, without a broker"
        machine.boot()
        machine.run("rm -f /var/lib/man-db/auto-update; mkdir /machine")
        subprocess.run(["cp", self.package, machine.path("/machine/swiftlet.deb")], check=True)
        machine.run("dpkg --force-unsafe-io -i /machine/swiftlet.deb 2>&1")
        machine.write("/etc/systemd/system/swiftletd.service.d/quicker.conf", QUICKER)
        # A disk of its own, to be filled.
        machine.run("mount -t tmpfs -o size=8m,mode=750,uid=$(id -u swiftlet),gid=$(id -g swiftlet) tmpfs %s" % DATA)
        self.configure(machine, "surface")
        machine.run("systemctl daemon-reload")

    def configure(self, machine, pipeline):
        machine.write(CONFIGURATION, RUNNING % pipeline)

    def status(self, machine, text, seconds=60):
        return wait_until(lambda: text in machine.show("StatusText") and machine.show("StatusText"), "‘%s’ in the status" % text, seconds)

    def process(self, machine):
        return int(machine.show("MainPID"))

    def start(self, machine):
        "it is ready without a network, as its own user, and says what it does"
        machine.run("systemctl start swiftletd")
        assert machine.show("ActiveState") == "active" and machine.show("Type") == "notify"
        status = self.status(machine, "in the outbox")
        assert status.startswith("1 pipeline, "), status
        assert machine.run("stat -c %%U /proc/%d" % self.process(machine)).strip() == "swiftlet"
        assert machine.run("ls -A %s" % DATA).split() and machine.run("stat -c %%U %s/outbox.sqlite" % DATA).strip() == "swiftlet"

    def fields(self, machine):
        "its messages are entries with fields"
        entry = json.loads(machine.run("journalctl -u swiftletd -o json -n 1 SWIFTLET_CAMERA=line"))
        assert entry["SYSLOG_IDENTIFIER"] == "swiftletd" and entry["PRIORITY"] == "5" and entry["_TRANSPORT"] == "journal", entry
        assert entry["MESSAGE"].startswith("camera line: 320x240"), entry
        assert entry["_SYSTEMD_UNIT"] == "swiftletd.service", entry
        raw = machine.run("journalctl -o cat -u swiftletd _TRANSPORT=stdout", check=False).strip()
        assert raw == "", "lines beside the entries: " + raw

    def publishes(self, machine):
        "a broker that comes later gets everything"
        # It keeps what waits for the watcher when it is stopped.
        machine.write(
            "/machine/mosquitto.conf",
            "listener 1883\nallow_anonymous true\nuser root\npersistence true\npersistence_location /machine/\nmax_queued_messages 0\n")
        self.broker(machine)
        subscriber = subprocess.Popen(
            ["nsenter", "-t", str(machine.leader), "-m", "-n", "-p", "mosquitto_sub", "-V", "5", "-q", "1", "-c", "-x", "3600", "-i", "watcher", "-v", "-t", "swiftlet/v1/s/d/+/detections", "-t", "swiftlet/v1/s/d/+/events"],
            stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.collect, args=(subscriber,), daemon=True).start()
        self.status(machine, "connected to mqtt://localhost:1883")
        wait_until(lambda: len(self.received) >= 20, "20 messages")

    def broker(self, machine):
        machine.run("systemd-run -q --unit=broker -p ExecStartPost='/bin/sh -c \"until mosquitto_pub -t x -m x; do :; done\"' mosquitto -c /machine/mosquitto.conf")

    def collect(self, subscriber):
        for line in subscriber.stdout:
            topic, payload = line.split(" ", 1)
            self.received.append((topic, json.loads(payload)))

    def reload(self, machine):
        "systemctl reload applies a new configuration, in the same process"
        before = self.process(machine)
        self.configure(machine, "renamed")
        machine.run("systemctl reload swiftletd")
        wait_until(lambda: any("/renamed/" in topic for topic, _ in self.received), "a message of the new pipeline")
        wait_until(lambda: machine.show("ActiveState") == "active", "the end of the reload")
        assert self.process(machine) == before

    def bad_reload(self, machine):
        "a configuration with a mistake is refused by line, and the old one goes on"
        before = self.process(machine)
        machine.write(CONFIGURATION, (RUNNING % "renamed").replace("frame_rate", "frame_rat"))
        machine.run("systemctl reload swiftletd")
        wait_until(lambda: "the configuration stays as it was" in machine.journal(), "the refusal")
        assert re.search(r"swiftlet\.yaml:5: .*frame_rat", machine.journal()), machine.journal()
        wait_until(lambda: machine.show("ActiveState") == "active", "the end of the reload")
        count = len(self.received)
        wait_until(lambda: len(self.received) > count + 10, "messages of the old configuration")
        assert self.process(machine) == before
        self.configure(machine, "renamed")

    def restarts(self, machine, before, why):
        wait_until(lambda: machine.show("ActiveState") == "active" and self.process(machine) not in (0, before), "a new process")
        self.status(machine, "connected to mqtt://localhost:1883")
        assert why in machine.journal(), machine.journal("-n 20")

    def frozen_process(self, machine):
        "a process that stands still is ended by the watchdog, and another begins"
        before = self.process(machine)
        os.kill(machine.host_pid(before), signal.SIGSTOP)
        self.restarts(machine, before, "Watchdog timeout (limit 4s)")

    def frozen_thread(self, machine):
        "so is one whose model's thread alone stands still, which names the stage"
        before = self.process(machine)
        frozen = FrozenThread(machine.host_pid(before), "infer-renamed")
        try:
            wait_until(lambda: machine.journal().count("Watchdog timeout") == 2, "the watchdog")
        finally:
            frozen.bury()
        self.restarts(machine, before, "no progress in: pipeline renamed")

    def killed(self, machine):
        "killed again and again it begins again and again, beyond every start limit"
        for _ in range(8):
            before = self.process(machine)
            os.kill(machine.host_pid(before), signal.SIGKILL)
            wait_until(lambda: machine.show("ActiveState") == "active" and self.process(machine) not in (0, before), "a new process")
        assert int(machine.show("NRestarts")) >= 10, machine.show("NRestarts")

    def ended_by_others(self, machine):
        "so does it after a signal to end that systemd didn't send"
        before = self.process(machine)
        os.kill(machine.host_pid(before), signal.SIGTERM)
        wait_until(lambda: machine.show("ActiveState") == "active" and self.process(machine) not in (0, before), "a new process")

    def full_disk(self, machine):
        "on a full disk it goes on inspecting, says so, and keeps results again once there is room"
        machine.run("systemctl stop broker")
        machine.run("dd if=/dev/zero of=%s/ballast bs=4k 2>&1 || true" % DATA)
        before = self.process(machine)
        wait_until(lambda: re.search(r"results are being lost|storage_full", machine.journal()), "a word on the disk")
        frames = lambda: int(re.search(r"(\d+) frames? processed", self.status(machine, "processed")).group(1))
        count = frames()
        wait_until(lambda: frames() > count + 20, "frames on a full disk")
        machine.run("rm %s/ballast" % DATA)
        if "results are being lost" in machine.journal():
            wait_until(lambda: "results are kept again" in machine.journal(), "the recovery")
        assert self.process(machine) == before
        self.broker(machine)
        self.status(machine, "connected to mqtt://localhost:1883")

    def stop(self, machine):
        "stopping ends in order within the limit, with everything at the broker or in the outbox"
        machine.run("systemctl stop swiftletd")
        assert machine.show("Result") == "success" and machine.show("ExecMainStatus") == "0", machine.show("Result")
        assert "ended in order" in machine.journal("-n 5")
        machine.write("/machine/outbox.py", OUTBOX)
        outbox = json.loads(machine.run("/usr/bin/python3 /machine/outbox.py"))
        assert {"swiftlet/v1/s/d/surface/detections", "swiftlet/v1/s/d/renamed/detections"} <= set(outbox["next"]), outbox["next"]
        wait_until(lambda: not self.missing(outbox), "every message that was accepted: missing are %s" % self.missing(outbox))

    def refused(self, machine):
        "why it can't start stands in the journal of the service, each time"
        machine.write(CONFIGURATION, (RUNNING % "surface").replace("frame_rate", "frame_rat"))
        mistakes = lambda: len(re.findall(r"swiftlet\.yaml:5: .*frame_rat", machine.journal()))
        before = mistakes()
        machine.run("systemctl start swiftletd", check=False)
        wait_until(lambda: int(machine.show("NRestarts")) >= 3, "further attempts")
        machine.run("systemctl stop swiftletd")
        # The reader of the streams has written what came before this.
        machine.run("journalctl --sync")
        assert mistakes() - before >= 3, (mistakes(), before)

    def finished(self, machine):
        "when nothing is left to do it ends, and isn't begun anew"
        machine.write(CONFIGURATION, (RUNNING % "surface").replace("threads: 1", "threads: 1, frames: 3"))
        machine.run("systemctl start swiftletd")
        wait_until(lambda: machine.show("ActiveState") not in ("active", "deactivating"), "the end")
        # Before another attempt it would be activating; of one that is inactive systemd forgets all else.
        facts = [machine.show("ActiveState"), machine.show("SubState"), machine.show("Result")]
        assert facts == ["inactive", "dead", "success"], facts
        assert "ended in order" in machine.journal("-n 3"), machine.journal("-n 20")

    def missing(self, outbox):
        """Accepted messages of which nobody knows: neither received, nor in the outbox, nor named as given up."""
        received = list(self.received)
        known = {topic: set(sequences) for topic, sequences in outbox["waiting"].items()}
        for topic, message in received:
            assert message["epoch"] == outbox["epoch"], message
            known.setdefault(topic, set()).add(message["sequence"])
            if message.get("event") == "gap":
                known.setdefault(message["topic"], set()).update(range(message["first_sequence"], message["last_sequence"] + 1))
        return {topic: lost for topic, after in outbox["next"].items() if (lost := sorted(set(range(1, after)) - known.get(topic, set())))}


if __name__ == "__main__":
    sys.exit(run_steps("test-service", Steps(os.path.abspath(sys.argv[1])).all()))
