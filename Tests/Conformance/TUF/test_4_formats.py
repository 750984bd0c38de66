"""§4 Document formats: keys, signatures, thresholds, canonical JSON, and what nobody expects."""

import json

import pytest
from securesystemslib.signer import CryptoSigner

from repository import Repository, encode_canonical

KEYS = {
    "ed25519": CryptoSigner.generate_ed25519,
    "ecdsa-sha2-nistp256": CryptoSigner.generate_ecdsa,
    "rsassa-pss-sha256": CryptoSigner.generate_rsa,
    "rsa-pkcs1v15-sha256": lambda: CryptoSigner.generate_rsa(scheme="rsa-pkcs1v15-sha256"),
}


@pytest.mark.parametrize("scheme", KEYS)
def test_4_2_a_key_of_each_scheme_verifies_and_refuses(client, repo, scheme):
    signer = KEYS[scheme]()
    assert signer.public_key.scheme == scheme
    repo.add_key("root", signer)
    repo.root.roles["root"].threshold = 2
    repo.publish("root")
    assert client.refresh() and client.versions()["root"] == 2
    repo.publish("root")
    content = json.loads(repo.files["metadata/3.root.json"])
    entry = next(entry for entry in content["signatures"] if entry["keyid"] == signer.public_key.keyid)
    entry["sig"] = signer.sign(b"something else").signature
    repo.files["metadata/3.root.json"] = json.dumps(content).encode()
    assert not client.refresh() and client.refused("unsigned", "root.json")
    assert client.versions()["root"] == 2


def test_4_2_the_older_name_of_an_ecdsa_key(client, repo):
    signer = CryptoSigner.generate_ecdsa()
    repo.add_key("root", signer)
    repo.root.roles["root"].threshold = 2
    repo.root.keys[signer.public_key.keyid].keytype = "ecdsa-sha2-nistp256"
    repo.publish("root")
    assert client.refresh() and client.versions()["root"] == 2


def test_a_key_of_an_unknown_kind_counts_for_nothing(client, repo):
    signer = repo.add_key("timestamp")
    repo.root.keys[signer.public_key.keyid].scheme = "sphincs"
    repo.publish("root", "timestamp")
    assert client.refresh()
    repo.root.roles["timestamp"].threshold = 2
    repo.publish("root")
    repo.publish("timestamp")
    assert not client.refresh() and client.refused("unsigned", "timestamp.json")


def test_4_2_one_key_id_signs_once(client, repo):
    content = json.loads(repo.files["metadata/1.snapshot.json"])
    content["signatures"] *= 2
    repo.files["metadata/1.snapshot.json"] = json.dumps(content).encode()
    assert not client.refresh() and client.refused("malformed", "snapshot.json", "key id")
    assert "snapshot" not in client.versions()


def test_4_3_one_key_under_two_ids_counts_once(client, repo):
    signer = repo.signers["snapshot"][0]
    twin = CryptoSigner(signer._private_key, type(signer.public_key)("ab" * 32, "ed25519", "ed25519", dict(signer.public_key.keyval)))
    repo.add_key("snapshot", twin)
    repo.root.roles["snapshot"].threshold = 2
    repo.publish("root", "snapshot", "timestamp")
    assert len(json.loads(repo.files["metadata/2.snapshot.json"])["signatures"]) == 2
    assert not client.refresh() and client.refused("unsigned", "bears 1 valid", "needs 2")


def test_4_3_one_key_id_listed_twice(client, repo):
    def change(content):
        content["signed"]["roles"]["snapshot"]["keyids"] *= 2
        content["signed"]["roles"]["snapshot"]["threshold"] = 2
        content["signed"]["version"] = 2

    repo.root.version = 2
    repo.edit("root", change)
    assert not client.refresh()
    assert "snapshot" not in client.versions()


@pytest.mark.parametrize("signed_by, is_taken", [(3, True), (2, False)])
def test_4_3_threshold(client, repo, signed_by, is_taken):
    repo.add_key("snapshot")
    repo.add_key("snapshot")
    repo.root.roles["snapshot"].threshold = 3
    repo.signers["snapshot"] = repo.signers["snapshot"][:signed_by]
    repo.publish("root", "snapshot", "timestamp")
    assert client.refresh() == is_taken


def test_4_3_a_threshold_that_its_keys_cannot_reach(client, repo):
    repo.root.roles["snapshot"].threshold = 6
    repo.publish("root", "snapshot", "timestamp")
    assert not client.refresh() and client.refused("unsigned", "snapshot.json")
    assert client.versions()["root"] == 2


@pytest.mark.parametrize("threshold", [0, -1, 1.5, "1", None, True])
def test_4_3_a_threshold_is_a_number_from_one(client, repo, threshold):
    def change(content):
        content["signed"]["roles"]["snapshot"]["threshold"] = threshold

    repo.root.version = 2
    try:
        repo.edit("root", change)
    except Exception:  # noqa: BLE001 — the reference encoder refuses fractions itself: leave the signature as it is
        repo.edit("root", change, resign=False)
    assert not client.refresh() and client.refused("malformed", "root.json")


@pytest.mark.parametrize("signature", ["", "00", "no hexadecimal", "ff" * 64])
def test_a_signature_that_is_none_does_not_spoil_those_that_are(client, repo, signature):
    other = repo.add_key("timestamp")
    repo.publish("root", "timestamp")
    content = json.loads(repo.files["metadata/timestamp.json"])
    next(entry for entry in content["signatures"] if entry["keyid"] == other.public_key.keyid)["sig"] = signature
    repo.files["metadata/timestamp.json"] = json.dumps(content).encode()
    assert client.refresh()


def test_signatures_of_keys_that_nobody_named_do_not_matter(client, repo):
    repo.signers["timestamp"].append(CryptoSigner.generate_ed25519())
    repo.publish("timestamp")
    assert client.refresh()


def test_4_1_what_nobody_expects_is_signed_with_the_rest(client, repo):
    repo.root.unrecognized_fields["custom-field"] = {"z": [1, -2, None, True], "a\"\\\n\u0007ü€😀": "\"\\\n\u0007ü€😀", "ü": 1, "u": 2, "\uffff": 3, "😀": 4}
    keyid = repo.root.roles["root"].keyids[0]
    repo.root.keys[keyid].unrecognized_fields["extra"] = {"a": 1}
    repo.root.roles["root"].unrecognized_fields["another"] = "value"
    repo.publish("root")
    assert client.refresh() and client.versions()["root"] == 2
    content = json.loads(repo.files["metadata/2.root.json"])
    content["signed"]["custom-field"]["u"] = 3
    content["signed"]["version"] = 3
    repo.files["metadata/3.root.json"] = json.dumps(content).encode()
    assert not client.refresh() and client.refused("unsigned")


@pytest.mark.parametrize("style", ["compact", "indented", "ascii", "reversed"])
def test_4_1_how_the_file_is_written_does_not_matter(client, repo, style):
    repo.targets.unrecognized_fields["note"] = "prüfen €"
    repo.publish("targets", "snapshot", "timestamp")
    content = json.loads(repo.files["metadata/2.targets.json"])
    if style == "reversed":
        content = {key: content[key] for key in reversed(list(content))}
        content["signed"] = {key: content["signed"][key] for key in reversed(list(content["signed"]))}
    options = {"compact": {"separators": (",", ":")}, "indented": {"indent": 3}, "ascii": {"ensure_ascii": True}, "reversed": {}}[style]
    repo.files["metadata/2.targets.json"] = json.dumps(content, **options).encode()
    assert client.refresh() and client.versions()["targets"] == 2


@pytest.mark.parametrize("number", ["1.0", "1e3", "-0", "01", "NaN", "1."])
def test_4_1_numbers_are_whole(client, repo, number):
    data = repo.files["metadata/timestamp.json"].decode()
    assert '"version": 1\n' in data or '"version": 1' in data
    repo.files["metadata/timestamp.json"] = data.replace('"version": 1', f'"version": {number}', 1).encode()
    assert not client.refresh() and client.refused("malformed", "timestamp.json")


SPOILS = {
    "a name twice": lambda text: text.replace('"_type"', '"_type": "timestamp", "_type"', 1),
    "no end": lambda text: text[:-2],
    "something after it": lambda text: text + "{}",
    "a control character": lambda text: text.replace('"timestamp"', '"time\nstamp"', 1),
    "nested deep": lambda text: "[" * 100_000,
    "nothing": lambda text: "",
    "no object": lambda text: "[]",
    "no text": lambda text: "\x00\xff",
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_bytes_that_are_no_metadata(client, repo, spoil):
    text = repo.files["metadata/timestamp.json"].decode()
    repo.files["metadata/timestamp.json"] = SPOILS[spoil](text).encode("latin-1", "replace")
    repo.files["metadata/timestamp.json"] = repo.files["metadata/timestamp.json"][:16_000]
    assert not client.refresh() and client.refused("malformed", "timestamp.json")
    assert client.versions() == {"root": 1}


@pytest.mark.parametrize("role", ["snapshot", "targets", "Timestamp", ""])
def test_4_3_metadata_of_one_role_do_not_pass_for_anothers(client, repo, role):
    def change(content):
        content["signed"]["_type"] = role

    repo.edit("timestamp", change)
    assert not client.refresh() and client.refused("malformed", "timestamp.json")


@pytest.mark.parametrize("version, is_taken", [("1.0", True), ("1.0.31", True), ("1.9.9", True), ("2.0.0", False), ("1", False), ("", False), ("0.9", False)])
def test_4_3_the_version_of_the_specification(client, repo, version, is_taken):
    def change(content):
        content["signed"]["spec_version"] = version

    repo.edit("timestamp", change)
    assert client.refresh() == is_taken
    if not is_taken:
        assert client.refused("malformed", "specification")


@pytest.mark.parametrize("time", ["2030-01-01", "2030-13-01T00:00:00Z", "2030-02-29T00:00:00Z", "2030-01-01T24:00:00Z", "2030-01-01T00:00:00+01:00", "2030-01-01T00:00:00.5Z", "never", ""])
def test_4_2_times_are_written_in_one_way(client, repo, time):
    def change(content):
        content["signed"]["expires"] = time

    repo.edit("timestamp", change)
    assert not client.refresh() and client.refused("malformed", "expires")


@pytest.mark.parametrize("version", [0, -1, "1", None, 2**70])
def test_4_3_versions_are_numbers_from_one(client, repo, version):
    def change(content):
        content["signed"]["version"] = version

    repo.edit("timestamp", change)
    assert not client.refresh() and client.refused("malformed", "version")


def test_4_3_a_root_has_all_four_roles_and_no_others(client, repo):
    for change in [lambda roles: roles.pop("targets"), lambda roles: roles.update(extra=roles["targets"])]:
        repo.root.version = 2
        repo.edit("root", lambda content: change(content["signed"]["roles"]))
        assert not client.refresh() and client.refused("malformed", "root.json")


def test_canonical_json_is_the_reference_implementations(fresh):
    """Signed by the reference implementation over its own encoding, of names and texts from all over Unicode."""
    repo = Repository()
    for index, character in enumerate("\u0001\u001f \"'/\\\u007f\u0080é\u2028\ud7ff\ue000\uffff\U00010000\U0010ffff"):
        repo.targets.unrecognized_fields[f"{character}{index}"] = character * 2
    assert encode_canonical(repo.targets.to_dict())
    repo.publish("targets", "snapshot", "timestamp")
    assert fresh(repo).refresh()
