"""What `swiftlet release` writes, read and followed by the reference implementation's client.

The release folder is served under the specification's own names (§6.2). SWIFTLET names the program.
"""

import hashlib
import json
import os
import struct
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.signer import SSlibKey
from tuf.api.exceptions import ExpiredMetadataError, UnsignedMetadataError
from tuf.api.metadata import Metadata
from tuf.ngclient import Updater

SWIFTLET = os.environ.get("SWIFTLET", ".build/release/swiftlet")
PACKAGE = Path("Sources/CDemoModel/surface-defects.swiftlet")
ROLES = ["root", "targets", "snapshot", "timestamp", "halt"]

pytestmark = pytest.mark.skipif(not Path(SWIFTLET).exists(), reason=f"{SWIFTLET} isn't built (make build)")


class Release:
    """A release folder, and the names under which a client of The Update Framework asks for its files."""

    def __init__(self, folder, *options, clock=None):
        self.folder, self.clock, self.requests, self.files = folder, clock, [], self
        self.run("init", *options, "--unencrypted")

    def run(self, command, *arguments, status=0):
        clock = ["faketime", self.clock] if self.clock else []
        done = subprocess.run([*clock, SWIFTLET, "release", command, self.folder, *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done.stderr
        return done.stdout

    def add(self, version, *options):
        return json.loads(self.run("add", PACKAGE, "--version", version, "--json", *options))

    def get(self, name):
        kind, _, path = name.partition("/")
        # "packages/NAME/SHA256.VERSION.blocks": the folder has blocks by their hash alone.
        file = self.folder / "metadata" / path if kind == "metadata" else self.folder / "blocks" / path.split("/")[-1].split(".")[0]
        return file.read_bytes() if file.is_file() else None

    def role(self, role, version=1):
        return Metadata.from_bytes(self.get("metadata/timestamp.json" if role == "timestamp" else f"metadata/{version}.{role}.json"))


@pytest.fixture
def release(served, tmp_path):
    served.repository = Release(tmp_path / "fleet")
    return served.repository


@pytest.fixture
def device(served, tmp_path):
    """Makes the reference client's updater for what is served now; its trusted metadata outlive it."""
    (tmp_path / "device").mkdir()
    (tmp_path / "fetched").mkdir()

    def updater():
        kept = (tmp_path / "device" / "root.json").exists()
        first = None if kept else served.repository.get("metadata/1.root.json")
        return Updater(
            str(tmp_path / "device"), f"{served.url}/metadata/", str(tmp_path / "fetched"), f"{served.url}/targets/", bootstrap=first
        )

    return updater


def fetch(updater, version):
    info = updater.get_targetinfo(f"packages/surface-defects/{version}.blocks")
    return info and Path(updater.download_target(info)).read_bytes()


def test_a_new_release_is_followed(release, device):
    updater = device()
    updater.refresh()
    assert fetch(updater, "1.0.0") is None


def test_every_role_is_signed_by_the_keys_that_are_named_for_it(release):
    root, targets = release.role("root"), release.role("targets")
    for role in ["root", "targets", "snapshot", "timestamp"]:
        root.verify_delegate(role, release.role(role))
    targets.verify_delegate("halt", release.role("halt"))
    with pytest.raises(UnsignedMetadataError):
        root.verify_delegate("snapshot", release.role("timestamp"))
    assert root.signed.consistent_snapshot and root.signed.roles["root"].threshold == 2 and len(root.signed.roles["root"].keyids) == 3


def test_key_ids_are_those_of_the_reference_implementation(release):
    keys = release.role("root").signed.keys | release.role("targets").signed.delegations.keys
    assert len(keys) == 8
    for key_id, key in keys.items():
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.keyval["public"]))
        assert SSlibKey.from_crypto(public).keyid == key_id


def test_a_package_is_found_with_all_its_blocks(release, device):
    added = release.add("1.4.0", "--channel", "line-a", "--share", "5%")
    index = fetch(device(), "1.4.0")
    count = struct.unpack("<I", index[12:16])[0]
    assert index[:8] == b"SWLBLOCK" and index[24:56] == hashlib.sha256(PACKAGE.read_bytes()).digest()
    for place in range(64, 64 + count * 36, 36):
        block = index[place : place + 32].hex()
        assert hashlib.sha256((release.folder / "blocks" / block).read_bytes()).hexdigest() == block
    custom = release.role("targets", 2).signed.targets["packages/surface-defects/1.4.0.blocks"].custom
    assert custom["channels"] == {"line-a": 500}
    assert custom["package"]["sha256"] == index[24:56].hex() and custom["package"]["bytes"] == PACKAGE.stat().st_size
    assert custom["package"]["release"] == 1 and added["package"]["release"] == 1


def test_a_withdrawn_version_is_gone(release, device):
    release.add("1")
    assert fetch(device(), "1")
    release.run("withdraw", "surface-defects", "1")
    assert fetch(device(), "1") is None


@pytest.mark.parametrize("role", [*ROLES, "commands"])
def test_a_device_follows_the_rotation_of_a_key(release, device, role):
    release.add("1")
    assert fetch(device(), "1")
    old = "root-3" if role == "root" else f"{role}-1"
    release.run("rotate-key", role, "--old", old, "--unencrypted")
    (release.folder / "keys" / f"{old}.pem").unlink()
    release.add("2")
    updater = device()
    assert fetch(updater, "2") and fetch(updater, "1")
    assert updater._trusted_set.root.version == (1 if role in ("halt", "commands") else 2)
    targets = release.role("targets", updater._trusted_set.snapshot.meta["targets.json"].version)
    halt = release.role("halt", updater._trusted_set.timestamp.unrecognized_fields["halt"]["version"])
    targets.verify_delegate("halt", halt)


def test_a_device_follows_many_rotations_at_once(release, device):
    device().refresh()
    for role in ROLES * 2:
        old = json.loads(release.run("status", "--json"))["roles"][role]["version"]
        assert old >= 1
        key = sorted((release.folder / "keys").glob(f"{role}-*.pem"), key=lambda path: int(path.stem.split("-")[1]))[0]
        release.run("rotate-key", role, "--old", key.stem, "--unencrypted")
        key.unlink()
    release.add("1")
    updater = device()
    assert fetch(updater, "1") and updater._trusted_set.root.version == 9


def test_a_draft_that_lacks_signatures_is_not_to_be_seen(served, tmp_path, device):
    release = served.repository = Release(tmp_path / "two", "--targets-keys", "2", "--targets-threshold", "2")
    away = tmp_path / "targets-2.pem"
    (release.folder / "keys" / "targets-2.pem").rename(away)
    assert release.add("1")["waiting"][0]["lacks"] == 1
    assert fetch(device(), "1") is None
    release.run("sign", "targets", "--key", away)
    assert fetch(device(), "1")


def test_what_has_expired_is_refused_until_it_is_renewed(served, tmp_path, device):
    release = served.repository = Release(tmp_path / "old", clock="2020-01-01 00:00:00")
    with pytest.raises(ExpiredMetadataError):
        device().refresh()
    release.clock = None
    release.run("renew", status=1)  # the root has expired, too
    assert json.loads(release.run("renew", "--root", "--json"))["signed"][0] == "2.root.json"
    device().refresh()


def test_halts_and_stages_leave_other_clients_alone(release, device):
    release.add("1", "--channel", "line-a", "--share", "5%")
    release.run("halt", "surface-defects", "1", "--reason", 'too "many" \\ false alarms')
    assert fetch(device(), "1")
    timestamp = release.role("timestamp").signed.unrecognized_fields["halt"]
    halt = release.role("halt", timestamp["version"])
    data = release.get(f"metadata/{timestamp['version']}.halt.json")
    assert timestamp["length"] == len(data) and timestamp["hashes"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert halt.signed.targets["halt/surface-defects/1"].custom == {"channels": {"line-a": 0}, "reason": 'too "many" \\ false alarms'}


def test_the_agents_own_client_follows_as_well(release, client_of):
    client = client_of(release)
    release.add("1")
    release.run("rotate-key", "timestamp", "--unencrypted")
    assert client.download("packages/surface-defects/1.blocks") and client.downloaded()[0].startswith(b"SWLBLOCK")


@pytest.fixture
def client_of(fresh):
    return lambda release: fresh(release, release.get("metadata/1.root.json"))
