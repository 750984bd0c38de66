"""The broker, the agent and the disk that the chaos test torments."""

import os
import signal
import subprocess
import time


class Broker:
    """A mosquitto that keeps its state on disk."""

    def __init__(self, folder, port):
        self.port = port
        self.state = folder / "broker"
        self.state.mkdir()
        self.configuration = folder / "mosquitto.conf"
        lines = [
            f"listener {port} 127.0.0.1", "allow_anonymous true", "persistence true", f"persistence_location {self.state}/", "autosave_interval 1",
            "max_queued_messages 0", "log_type error",
        ]  # fmt: skip
        if os.geteuid() == 0:
            lines.append("user root")
        self.configuration.write_text("\n".join(lines) + "\n")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(["mosquitto", "-c", self.configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self, how=signal.SIGKILL):
        """A broker that has just begun may not hear it once, and its own troubles are no finding: after ten seconds it is killed."""
        self.process.send_signal(how)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def forget(self):
        for file in self.state.iterdir():
            file.unlink()


class Subscriber:
    """Asks for everything, in a session that outlasts its connections."""

    def __init__(self, folder, port, topics):
        self.received = open(folder / "received", "ab")
        self.command = ["mosquitto_sub", "-V", "5", "-p", str(port), "-i", "chaos-subscriber", "-c", "-x", "86400", "-q", "1", "-t", topics, "-F", "%t %p"]
        self.process = None

    def keep_running(self):
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(self.command, stdout=self.received, stderr=subprocess.DEVNULL)


class Disk:
    """A small file system in memory for the agent's outbox; where mounting isn't allowed, a folder that is never filled."""

    def __init__(self, folder, mebibytes=48):
        self.path = folder / "disk"
        self.path.mkdir()
        self.is_real = self._mount("-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs")

    def _mount(self, *options):
        return subprocess.run(["mount", *options, self.path], stderr=subprocess.DEVNULL).returncode == 0

    def fill(self):
        try:
            with open(self.path / "ballast", "wb", buffering=0) as ballast:
                while True:
                    ballast.write(bytes(4096))
        except OSError:
            pass

    def empty(self):
        (self.path / "ballast").unlink(missing_ok=True)

    def make_read_only(self, is_read_only):
        """Fails while a file is open for writing, as with every file system."""
        return self._mount("-o", f"remount,{'ro' if is_read_only else 'rw'}")

    def remove(self):
        if self.is_real:
            subprocess.run(["umount", self.path], check=False)


class Agent:
    """`chaos-agent`, started again whenever it has ended, as a service would be."""

    topics = "chaos/#"
    # Seconds at most that are waited after a fault for something to arrive again.
    settling = 0

    def __init__(self, binary, disk, folder, port):
        self.reports = folder / "accepted"
        self.command = [binary, disk.path, self.reports, str(port)]
        self.log = open(folder / "agent.log", "ab")
        self.process = None
        self.crashes = []

    def start(self, rate):
        self.process = subprocess.Popen([*self.command, str(rate)], stdout=self.log, stderr=self.log)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, how=signal.SIGKILL, limit=30):
        """Waits for the end; one that takes longer than `limit` seconds hangs, which is a finding."""
        process = self.process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            self.crashes.append("hangs at its end")
            process.kill()
            process.wait()
        self.note_end(process, {0, 1, -how})

    def note_end(self, process, expected):
        """It may end as asked, or because the disk keeps it from starting (1); a trap or an assertion is a finding."""
        if process.returncode not in expected:
            self.crashes.append(process.returncode)

    def drain(self, limit):
        """Runs without new events until all is delivered. Returns whether it got there."""
        self.start(0)
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                if self.process.returncode == 0:
                    return True
                self.note_end(self.process, {1})
                self.start(0)
            time.sleep(0.05)
        self.stop()
        return False

    @staticmethod
    def tracks(topic):
        """Whether the ledger keeps this topic."""
        return True

    def accepted(self):
        """(topic, epoch, sequence) of each line; a line that a kill has torn is no report."""
        for line in self.reports.read_bytes().split(b"\n")[:-1] if self.reports.exists() else []:
            topic, epoch, sequence = line.decode().split()
            yield topic, epoch, int(sequence)
