"""§5.4 Update the timestamp role."""

import datetime

from repository import NOW, days


def test_5_4_1_without_a_timestamp_there_is_no_update(client, repo):
    del repo.files["metadata/timestamp.json"]
    assert not client.refresh() and client.refused("unavailable", "timestamp.json")
    assert client.versions() == {"root": 1}


def test_5_4_1_no_more_is_taken_than_the_limit(client, repo):
    repo.files["metadata/timestamp.json"] += b" " * 20_000
    assert not client.refresh() and client.refused("too long", "timestamp")
    assert client.versions() == {"root": 1}


def test_5_4_2_it_is_signed_by_the_roots_keys(client, repo):
    repo.signers["timestamp"] = repo.signers["snapshot"]
    repo.publish("timestamp")
    assert not client.refresh() and client.refused("unsigned", "timestamp.json")
    assert client.versions() == {"root": 1}


def test_5_4_3_1_an_older_one_is_not_taken(client, repo):
    repo.publish("timestamp")
    assert client.refresh()
    repo.timestamp.version = 1
    repo.publish("timestamp", bump=False)
    assert not client.refresh() and client.refused("rollback", "timestamp.json is version 1", "version 2 was here")
    assert client.versions()["timestamp"] == 2


def test_5_4_3_1_another_one_of_the_same_version_is_not_taken_and_is_no_error(client, repo):
    assert client.refresh()
    trusted = client.trusted("timestamp")
    repo.timestamp.snapshot_meta.version = 100
    repo.publish("timestamp", bump=False)
    repo.fetched()
    assert client.refresh() and repo.fetched() == ["2.root", "timestamp"]
    assert client.trusted("timestamp") == trusted


def test_5_4_3_2_one_of_an_older_snapshot_is_not_taken(client, repo):
    repo.publish("snapshot", "timestamp")
    assert client.refresh()
    repo.timestamp.snapshot_meta.version = 1
    repo.publish("timestamp")
    assert not client.refresh() and client.refused("rollback", "snapshot 1", "snapshot 2")
    assert client.versions()["timestamp"] == 2


def test_5_4_4_an_expired_one_is_not_taken(client, repo):
    assert client.refresh()
    repo.timestamp.expires = days(-5)
    repo.publish("timestamp")
    assert not client.refresh() and client.refused("expired", "timestamp.json")
    assert client.versions()["timestamp"] == 1


def test_5_4_4_the_trusted_one_must_not_be_expired_where_there_is_no_newer(client, repo):
    repo.timestamp.expires = days(7)
    repo.publish("timestamp")
    assert client.refresh()
    assert client.refresh(at=days(6))
    assert not client.refresh(at=days(18)) and client.refused("expired", "timestamp.json")


def test_5_4_4_it_expires_in_the_second_that_it_names(client, repo):
    repo.timestamp.expires = days(7)
    repo.publish("timestamp")
    assert client.refresh(at=days(7) - datetime.timedelta(seconds=20))
    assert not client.refresh(at=days(7))


def test_5_4_4_an_expired_trusted_one_is_replaced(client, repo):
    repo.timestamp.expires = days(7)
    repo.publish("timestamp")
    assert client.refresh()
    repo.timestamp.expires = days(21)
    repo.publish("targets", "snapshot", "timestamp")
    assert client.refresh(at=days(18))
    assert client.versions() == {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2}


def test_5_4_4_an_expired_trusted_one_still_guards_against_rollback(client, repo):
    repo.timestamp.expires = days(7)
    repo.publish("timestamp")
    repo.publish("timestamp")
    assert client.refresh()
    repo.timestamp.version = 2
    repo.timestamp.expires = days(21)
    repo.publish("timestamp", bump=False)
    assert not client.refresh(at=days(18)) and client.refused("rollback", "timestamp.json")


def test_5_4_5_it_is_kept_though_what_follows_fails(client, repo):
    del repo.files["metadata/1.snapshot.json"]
    assert not client.refresh() and client.refused("unavailable", "snapshot.json")
    assert client.versions() == {"root": 1, "timestamp": 1}


def test_5_4_5_a_damaged_trusted_one_is_fetched_again(client, repo):
    assert client.refresh()
    for spoilt in [b"", b"{", b"[]", client.trusted("timestamp")[:-40]]:
        (client.folder / "metadata" / "timestamp.json").write_bytes(spoilt)
        assert client.refresh() and client.versions()["timestamp"] == 1


def test_it_speaks_of_the_snapshot_alone(client, repo):
    def add(content):
        content["signed"]["meta"]["targets.json"] = {"version": 1}

    repo.edit("timestamp", add)
    assert not client.refresh() and client.refused("malformed", "timestamp.json")


def test_times_are_utc_wherever_the_device_stands(client, repo, monkeypatch):
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    repo.timestamp.expires = NOW - datetime.timedelta(hours=1)
    repo.publish("timestamp")
    assert not client.refresh() and client.refused("expired", "timestamp.json")
