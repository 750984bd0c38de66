"""§5.5 Update the snapshot role."""

import pytest

from repository import Repository, days


def test_5_5_1_no_more_is_taken_than_the_timestamp_says(fresh):
    repo = Repository(hashes=True)
    repo.files["metadata/1.snapshot.json"] += b" "
    client = fresh(repo)
    assert not client.refresh() and client.refused("too long", "snapshot")


def test_5_5_1_no_more_is_taken_than_the_limit(client, repo):
    repo.files["metadata/1.snapshot.json"] += b" " * (2 * 1024 * 1024)
    assert not client.refresh() and client.refused("too long", "snapshot")


def test_5_5_2_the_hash_is_the_timestamps(fresh):
    repo = Repository(hashes=True)
    client = fresh(repo)
    assert client.refresh()
    repo.publish("targets", "snapshot")
    repo.timestamp.snapshot_meta.hashes["sha256"] = "46419349341cfb2d95f6ae3d4cd5c3d3dd7f4673985dad42a45130be5e0531a0"
    repo.publish("timestamp")
    assert not client.refresh() and client.refused("mismatch", "snapshot.json", "sha256")
    assert client.versions() == {"root": 1, "timestamp": 2, "snapshot": 1, "targets": 1}


@pytest.mark.parametrize("bad", [{"md5": "0" * 32}, {}])
def test_5_5_2_hashes_by_no_known_function_are_no_hashes(client, repo, bad):
    def change(content):
        content["signed"]["meta"]["snapshot.json"]["hashes"] = bad

    repo.edit("timestamp", change)
    assert not client.refresh() and client.refused("malformed", "timestamp.json")


def test_5_5_2_every_known_function_must_agree(fresh):
    repo = Repository(hashes=True)
    client = fresh(repo)

    def change(content):
        content["signed"]["meta"]["snapshot.json"]["hashes"]["sha512"] = "0" * 128

    repo.edit("timestamp", change)
    assert not client.refresh() and client.refused("mismatch", "sha512")


def test_5_5_3_it_is_signed_by_the_roots_keys(client, repo):
    repo.signers["snapshot"] = repo.signers["targets"]
    repo.publish("snapshot", "timestamp")
    assert not client.refresh() and client.refused("unsigned", "snapshot.json")
    assert client.versions() == {"root": 1, "timestamp": 2}


def test_5_5_4_its_version_is_the_timestamps(client, repo):
    repo.files["metadata/2.snapshot.json"] = repo.files["metadata/1.snapshot.json"]
    repo.timestamp.snapshot_meta.version = 2
    repo.publish("timestamp")
    assert not client.refresh() and client.refused("mismatch", "snapshot.json is version 1", "2")
    assert client.versions() == {"root": 1, "timestamp": 2}


@pytest.mark.parametrize("hashes", [False, True])
def test_5_5_5_no_role_goes_back(fresh, hashes):
    repo = Repository(hashes=hashes)
    repo.publish("targets", "snapshot", "timestamp")
    client = fresh(repo)
    assert client.refresh()
    repo.targets.version = 1
    repo.publish("targets", bump=False)
    repo.publish("snapshot", "timestamp")
    assert not client.refresh() and client.refused("rollback", "targets.json version 1", "version 2 was here")
    assert client.versions() == {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2}
    # And not at the second attempt either, when the timestamp is trusted already.
    assert not client.refresh() and client.refused("rollback", "targets.json")


def test_5_5_5_no_delegated_role_goes_back(client, repo):
    repo.delegate("targets", "a")
    repo.publish("a", "targets", "snapshot", "timestamp")
    repo.publish("a", "snapshot", "timestamp")
    assert client.refresh()
    repo.snapshot.meta["a.json"].version = 1
    repo.publish("snapshot", "timestamp")
    assert not client.refresh() and client.refused("rollback", "a.json version 1")


def test_5_5_5_no_role_goes_away(client, repo):
    repo.delegate("targets", "a")
    repo.publish("a", "targets", "snapshot", "timestamp")
    assert client.refresh()
    del repo.snapshot.meta["a.json"]
    repo.publish("snapshot", "timestamp")
    assert not client.refresh() and client.refused("rollback", "no longer speaks of a.json")


def test_5_5_5_an_expired_trusted_one_still_guards_against_rollback(client, repo):
    repo.snapshot.expires = days(7)
    repo.publish("targets", "snapshot", "timestamp")
    assert client.refresh()
    repo.snapshot.expires = days(25)
    repo.targets.version = 1
    repo.publish("targets", bump=False)
    repo.publish("snapshot", "timestamp")
    assert not client.refresh(at=days(18)) and client.refused("rollback", "targets.json")


def test_5_5_6_an_expired_one_is_not_taken(client, repo):
    assert client.refresh()
    repo.snapshot.expires = days(-5)
    repo.publish("snapshot", "timestamp")
    assert not client.refresh() and client.refused("expired", "snapshot.json")
    assert client.versions() == {"root": 1, "timestamp": 2, "snapshot": 1, "targets": 1}


def test_5_5_6_the_trusted_one_is_fetched_again_once_expired_and_then_refused(client, repo):
    repo.snapshot.expires = days(7)
    repo.publish("snapshot", "timestamp")
    assert client.refresh()
    assert not client.refresh(at=days(18)) and client.refused("expired", "snapshot.json")


def test_it_speaks_of_the_top_level_targets(client, repo):
    def change(content):
        content["signed"]["meta"] = {"a.json": {"version": 1}}

    repo.edit("snapshot", change)
    assert not client.refresh() and client.refused("malformed", "snapshot.json", "targets.json")
