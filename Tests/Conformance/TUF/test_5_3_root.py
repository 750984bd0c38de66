"""§5.2 Load trusted root metadata, §5.3 Update the root role."""

import json

import pytest

from repository import Repository, days
from securesystemslib.signer import CryptoSigner


def test_everything_is_fetched_in_order(client, repo):
    assert client.refresh()
    assert repo.fetched() == ["2.root", "timestamp", "1.snapshot", "1.targets"]
    assert client.versions() == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}


def test_what_is_current_is_not_fetched_again(client, repo):
    assert client.refresh()
    repo.fetched()
    assert client.refresh()
    assert repo.fetched() == ["2.root", "timestamp"]


def test_trusted_files_are_the_bytes_that_were_served(client, repo):
    assert client.refresh()
    for role, name in [("timestamp", "timestamp"), ("snapshot", "1.snapshot"), ("targets", "1.targets")]:
        assert client.trusted(role) == repo.files[f"metadata/{name}.json"]


@pytest.mark.parametrize("spoil", ["version", "roles", "keys", "expires", "_type", "spec_version"])
def test_5_2_a_trusted_root_that_is_none_ends_it_before_any_request(fresh, spoil):
    repo = Repository()
    root = json.loads(repo.files["metadata/1.root.json"])
    del root["signed"][spoil]
    client = fresh(repo, json.dumps(root).encode())
    assert not client.refresh() and client.refused("malformed", "root.json", spoil)
    assert repo.requests == []


def test_5_2_a_trusted_root_must_be_signed_by_its_own_keys(fresh):
    repo = Repository()
    root = json.loads(repo.files["metadata/1.root.json"])
    root["signatures"][0]["sig"] = "00" * 64
    client = fresh(repo, json.dumps(root).encode())
    assert not client.refresh() and client.refused("unsigned", "root.json")
    assert repo.requests == []


def test_5_2_an_expired_trusted_root_can_still_be_updated(fresh):
    repo = Repository()
    repo.root.expires = days(-1)
    repo.publish("root", bump=False)
    client = fresh(repo)
    repo.root.expires = days(30)
    repo.publish("root")
    assert client.refresh() and client.versions()["root"] == 2


def test_5_3_3_roots_are_taken_one_by_one_until_there_is_no_next(client, repo):
    for _ in range(5):
        repo.publish("root")
    assert client.refresh()
    assert repo.fetched()[:6] == ["2.root", "3.root", "4.root", "5.root", "6.root", "7.root"]
    assert client.versions()["root"] == 6


def test_5_3_3_no_more_roots_are_taken_in_one_go_than_the_limit(client, repo):
    for _ in range(260):
        repo.publish("root")
    assert client.refresh() and client.versions()["root"] == 257
    assert client.refresh() and client.versions()["root"] == 261


def test_5_3_3_an_endless_root_is_not_taken(client, repo):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(64):
                handler.wfile.write(b" " * 65_536)
        except OSError:
            pass

    repo.files["metadata/2.root.json"] = endless
    assert not client.refresh() and client.refused("too long", "root")
    assert client.versions() == {"root": 1}


ROTATIONS = {
    # name: [(keys, threshold, signed by)…], whether the last is taken
    "one key": ([([1], 1, [1]), ([2], 1, [2, 1]), ([2], 1, [2])], True),
    "signatures that nobody asked for": ([([1], 1, [3, 1, 4]), ([2], 1, [3, 2, 1, 4])], True),
    "any three of five": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 2, 3, 4], 3, [0, 4, 1])], True),
    "one of five": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 1])], True),
    "all of five": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]), ([5, 6, 7, 8, 9], 3, [5, 6, 7])], True),
    "a threshold raised": ([([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [1, 2])], True),
    "a threshold lowered": ([([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1, 2]), ([1, 2, 3], 1, [1])], True),
    "the old key missing": ([([1], 1, [1]), ([2], 1, [2, 3, 4])], False),
    "the new key missing": ([([1], 1, [1]), ([2], 1, [1, 3, 4])], False),
    "too few new ones": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4])], False),
    "too few old ones": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 5])], False),
    "the raised threshold not reached": ([([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [2])], False),
    "the old threshold not reached": ([([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1])], False),
}


@pytest.mark.parametrize("case", ROTATIONS)
def test_5_3_4_a_root_is_signed_by_the_last_one_and_by_itself(fresh, case):
    versions, is_taken = ROTATIONS[case]
    signers = [CryptoSigner.generate_ed25519() for _ in range(10)]
    repo = Repository()
    repo.published.discard("root")
    for keys, threshold, signed_by in versions:
        repo.root.roles["root"].keyids = []
        repo.root.roles["root"].threshold = threshold
        for key in keys:
            repo.root.add_key(signers[key].public_key, "root")
        repo.signers["root"] = [signers[key] for key in signed_by]
        repo.publish("root")
    client = fresh(repo)
    assert client.refresh() == is_taken
    last = len(versions) if is_taken else len(versions) - 1
    assert client.versions()["root"] == last
    assert client.trusted("root") == repo.files[f"metadata/{last}.root.json"]
    if not is_taken:
        assert client.refused("unsigned", "root.json")


@pytest.mark.parametrize("version", [1, 3, 100])
def test_5_3_5_a_root_that_is_not_the_next_one_is_not_taken(client, repo, version):
    repo.root.version = version
    repo.files["metadata/2.root.json"] = repo.sign("root")
    assert not client.refresh() and client.refused("rollback", "root.json")
    assert client.versions() == {"root": 1}


def test_5_3_6_an_expired_root_on_the_way_does_not_matter(client, repo):
    repo.root.expires = days(-1)
    repo.publish("root")
    repo.root.expires = days(30)
    repo.publish("root")
    assert client.refresh() and client.versions()["root"] == 3


def test_5_3_10_an_expired_last_root_is_kept_and_ends_the_update(client, repo):
    assert client.refresh()
    repo.root.expires = days(-1)
    repo.publish("root", "targets", "snapshot", "timestamp")
    assert not client.refresh() and client.refused("expired", "root.json")
    assert client.versions() == {"root": 2, "timestamp": 1, "snapshot": 1, "targets": 1}


@pytest.mark.parametrize("rotated", ["timestamp", "snapshot"])
def test_5_3_11_a_rotation_undoes_what_was_driven_forward(client, repo, rotated):
    repo.metadata["timestamp"].signed.version = 9_999
    repo.publish("snapshot", "timestamp", bump=False)
    assert client.refresh() and client.versions()["timestamp"] == 9_999
    repo.rotate(rotated)
    repo.publish("root")
    repo.timestamp.version = 1
    repo.publish("snapshot", "timestamp")
    assert client.refresh() and client.versions()["timestamp"] == 2


def test_5_3_11_also_where_a_key_that_signed_it_stays(client, repo):
    repo.add_key("timestamp")
    repo.publish("root")
    repo.metadata["timestamp"].signed.version = 9_999
    repo.publish("timestamp", bump=False)
    assert client.refresh()
    # The stolen one is the second; the first stays.
    repo.root.revoke_key(repo.signers["timestamp"].pop().public_key.keyid, "timestamp")
    repo.publish("root")
    repo.timestamp.version = 1
    repo.publish("timestamp")
    assert client.refresh() and client.versions()["timestamp"] == 2


def test_5_3_11_no_rotation_undoes_nothing(client, repo):
    repo.metadata["timestamp"].signed.version = 9_999
    repo.publish("timestamp", bump=False)
    assert client.refresh()
    repo.rotate("targets")
    repo.publish("root")
    repo.timestamp.version = 1
    repo.publish("timestamp")
    assert not client.refresh() and client.refused("rollback", "timestamp.json")


@pytest.mark.parametrize("consistent", [True, False])
def test_5_3_12_names_bear_versions_where_the_root_says_so(fresh, consistent):
    repo = Repository(consistent=consistent)
    repo.add_target("targets", "folder/file", b"content")
    repo.publish("targets", "snapshot", "timestamp")
    client = fresh(repo)
    assert client.download("folder/file") and client.downloaded() == [b"content"]
    assert repo.fetched() == (["2.root", "timestamp", "2.snapshot", "2.targets"] if consistent else ["2.root", "timestamp", "snapshot", "targets"])
