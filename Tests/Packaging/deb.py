#!/usr/bin/env python3
"""The Debian package: installed, upgraded, downgraded, removed and purged on a system with systemd, and on one that is down.

Usage: deb.py PACKAGE
"""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import run_steps, wait_until

CONFIGURATION = "/etc/swiftlet/swiftlet.yaml"
DATA = "/var/lib/swiftlet"
# What a package manager and a system that runs write on their own account; no package takes it away.
ELSEWHERE = re.compile(
    r"^/(var/(log|cache|tmp|backups)|var/lib/(dpkg|systemd|apt|private|machines|portables)|tmp|run|root|dev|proc|sys|machine)(/|$)"
    r"|^/etc/(machine-id|\.updated|\.pwd\.lock|(passwd|group|shadow|gshadow|subuid|subgid)-?|ld\.so\.cache)$|^/var/\.updated$|^/usr/sbin/policy-rc\.d$")


def another(package, version, folder):
    """The same package with another version, and another default configuration."""
    tree, made = folder + "/tree", "%s/swiftlet-%s.deb" % (folder, version)
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    for name, old, new in (("DEBIAN/control", r"(?m)^Version: .*$", "Version: " + version), (CONFIGURATION[1:], r"\A", "# Of version %s.\n" % version)):
        with open(tree + "/" + name) as file:
            text = file.read()
        with open(tree + "/" + name, "w") as file:
            file.write(re.sub(old, new, text, count=1))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, made], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["rm", "-rf", tree], check=True)
    return made


def changed(machine):
    """Everything in the system that isn't as it was before this test, beside what every system writes."""
    found = set()
    for folder, folders, files in os.walk(machine.upper):
        for name in folders + files:
            path = os.path.join(folder, name)[len(machine.upper):]
            # A folder that was there is copied when something in it changes.
            if ELSEWHERE.search(path) or (os.path.isdir(machine.upper + path) and os.path.isdir(path) and not os.path.islink(path)):
                continue
            found.add(path)
    return found


# Which outbox it is, and the oldest and the number of the messages that wait in it.
OUTBOX = """
import json, sqlite3
database = sqlite3.connect("/var/lib/swiftlet/outbox.sqlite")
epoch, = database.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
print(json.dumps([epoch, *database.execute("SELECT min(id), count(*) FROM messages").fetchone()]))
"""


class Steps:
    def __init__(self, package):
        self.package = package
        self.version = subprocess.run(["dpkg-deb", "-f", package, "Version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def all(self):
        return [
            self.lint, self.prepare, self.offline, self.boot, self.install, self.programs, self.unit, self.enable, self.upgrade, self.downgrade, self.newer_outbox,
            self.remove, self.return_and_purge, self.failed_removal, self.purge_behind_link,
        ]

    def apply(self, machine, package, run=None):
        # Where both the file and its default have changed, the file stays.
        return (run or machine.run)("dpkg --force-confold --force-unsafe-io -i /machine/%s 2>&1" % os.path.basename(package))

    def lint(self, _):
        "lintian finds nothing"
        tags = "uses-no-compression-for-control-tarball,uses-no-compression-for-data-tarball"
        done = subprocess.run(
            ["lintian", "--allow-root", "--fail-on", "error,warning", "--suppress-tags", tags, self.package], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout

    def prepare(self, machine):
        "an older version of the package is made"
        os.mkdir(machine.path("/machine"))
        self.older = another(self.package, "0.0.1~older", machine.path("/machine"))
        subprocess.run(["cp", self.package, machine.path("/machine/")], check=True)
        # Renewing the index of manual pages takes longer than all the rest.
        subprocess.run(["rm", "-f", machine.path("/var/lib/man-db/auto-update")], check=True)
        self.before = changed(machine)

    def offline(self, machine):
        "installing and purging work on a system that is down, and leave nothing"
        done = machine.chroot("dpkg", "--force-unsafe-io", "-i", "/machine/" + os.path.basename(self.package))
        assert done.returncode == 0, done.stdout
        owner = machine.chroot("stat", "-c", "%U:%G %a", DATA, DATA + "/models").stdout
        assert owner == "swiftlet:swiftlet 750\n" * 2, owner
        done = machine.chroot("dpkg", "--purge", "swiftlet")
        assert done.returncode == 0 and "warning" not in done.stdout, done.stdout
        assert changed(machine) == self.before, changed(machine) ^ self.before

    def boot(self, machine):
        "the system starts"
        machine.boot()
        self.before = changed(machine)

    def install(self, machine):
        "installing makes the account and its folder, and starts nothing"
        self.apply(machine, self.older)
        groups = set(machine.run("id -Gn swiftlet").split())
        assert groups == {"swiftlet", "video", "audio", "dialout"}, groups
        assert machine.run("getent passwd swiftlet").strip().endswith("/nologin")
        assert machine.run("stat -c '%%U:%%G %%a' %s" % DATA).strip() == "swiftlet:swiftlet 750"
        assert machine.show("ActiveState") == "inactive" and machine.show("UnitFileState") == "disabled"
        self.installed = changed(machine) - self.before
        assert {CONFIGURATION, "/usr/bin/swiftletd", DATA} <= self.installed, self.installed

    def programs(self, machine):
        "programs, default configuration, manual pages and completions are right"
        control = machine.run("dpkg-query -W -f '${Version}' swiftlet")
        assert control == "0.0.1~older", control
        said = machine.run("swiftlet --version; swiftletd --version").split()
        assert said == [self.version] * 2, said
        machine.run("swiftlet config check %s" % CONFIGURATION)
        machine.run("bash -n /usr/share/bash-completion/completions/swiftlet")
        offered = machine.run(
            "bash -c '. /usr/share/bash-completion/completions/swiftlet; COMP_WORDS=(swiftlet conf); COMP_CWORD=1; COMP_LINE=\"swiftlet conf\"; COMP_POINT=13; "
            "_swiftlet swiftlet conf swiftlet; echo ${COMPREPLY[@]}'")
        assert "config" in offered, offered
        for shell, file in (("zsh", "zsh/vendor-completions/_swiftlet"), ("fish", "fish/vendor_completions.d/swiftlet.fish")):
            machine.run("command -v %s >/dev/null || exit 0; %s -n /usr/share/%s" % (shell, shell, file))
        for page, text in (("1/swiftlet.1", "swiftlet config check"), ("8/swiftletd.8", "SIGHUP")):
            shown = machine.run("zcat /usr/share/man/man%s.gz | groff -K utf8 -mandoc -Tutf8 -P-cbou 2>&1" % page)
            assert text in shown and "warning" not in shown and "error" not in shown.split("NAME")[0], shown[:2000]
        machine.run("cd / && md5sum --quiet -c /var/lib/dpkg/info/swiftlet.md5sums")

    def unit(self, machine):
        "systemd finds nothing wrong with the unit, and little that it leaves open"
        said = machine.run("systemd-analyze verify swiftletd.service 2>&1")
        assert said == "", said
        machine.run("systemd-analyze security --offline=true --threshold=20 /usr/lib/systemd/system/swiftletd.service")

    def enable(self, machine):
        "as installed it starts once it is enabled, and keeps what it finds"
        machine.run("sed -i 's/my-site/somewhere-else/' %s && systemctl enable --now swiftletd 2>&1" % CONFIGURATION)
        assert machine.show("ActiveState") == "active"
        wait_until(lambda: self.kept(machine) > 0, "results in the outbox")

    def kept(self, machine):
        """Results in the outbox, as the agent tells systemd."""
        match = re.search(r"(\d+) messages? in the outbox", machine.show("StatusText"))
        return int(match.group(1)) if match else 0

    def survives(self, machine, package, version):
        """Another version goes on with configuration and outbox."""
        epoch, oldest, count = self.outbox(machine)
        before = machine.show("MainPID")
        said = self.apply(machine, package)
        assert machine.run("dpkg-query -W -f '${Version}' swiftlet") == version, said
        assert machine.show("ActiveState") == "active" and machine.show("UnitFileState") == "enabled"
        assert machine.show("MainPID") != before
        assert "somewhere-else" in machine.run("cat " + CONFIGURATION)
        now = self.outbox(machine)
        assert now[:2] == [epoch, oldest] and now[2] >= count > 0, (now, epoch, oldest, count)
        return said

    def outbox(self, machine):
        """The outbox's epoch, the number of its oldest message and how many there are. The agent, which lets nobody else look, is stopped meanwhile."""
        machine.write("/machine/outbox.py", OUTBOX)
        found = json.loads(machine.run("systemctl stop swiftletd && /usr/bin/python3 /machine/outbox.py && systemctl start swiftletd"))
        wait_until(lambda: self.kept(machine) > 0, "results in the outbox")
        return found

    def upgrade(self, machine):
        "an upgrade restarts it, keeps the changed configuration and the outbox, and gives the agent what root left in its folder"
        machine.run("mkdir %s/models/more && echo > %s/models/more/mine.swiftlet && echo > /machine/other && ln /machine/other %s/models/linked" % ((DATA,) * 3))
        self.survives(machine, self.package, self.version)
        owners = machine.run("cd %s/models && stat -c %%U more more/mine.swiftlet linked /machine/other && rm -r more linked" % DATA).split()
        assert owners == ["swiftlet", "swiftlet", "root", "root"], owners
        assert CONFIGURATION + ".dpkg-dist" in machine.run("ls /etc/swiftlet/*").split()

    def downgrade(self, machine):
        "a downgrade does so, too"
        said = self.survives(machine, self.older, "0.0.1~older")
        assert "downgrading" in said, said

    def newer_outbox(self, machine):
        "an outbox of a later version is put aside, not overwritten, and the agent works"
        machine.run("systemctl stop swiftletd")
        machine.run("/usr/bin/python3 -c 'import sqlite3; c = sqlite3.connect(\"%s/outbox.sqlite\"); c.execute(\"PRAGMA user_version=99\"); c.commit()'" % DATA)
        machine.run("systemctl start swiftletd")
        aside = wait_until(lambda: re.search(r"it is kept as (\S+), a new one begins", machine.journal()), "a word on the outbox").group(1)
        assert machine.run("ls " + aside).strip() == aside and ".format-99-" in aside, aside
        wait_until(lambda: self.kept(machine) > 0, "results in the new outbox")

    def remove(self, machine):
        "removing ends it, and keeps configuration and data"
        machine.run("echo mine > /etc/swiftlet/mine.pem; dpkg --remove swiftlet 2>&1")
        left = changed(machine) - self.before
        assert all(path.startswith(("/etc/swiftlet", DATA)) for path in left), left
        assert {CONFIGURATION, DATA + "/outbox.sqlite"} <= left, left
        assert machine.run("pgrep -x swiftletd || echo none").strip() == "none"

    def return_and_purge(self, machine):
        "installed anew it finds its data; purging takes all but what others put there, and leaves nothing else"
        self.apply(machine, self.package)
        assert machine.run("ls %s/outbox.sqlite" % DATA) and "somewhere-else" in machine.run("cat " + CONFIGURATION)
        machine.run("systemctl enable --now swiftletd 2>&1; dpkg --purge swiftlet 2>&1")
        left = changed(machine) - self.before
        assert left == {"/etc/swiftlet", "/etc/swiftlet/mine.pem"}, left
        machine.run("id swiftlet")

    def failed_removal(self, machine):
        "a removal that fails leaves it enabled and running"
        self.apply(machine, self.package)
        machine.run("systemctl enable --now swiftletd 2>&1")
        # In its last line, when it has stopped the service.
        machine.run("cp -p /var/lib/dpkg/info/swiftlet.prerm /machine/prerm && echo 'exit 1' >> /var/lib/dpkg/info/swiftlet.prerm")
        said = machine.run("! dpkg --remove swiftlet 2>&1")
        machine.run("cp -p /machine/prerm /var/lib/dpkg/info/swiftlet.prerm")
        assert machine.show("UnitFileState") == "enabled" and machine.show("ActiveState") == "active", said

    def purge_behind_link(self, machine):
        "purging leaves what a link leads to alone, and says so"
        machine.run("systemctl stop swiftletd && mv %s /machine/data && echo > /machine/data/theirs && ln -s /machine/data %s" % (DATA, DATA))
        said = machine.run("dpkg --purge swiftlet 2>&1")
        assert "is a link and was left alone" in said and "/machine/data" in said, said
        machine.run("test -e /machine/data/theirs && test -e /machine/data/outbox.sqlite && rm %s" % DATA)


if __name__ == "__main__":
    sys.exit(run_steps("test-deb", Steps(os.path.abspath(sys.argv[1])).all()))
