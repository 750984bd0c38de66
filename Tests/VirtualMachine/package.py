#!/usr/bin/env python3
"""The Debian package on a device: a virtual machine with systemd, a camera (vivid) and disks of its own; its broker is on this machine.

Installed, started, its camera pulled and given back as another one, its model's thread frozen, killed, its network pulled, its power cut, its disk
filled, and its power cut again on the full disk. After each, what the outbox has accepted comes to the subscriber: numbered without holes in one
epoch, twice only as the same message, given up only where a gap event names it.

Usage: package.py PACKAGE CAPTURE-PROBE    (the probe makes the package of a model that sees a scratch in everything)

SWIFTLET_VM_REQUIRED     set: what can't be run is a failure, not skipped
SWIFTLET_VM_ACCELERATOR  kvm or tcg; else kvm where a guest comes up with it
"""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from guest import HERE, HOST, ROOT, Guest, Unavailable, obstacle, wait_until
from machine import run_steps

CONFIGURATION = "/etc/swiftlet/swiftlet.yaml"
DATA = "/var/lib/swiftlet"
CAMERA = "/sys/bus/platform/drivers/vivid"
DETECTIONS, EVENTS = ("swiftlet/v1/s/d/surface/" + kind for kind in ("detections", "events"))
# The outbox may grow beyond its disk, so that the disk is full before the outbox is.
RUNNING = """
device: {id: d, site: s}
storage: {path: %s, outbox: 64 MB}
mqtt: {url: "mqtt://%s:%d", keep_alive: 5 s}
cameras: {top: {source: "v4l2:/dev/video0", frame_rate: 10}}
pipelines: {surface: {camera: top, model: /usr/local/share/fixed.swiftlet, detections: all, threads: 1}}
"""
# Epoch, what each topic numbers next, and the topic and number of each message that waits.
OUTBOX = """
import json, sqlite3
database = sqlite3.connect("/var/lib/swiftlet/outbox.sqlite")
epoch, = database.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
numbered = dict(database.execute("SELECT name, next_sequence FROM topics"))
waiting = database.execute("SELECT name, sequence FROM messages JOIN topics ON topics.id = messages.topic").fetchall()
print(json.dumps([epoch, numbered, waiting]))
"""


class Broker:
    """A mosquitto on this machine and a subscriber whose session lasts, with all that it has received."""

    def __init__(self, folder):
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        configuration = folder + "/mosquitto.conf"
        with open(configuration, "w") as file:
            file.write("listener %d 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n" % self.port)
        self.messages, self.repeated = {}, 0
        self.contradictions, self.epochs = [], set()
        self.process = subprocess.Popen(["mosquitto", "-c", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, "the broker")
        self.subscriber = subprocess.Popen(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port), "-V", "5", "-q", "1", "-c", "-x", "3600", "-i", "watcher", "-v", "-t", DETECTIONS, "-t", EVENTS],
            stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.collect, daemon=True).start()

    def answers(self):
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def collect(self):
        for line in self.subscriber.stdout:
            topic, payload = line.split(" ", 1)
            message = json.loads(payload)
            self.epochs.add(message["epoch"])
            before = self.messages.setdefault((topic, message["sequence"]), payload)
            self.repeated += before is not payload
            if before != payload:
                self.contradictions.append((topic, before, payload))

    def received(self, topic=DETECTIONS):
        """By sequence; a copy, as others come meanwhile."""
        return {sequence: json.loads(payload) for (name, sequence), payload in list(self.messages.items()) if name == topic}

    def unknown(self, upto, topic=DETECTIONS):
        """Numbers up to this one that neither came nor are named as given up."""
        known = set(self.received(topic))
        for gap in self.gaps():
            if gap["topic"] == topic:
                known |= set(range(gap["first_sequence"], gap["last_sequence"] + 1))
        return sorted(set(range(1, upto + 1)) - known)

    def gaps(self):
        return [event for event in self.received(EVENTS).values() if event.get("event") == "gap"]

    def close(self):
        for process in (self.subscriber, self.process):
            process.terminate()
            process.wait()


class Steps:
    def __init__(self, broker):
        self.broker = broker
        # Sequences that the outbox had taken before a fault.
        self.accepted = 0

    def all(self):
        return [
            self.boot, self.install, self.start, self.another_camera, self.frozen_thread, self.killed, self.network, self.power, self.full_disk, self.power_on_full_disk,
            self.room_again, self.stop,
        ]

    def process(self, guest):
        return int(guest.show("MainPID"))

    def status(self, guest):
        return json.loads(guest.run("swiftlet status --storage %s --json" % DATA))

    def first_of_this_process(self):
        """The sequence of the newest process' first message: frames count from 0 in each, and some may have been dropped."""
        first, before = None, None
        for sequence, message in sorted(self.broker.received().items()):
            if before is None or message["frame"] <= before:
                first = sequence
            before = message["frame"]
        return first

    def taken(self, guest):
        """The last sequence that the outbox has on disk for sure, by the agent's own counters; each gap event counts there, too, and names at least one."""
        outbox = self.status(guest)["outbox"]
        return self.first_of_this_process() + outbox["accepted"] - 1 - outbox["evicted"]

    def more(self, count, what):
        """Waits for messages that are newer than all that are here now."""
        newest = max(self.broker.received(), default=0)
        wait_until(lambda: max(self.broker.received(), default=0) >= newest + count, "%d more messages %s" % (count, what), 180)

    def whole(self, upto=None):
        """What was promised of everything up to a sequence, or to the newest that came."""
        broker = self.broker
        upto = upto or max(broker.received())
        wait_until(lambda: not broker.unknown(upto), "all messages up to %d; missing are %s" % (upto, broker.unknown(upto)[:20]), 120)
        assert not broker.contradictions, broker.contradictions[:2]
        assert len(broker.epochs) == 1, broker.epochs

    def boot(self, guest):
        "a Debian with systemd and a camera starts"
        guest.boot()
        assert guest.run("cat /proc/1/comm").strip() == "systemd" and guest.run("ls /dev/video0").strip() == "/dev/video0"
        guest.run("findmnt -n %s" % DATA)

    def install(self, guest):
        "dpkg installs the package, which starts nothing"
        guest.run("dpkg -i /usr/local/share/swiftlet.deb 2>&1")
        assert guest.show("ActiveState") == "inactive" and guest.show("UnitFileState") == "disabled"
        text = RUNNING % (DATA, HOST, self.broker.port)
        guest.run("cat >%s <<'END'\n%s\nEND" % (CONFIGURATION, text))
        guest.run("swiftlet config check %s" % CONFIGURATION)

    def start(self, guest):
        "systemctl starts it, and what its camera shows comes to the broker"
        guest.run("systemctl enable --now swiftletd 2>&1")
        self.more(20, "from the camera")
        message = max(self.broker.received().items())[1]
        assert message["detections"][0]["label"] == "scratch", message
        assert guest.run("stat -c %%U /proc/%d" % self.process(guest)).strip() == "swiftlet"
        self.whole()

    def formats(self, guest):
        return re.findall(r"camera top: (\d+x\d+ \w+)", guest.journal())

    def another_camera(self, guest):
        "its camera is pulled, and another comes in its place, of another kind, size and rate: it goes on in the same process"
        before, formats = self.process(guest), len(self.formats(guest))
        guest.run("echo vivid.0 >%s/unbind" % CAMERA)
        wait_until(lambda: "waiting for 1 camera" in guest.show("StatusText"), "a word on the camera", 120)
        # A video input (720x576, interlaced, 25 frames a second) behind the multi-planar interface, where it was a webcam. Where all of vivid's cameras are
        # such, it puts 128 bytes before the picture of its first format.
        guest.run("modprobe -r vivid && modprobe vivid n_devs=1 node_types=0x1 multiplanar=2 num_inputs=1 input_types=2")
        self.more(20, "from the other camera")
        seen = self.formats(guest)
        assert len(seen) > formats and seen[-1] != seen[0], seen
        assert self.process(guest) == before
        self.whole()

    def restarts(self, guest, before):
        wait_until(lambda: guest.show("ActiveState") == "active" and self.process(guest) not in (0, before), "a new process", 180)
        self.more(20, "after the restart")
        self.whole()

    def frozen_thread(self, guest):
        "its model's thread stands still: the watchdog of the unit as it is ends it, and another process goes on"
        before = self.process(guest)
        guest.run("systemd-run -q --unit=freeze /usr/bin/python3 /usr/local/share/freeze.py %d infer-surface" % before)
        self.restarts(guest, before)
        assert "Watchdog timeout (limit 30s)" in guest.journal(), guest.journal("-n 20")
        assert "no progress in: pipeline surface" in guest.journal(), guest.journal("-n 20")

    def killed(self, guest):
        "it is killed at once: so it does then"
        before = self.process(guest)
        guest.run("kill -9 %d" % before)
        self.restarts(guest, before)

    def pull_network(self, guest, count):
        guest.plug_network(False)
        wait_until(lambda: self.status(guest)["outbox"]["waiting"] >= count, "%d messages in the outbox" % count, 120)

    def network(self, guest):
        "its network is pulled: results wait in the outbox, and come when it is back"
        self.pull_network(guest, 100)
        taken = self.taken(guest)
        guest.plug_network(True)
        self.whole(taken)

    def cut_power(self, guest):
        """Cuts the power and starts again; what was on disk before, by the agent's counters, must come, or be named as given up."""
        taken = self.taken(guest)
        guest.cut_power()
        guest.boot()
        wait_until(lambda: guest.show("ActiveState") == "active", "the service, by itself", 180)
        self.whole(taken)
        return taken

    def power(self, guest):
        "its power is cut while messages wait: everything that the outbox had taken comes after the next start"
        self.pull_network(guest, 100)
        taken = self.cut_power(guest)
        self.more(20, "after the power cut")
        self.whole()
        # Of the process before: a number was not given a second time.
        before, last = (self.broker.received()[sequence] for sequence in (taken - 1, taken))
        assert last["frame"] > before["frame"], (before, last)

    def full_disk(self, guest):
        "its disk is full while the network is away: it goes on inspecting, and says so"
        self.pull_network(guest, 100)
        guest.run("dd if=/dev/zero of=%s/ballast bs=4k 2>&1 || true; sync" % DATA)
        before = self.process(guest)
        wait_until(lambda: re.search(r"results are being lost|storage_full", guest.journal("-b")), "a word on the disk", 240)
        frames = lambda: self.status(guest)["pipelines"][0]["processed"]
        count = frames()
        wait_until(lambda: frames() > count + 20, "frames on a full disk", 120)
        assert self.process(guest) == before

    def power_on_full_disk(self, guest):
        "its power is cut on the full disk: it starts by itself, and everything that it had taken comes, or a gap event names it"
        self.cut_power(guest)

    def room_again(self, guest):
        "there is room again: results are kept as before"
        guest.run("rm %s/ballast" % DATA)
        self.more(50, "once there is room")
        wait_until(lambda: "being lost" not in guest.show("StatusText"), "a status without losses", 120)
        self.whole()

    def stop(self, guest):
        "stopping ends in order, with every number at the subscriber, in a gap event, or in the outbox"
        guest.run("systemctl stop swiftletd")
        assert guest.show("Result") == "success", guest.show("Result")
        guest.run("cat >/run/outbox.py <<'END'\n%s\nEND" % OUTBOX)
        epoch, numbered, waiting = json.loads(guest.run("/usr/bin/python3 /run/outbox.py"))
        assert self.broker.epochs == {epoch}, (self.broker.epochs, epoch)
        for topic, after in numbered.items():
            kept = {sequence for name, sequence in waiting if name == topic}
            unknown = lambda: [sequence for sequence in self.broker.unknown(after - 1, topic) if sequence not in kept]
            wait_until(lambda: not unknown(), "every number of %s; unknown are %s" % (topic, unknown()[:20]), 60)
        assert not self.broker.contradictions
        given_up = sum(gap["last_sequence"] - gap["first_sequence"] + 1 for gap in self.broker.gaps())
        print("%d messages received, %d of them again, %d given up in %d gap events, %d wait" % (
            len(self.broker.messages), self.broker.repeated, given_up, len(self.broker.gaps()), len(waiting)))


def main():
    package, probe = map(os.path.abspath, sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="swiftlet-package-") as folder:
        model = folder + "/fixed.swiftlet"
        subprocess.run([probe, "package", model], check=True)
        extra = [model] + [ROOT + "/Tests/Packaging/" + name for name in ("freeze.py", "machine.py")]
        reason = obstacle()
        broker = None if reason else Broker(folder)
        try:
            status = run_steps("test-virtual-machine-package", Steps(broker).all(), lambda: Guest(package, extra), lambda: reason)
        except Unavailable as error:
            status, reason = 0, str(error)
            print("test-virtual-machine-package: SKIPPED, for %s" % reason, file=sys.stderr)
        finally:
            if broker:
                broker.close()
    return 1 if reason and os.environ.get("SWIFTLET_VM_REQUIRED") else status


if __name__ == "__main__":
    sys.exit(main())
