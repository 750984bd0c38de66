"""A Debian with systemd, the virtual camera, a disk and a data disk of its own, in a virtual machine that survives its own power cuts.

Needs root, QEMU, mmdebstrap, e2fsprogs and a Debian mirror; without the tools or the mirror tests of it are skipped, without root they fail. The
system is made once, in build/virtual-machine-package, and each machine begins with a copy.
"""
import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "Tests/Packaging"))
from machine import System, wait_until

WORK = os.path.join(ROOT, "build/virtual-machine-package")
KERNEL = WORK + "/kernel"
# In the order in which they are loaded; the initial RAM disk needs those up to the file system's.
DRIVERS = ["virtio_pci", "virtio_blk", "virtio_net", "ext4", "vivid"]
# What the disk needs of them, before there is a file system.
DISK_DRIVERS = ["virtio_pci", "virtio_blk", "ext4"]
# What the test needs there; the rest is what the package depends on.
PACKAGES = ["systemd-sysv", "udev", "kmod", "procps", "python3"]
TOOLS = {"qemu-system-x86_64": "qemu-system-x86", "busybox": "busybox-static", "cpio": "cpio", "mmdebstrap": "mmdebstrap", "mkfs.ext4": "e2fsprogs", "depmod": "kmod",
         "mosquitto": "mosquitto", "mosquitto_sub": "mosquitto-clients"}
# Small, to be filled.
DATA_DISK_MEBIBYTES = 24
HOST = "10.0.2.2"
FILES = {
    "/etc/fstab": "/dev/vda / ext4 defaults 0 1\n/dev/vdb /var/lib/swiftlet ext4 defaults 0 2\n",
    "/etc/hostname": "device\n",
    "/etc/modules-load.d/camera.conf": "vivid\n",
    "/etc/modprobe.d/camera.conf": "options vivid n_devs=1 node_types=0x1\n",
    "/etc/systemd/network/all.network": "[Match]\nName=e*\n[Network]\nAddress=10.0.2.15/24\nGateway=%s\n" % HOST,
    "/etc/systemd/system/test-shell.service": "[Service]\nExecStart=/usr/local/bin/test-shell\nRestart=always\n[Install]\nWantedBy=multi-user.target\n",
}


def obstacle():
    """Why no such machine can run here; None where it should. Makes what is made once."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    if missing:
        return "packages are missing: %s (Packaging/install-dependencies.sh test-virtual-machine-package)" % " ".join(missing)
    done = subprocess.run([HERE + "/fetch-kernel", KERNEL, *DRIVERS], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode == 3:
        return done.stdout.strip()
    assert done.returncode == 0, done.stdout
    return None


def stem(module):
    """A module's name as the kernel has it, from its file's: also of a compressed one."""
    return module.split(".ko")[0].replace("-", "_")


def upto_disk(order):
    """Of the modules in the order in which they are loaded, those up to the last that the disk needs. What the kernel has built in isn't among them."""
    places = {stem(name): place for place, name in enumerate(order)}
    absent = [name for name in DISK_DRIVERS if name not in places]
    if absent:
        print("not among the kernel's modules, so it must have them built in: %s" % " ".join(absent), flush=True)
    return order[:max((places[name] + 1 for name in DISK_DRIVERS if name in places), default=0)]


class Unavailable(Exception):
    """What is missing is not this test's to have."""


class Link:
    """Lines to and from a socket that QEMU makes when it starts."""

    def __init__(self, path, is_alive):
        self.socket = socket.socket(socket.AF_UNIX)
        wait_until(lambda: self.connects(path) or not is_alive(), "QEMU's " + path)
        self.text = b""

    def connects(self, path):
        try:
            self.socket.connect(path)
            return True
        except OSError:
            return False

    def write(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def read(self, seconds):
        """The next line; None where the other side has ended, or none comes in time."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self.text:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                part = self.socket.recv(65536)
            except OSError:
                return None
            if not part:
                return None
            self.text += part
        line, self.text = self.text.split(b"\n", 1)
        return line.decode(errors="replace").strip()

    def close(self):
        self.socket.close()


def made_debian(names, archive, *options):
    """None, or what was said where it can't be made of these packages."""
    done = subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", "--include=" + ",".join(names), *options, "bookworm", archive], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    return None if done.returncode == 0 else done.stdout[-500:]


def debian(depends):
    """The system's files as an archive, made where it isn't at hand for just these packages. A dependency that can't be installed is the package's fault,
    and fails; that no Debian at all can be had is not."""
    wanted = {one.split("|")[0].split("(")[0].strip() for one in depends.split(",")} - {""}
    names = sorted({*PACKAGES, *wanted})
    key = hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]
    archive = "%s/debian-%s.tar" % (WORK, key)
    if not os.path.exists(archive):
        print("making a Debian of %s" % " ".join(names), flush=True)
        leave_out = ["--dpkgopt=path-exclude=/usr/share/%s/*" % folder for folder in ("man", "locale", "doc", "info")]
        trouble = made_debian(names, archive + ".new", *leave_out)
        if trouble:
            if os.path.exists(archive + ".new"):
                os.remove(archive + ".new")
            without = made_debian(PACKAGES, "/dev/null", "--simulate")
            if without:
                raise Unavailable("a Debian can't be made: " + without)
            raise AssertionError("a Debian can be made, but not with what the package depends on (%s): %s" % (depends, trouble))
        os.rename(archive + ".new", archive)
    return archive


class Guest(System):
    def __init__(self, package, extra):
        """`package` is the Debian package; it lies in /usr/local/share as swiftlet.deb, the files of `extra` beside it."""
        self.package, self.extra = package, extra
        self.process = self.shell = self.control = None
        self.number = 0
        self.boots = 0

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="swiftlet-guest-")
        try:
            self.make_disks()
            self.accelerator = os.environ.get("SWIFTLET_VM_ACCELERATOR")
            if self.accelerator is None:
                self.accelerator = "kvm" if self.boots_with_kvm() else "tcg"
            print("a virtual machine with %s" % self.accelerator, flush=True)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        self.cut_power()
        shutil.rmtree(self.folder)

    def make_disks(self):
        depends = subprocess.run(["dpkg-deb", "-f", self.package, "Depends"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        tree = self.folder + "/tree"
        os.mkdir(tree)
        subprocess.run(["tar", "-x", "-f", debian(depends), "-C", tree, "--exclude=./dev/*"], check=True)
        for path, text in FILES.items():
            os.makedirs(os.path.dirname(tree + path), exist_ok=True)
            with open(tree + path, "w") as file:
                file.write(text)
        with open(KERNEL + "/version") as file:
            version = file.read().strip()
        modules = "%s/lib/modules/%s" % (tree, version)
        os.makedirs(modules)
        with open(KERNEL + "/load-order") as file:
            order = file.read().split()
        for name in order:
            shutil.copy(os.path.join(KERNEL, name), modules)
        # It misses lists that only the kernel's own package has.
        subprocess.run(["depmod", "-b", tree, version], check=True, stderr=subprocess.DEVNULL)
        subprocess.run(["install", "-D", "-m", "755", HERE + "/package-shell", tree + "/usr/local/bin/test-shell"], check=True)
        os.makedirs(tree + "/var/log/journal", exist_ok=True)
        os.makedirs(tree + "/var/lib/swiftlet", exist_ok=True)
        for unit in ("test-shell.service", "systemd-networkd.service"):
            subprocess.run(["systemctl", "--root=" + tree, "enable", "--quiet", unit], check=True)
        shutil.copy(self.package, tree + "/usr/local/share/swiftlet.deb")
        for path in self.extra:
            shutil.copy(path, tree + "/usr/local/share/")
        for name, size, more in (("system", "1500M", ["-d", tree]), ("data", "%dM" % DATA_DISK_MEBIBYTES, [])):
            subprocess.run(["mkfs.ext4", "-q", "-F", *more, "%s/%s" % (self.folder, name), size], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(tree)
        self.make_initramfs(upto_disk(order))

    def make_initramfs(self, order):
        tree = self.folder + "/initial"
        for name in ("bin", "dev", "proc", "root", "modules"):
            os.makedirs(os.path.join(tree, name))
        shutil.copy(shutil.which("busybox"), tree + "/bin/busybox")
        shutil.copy(HERE + "/package-init", tree + "/init")
        for name in order:
            shutil.copy(os.path.join(KERNEL, name), tree + "/modules")
        with open(tree + "/modules/load-order", "w") as file:
            file.write("\n".join(order) + "\n")
        with open(self.folder + "/initramfs", "wb") as file:
            subprocess.run("find . | cpio --quiet -o -H newc", shell=True, cwd=tree, check=True, stdout=file)

    def start(self, keeps=True):
        """Switches it on. Its disks are as they were left; the network is plugged in. What it writes is forgotten unless it `keeps` that."""
        self.boots += 1
        paths = {name: "%s/%s-%d" % (self.folder, name, self.boots) for name in ("shell", "control", "console")}
        self.log = paths["console"]
        command = [
            "qemu-system-x86_64", "-nodefaults", "-M", "q35", "-accel", self.accelerator + (",thread=multi" if self.accelerator == "tcg" else ""), "-cpu",
            # A register that a nested KVM may refuse to set.
            "max,arch-capabilities=off",
            "-smp", "2", "-m", "768", "-display", "none", "-no-reboot", "-kernel", KERNEL + "/vmlinuz", "-initrd", self.folder + "/initramfs",
            "-append", "console=ttyS0 no_timer_check loglevel=3 panic=-1", "-serial", "file:" + self.log,
            "-chardev", "socket,id=shell,path=%s,server=on,wait=off" % paths["shell"], "-serial", "chardev:shell",
            "-qmp", "unix:%s,server=on,wait=off" % paths["control"],
            "-netdev", "user,id=network", "-device", "virtio-net-pci,netdev=network,id=card", "-device", "virtio-rng-pci",
        ]
        for name in ("system", "data"):
            command += ["-drive", "file=%s/%s,if=virtio,format=raw" % (self.folder, name)]
        if not keeps:
            command.append("-snapshot")
        with open(self.folder + "/qemu.log", "a") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.shell, self.control = (Link(paths[name], lambda: self.is_up) for name in ("shell", "control"))
        self.control.read(20)
        self.command("qmp_capabilities")

    def command(self, command, /, **arguments):
        """One of QEMU's own commands."""
        self.control.write(json.dumps({"execute": command, "arguments": arguments}))
        while True:
            line = self.control.read(20)
            assert line, "QEMU doesn't answer to %s: %s" % (command, self.console())
            answer = json.loads(line)
            if "event" not in answer:
                assert "return" in answer, answer
                return

    def boot(self):
        """Switches it on, and waits for its shell."""
        self.start()
        self.await_shell(240)

    def await_shell(self, seconds):
        deadline = time.monotonic() + seconds
        while (line := self.shell.read(deadline - time.monotonic())) is None or "ready" not in line:
            assert line is not None, "no shell within %d s: %s" % (seconds, self.console())

    def boots_with_kvm(self):
        """Whether a guest comes up with the processor's help: where virtual machines are nested, it may be there and not work."""
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            return False
        self.accelerator = "kvm"
        try:
            self.start(keeps=False)
            # Several times what it takes where it works.
            self.await_shell(30)
            return True
        except (AssertionError, OSError):
            return False
        finally:
            self.cut_power()

    @property
    def is_up(self):
        return self.process is not None and self.process.poll() is None

    def cut_power(self):
        """Ends it between two instructions. What the guest has only in its memory is gone; what it has written to its disk stays, also where it hasn't
        asked the disk to keep it, as the disk's own cache is this machine's."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for one in (self.shell, self.control):
            if one:
                one.close()
        self.process = self.shell = self.control = None

    def plug_network(self, is_in):
        self.command("set_link", name="card", up=is_in)

    def console(self):
        text = ""
        for path in (self.log, self.folder + "/qemu.log"):
            if os.path.exists(path):
                with open(path, errors="replace") as file:
                    text += file.read()[-4000:]
        return text

    def run(self, line, check=True, seconds=180):
        """Runs a line of shell in it and returns what that wrote."""
        self.number += 1
        self.shell.write("%d %s" % (self.number, base64.b64encode(line.encode()).decode()))
        deadline, words = time.monotonic() + seconds, []
        while not words or words[0] != str(self.number):
            answer = self.shell.read(deadline - time.monotonic())
            assert answer is not None, "%s: no answer within %d s: %s" % (line, seconds, self.console())
            words = answer.split()
        status, text = int(words[1]), base64.b64decode(words[2] if len(words) > 2 else "").decode(errors="replace")
        if check and status != 0:
            raise AssertionError("%s: status %d: %s" % (line, status, text))
        return text
