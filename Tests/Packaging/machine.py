"""A system in a container: this machine's own files under an overlay in memory, with systemd of its own and no network but the loopback.

Needs root and systemd-nspawn; without the latter tests of it are skipped, without the former they fail.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time


CGROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")


def obstacle():
    """Why no such system can run here; None where it should. What goes wrong beyond that is a failure."""
    return None if shutil.which("systemd-nspawn") else "systemd-nspawn is missing (Packaging/install-dependencies.sh test-deb)"


def wait_until(condition, what, seconds=60, pause=0.05):
    """Waits for something that happens outside this process; the limit bounds a failing test alone."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("not within %d s: %s" % (seconds, what))
        time.sleep(pause)


class System:
    """What is asked of a system that has the service, by its `run`."""

    def show(self, property, unit="swiftletd.service"):
        return self.run("systemctl show -P %s %s" % (property, unit)).strip()

    def journal(self, arguments=""):
        return self.run("journalctl --no-pager -o cat -u swiftletd.service %s" % arguments, check=False)


class Machine(System):
    def __init__(self):
        self.leader = None
        self.container = None
        self.mounted = []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="swiftlet-machine-")
        self.root = os.path.join(self.folder, "root")
        self.upper = os.path.join(self.folder, "upper")
        try:
            self._mount("-t", "tmpfs", "-o", "size=1500m,mode=755", "tmpfs", self.folder)
            for name in ("root", "upper", "work"):
                os.mkdir(os.path.join(self.folder, name))
            options = "lowerdir=/,upperdir=%s,workdir=%s/work" % (self.upper, self.folder)
            self._mount("-t", "overlay", "-o", options, "overlay", self.root)
            # What the machine's own system has enabled is none of this one's business.
            self.write("/etc/machine-id", "")
            self.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 0\n", 0o755)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        self.halt()
        for path in reversed(self.mounted):
            subprocess.run(["umount", "-l", path], check=False)
        os.rmdir(self.folder)

    def _mount(self, *arguments):
        subprocess.run(["mount", *arguments], check=True)
        self.mounted.append(arguments[-1])

    def path(self, inside):
        return self.root + inside

    def write(self, inside, text, mode=0o644):
        path = self.path(inside)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)

    def read(self, inside):
        with open(self.path(inside)) as file:
            return file.read()

    def chroot(self, *command):
        """Runs a command in the system while it is down, as whoever makes an image does."""
        subprocess.run(["mount", "-t", "proc", "proc", self.path("/proc")], check=True)
        try:
            return subprocess.run(["chroot", self.root, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
        finally:
            subprocess.run(["umount", self.path("/proc")], check=True)

    def boot(self):
        # Of its own, or its processes would be among those of whoever starts this, and folders be left behind.
        bases = [base for base in CGROUPS if os.path.exists(base + "/cgroup.procs")]
        self.cgroups = ["%s/swiftlet-machine-%d" % (base, os.getpid()) for base in bases]
        for cgroup in self.cgroups:
            os.mkdir(cgroup)
        self.log = open(os.path.join(self.folder, "console"), "w")
        self.container = subprocess.Popen(
            ["systemd-nspawn", "-q", "-D", self.root, "--register=no", "--keep-unit", "--private-network", "--machine=swiftlet-%d" % os.getpid(),
             "-b", "systemd.unit=basic.target"],
            stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=self._enter_cgroups)
        self.leader = wait_until(self._find_leader, "the container's first process")
        wait_until(lambda: self.run("systemctl is-active basic.target", check=False).strip() == "active", "the system's start")

    def _enter_cgroups(self):
        for cgroup in self.cgroups:
            with open(cgroup + "/cgroup.procs", "w") as file:
                file.write("0")

    def _find_leader(self):
        """The container's process 1, as this system numbers it."""
        if self.container.poll() is not None:
            raise AssertionError("systemd-nspawn ended: " + self.console())
        waiting = [self.container.pid]
        while waiting:
            process = waiting.pop()
            try:
                with open("/proc/%d/status" % process) as file:
                    numbers = next(line for line in file if line.startswith("NSpid:")).split()[1:]
                if len(numbers) > 1 and numbers[-1] == "1":
                    return process
                with open("/proc/%d/task/%d/children" % (process, process)) as file:
                    waiting += [int(child) for child in file.read().split()]
            except (OSError, StopIteration):
                pass
        return None

    def console(self):
        with open(self.log.name, errors="replace") as file:
            return file.read()[-4000:]

    def halt(self):
        if self.container is None:
            return
        # Asks for an orderly end; the limit is for a system that doesn't.
        self.container.send_signal(signal.SIGTERM)
        try:
            self.container.wait(timeout=30)
        except subprocess.TimeoutExpired:
            if self.leader:
                os.kill(self.leader, signal.SIGKILL)
            self.container.kill()
            self.container.wait()
        self.container = self.leader = None
        self.log.close()
        for cgroup in self.cgroups:
            wait_until(lambda: self._remove_cgroup(cgroup), "the end of all its processes")

    @staticmethod
    def _remove_cgroup(cgroup):
        try:
            for folder, _, _ in os.walk(cgroup, topdown=False):
                os.rmdir(folder)
        except OSError:
            return False
        return True

    def run(self, command, check=True):
        """Runs a line of shell in the system and returns what it wrote."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_PAGER": "cat", "HOME": "/root"}
        done = subprocess.run(
            ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "sh", "-c", command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, env=environment)
        if check and done.returncode != 0:
            raise AssertionError("%s: status %d: %s" % (command, done.returncode, done.stdout))
        return done.stdout

    @property
    def is_up(self):
        return self.leader is not None

    def host_pid(self, inside):
        """This system's number of a process of the container."""
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/status" % name) as file:
                    numbers = next((line.split()[1:] for line in file if line.startswith("NSpid:")), [])
                if len(numbers) > 1 and int(numbers[-1]) == inside and os.readlink("/proc/%s/ns/pid" % name) == os.readlink("/proc/%d/ns/pid" % self.leader):
                    return int(name)
            except (OSError, StopIteration):
                pass
        raise AssertionError("process %d is not there" % inside)


def run_steps(name, steps, system=Machine, obstacle=obstacle):
    """Runs the steps of a test, in order, on one system; says which failed, and what the system wrote."""
    # Whoever ends this early finds no mounts left.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    reason = obstacle()
    if reason:
        print("%s: SKIPPED, for %s" % (name, reason), file=sys.stderr)
        return 0
    if os.geteuid() != 0:
        print("%s: FAILED: this needs root" % name, file=sys.stderr)
        return 1
    began = time.monotonic()
    with system() as machine:
        step = None
        try:
            for step in steps:
                start = time.monotonic()
                step(machine)
                print("%s: %s (%.1f s)" % (name, step.__doc__, time.monotonic() - start), flush=True)
        except Exception as error:
            print("%s: FAILED: %s: %s: %s" % (name, step.__doc__, type(error).__name__, error), file=sys.stderr)
            if machine.is_up:
                print(machine.journal("-n 60"), machine.console(), file=sys.stderr)
            return 1
    print("%s: %d steps passed in %.0f s" % (name, len(steps), time.monotonic() - began))
    return 0
