"""§5.6 Update the targets role, and the search through delegations."""

import hashlib

import pytest

from repository import Repository, days


def test_5_6_1_no_more_is_taken_than_the_snapshot_says(fresh):
    repo = Repository(hashes=True)
    repo.files["metadata/1.targets.json"] += b" "
    client = fresh(repo)
    assert not client.refresh() and client.refused("too long", "targets")


def test_5_6_2_the_hash_is_the_snapshots(fresh):
    repo = Repository(hashes=True)
    client = fresh(repo)
    assert client.refresh()
    repo.publish("targets")
    repo.snapshot.meta["targets.json"].hashes["sha256"] = "46419349341cfb2d95f6ae3d4cd5c3d3dd7f4673985dad42a45130be5e0531a0"
    repo.publish("snapshot", "timestamp")
    assert not client.refresh() and client.refused("mismatch", "targets.json", "sha256")
    assert client.versions() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 1}


def test_5_6_3_it_is_signed_by_the_roots_keys(client, repo):
    repo.signers["targets"] = repo.signers["snapshot"]
    repo.publish("targets", "snapshot", "timestamp")
    assert not client.refresh() and client.refused("unsigned", "targets.json")
    assert client.versions() == {"root": 1, "timestamp": 2, "snapshot": 2}


def test_5_6_4_its_version_is_the_snapshots(client, repo):
    repo.files["metadata/2.targets.json"] = repo.files["metadata/1.targets.json"]
    repo.snapshot.meta["targets.json"].version = 2
    repo.publish("snapshot", "timestamp")
    assert not client.refresh() and client.refused("mismatch", "targets.json is version 1")


def test_5_6_4_a_new_one_that_the_snapshot_does_not_speak_of_is_not_fetched(client, repo):
    assert client.refresh()
    repo.publish("targets")
    repo.fetched()
    assert client.refresh() and repo.fetched() == ["2.root", "timestamp"]


def test_5_6_5_an_expired_one_is_not_taken(client, repo):
    assert client.refresh()
    repo.targets.expires = days(-5)
    repo.publish("targets", "snapshot", "timestamp")
    assert not client.refresh() and client.refused("expired", "targets.json")
    assert client.versions() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 1}


ORDERS = {
    # delegations as (from, to, options), roles asked for in order
    "one": ([("targets", "A", {})], ["A"]),
    "two beside each other": ([("targets", "A", {}), ("targets", "B", {})], ["A", "B"]),
    "two levels": ([("targets", "A", {}), ("targets", "B", {}), ("B", "C", {})], ["A", "B", "C"]),
    "depth first": ([("targets", "A", {}), ("targets", "B", {}), ("A", "C", {}), ("A", "D", {})], ["A", "C", "D", "B"]),
    "depth first on three levels": ([("targets", "A", {}), ("targets", "B", {}), ("A", "C", {}), ("C", "D", {})], ["A", "C", "D", "B"]),
    "terminating": ([("targets", "A", {}), ("targets", "B", {}), ("A", "C", {"terminating": True}), ("A", "D", {})], ["A", "C"]),
    "what a terminating one delegates to": ([("targets", "A", {}), ("targets", "B", {}), ("A", "C", {"terminating": True}), ("C", "D", {})], ["A", "C", "D"]),
    "another path": ([("targets", "A", {"paths": ["*.py"]}), ("targets", "B", {}), ("A", "C", {})], ["B"]),
    "a terminating one of another path": ([("targets", "A", {"paths": ["*.py"], "terminating": True}), ("targets", "B", {})], ["B"]),
    "a circle": ([("targets", "A", {}), ("targets", "B", {}), ("B", "C", {}), ("C", "D", {}), ("D", "B", {})], ["A", "B", "C", "D"]),
    "one reached twice": ([("targets", "A", {}), ("targets", "B", {}), ("B", "C", {}), ("A", "C", {})], ["A", "C", "B"]),
    "one reached by the second": ([("targets", "A", {}), ("targets", "B", {}), ("B", "C", {}), ("A", "C", {"paths": ["*.py"]})], ["A", "B", "C"]),
}


@pytest.mark.parametrize("case", ORDERS)
def test_5_6_7_roles_are_visited_in_order(client, repo, case):
    delegations, order = ORDERS[case]
    for delegator, role, options in delegations:
        repo.delegate(delegator, role, **options)
    roles = {role for _, role, _ in delegations}
    repo.publish(*roles, "targets", "snapshot", "timestamp")
    assert not client.download("missing") and client.refused("no such target", "missing")
    assert repo.fetched()[4:] == [f"1.{role}" for role in order]


@pytest.mark.parametrize(
    "path, content, visited",
    [
        ("file", b"top", []),
        ("README.md", b"A's", ["A"]),
        ("releases/x/x_v1", b"C's", ["B", "C"]),
        ("releases/y/y_v1.zip", b"D's", ["B", "D"]),
        # D speaks of it, but B doesn't let it.
        ("releases/z/z_v1.zip", None, ["B"]),
        # A wildcard doesn't stand for a slash.
        ("docs/README.md", None, []),
    ],
)
def test_5_6_7_a_target_is_found_where_all_on_the_way_delegate_it(client, repo, path, content, visited):
    repo.delegate("targets", "A", ["*.doc", "*.md"])
    repo.delegate("targets", "B", ["releases/*/*"])
    repo.delegate("B", "C", ["releases/x/*"])
    repo.delegate("B", "D", ["releases/y/*.zip"])
    for role, name, data in [
        ("targets", "file", b"top"), ("A", "README.md", b"A's"), ("A", "docs/README.md", b"not A's to say"), ("C", "releases/x/x_v1", b"C's"),
        ("D", "releases/y/y_v1.zip", b"D's"), ("D", "releases/z/z_v1.zip", b"not D's to say"),
    ]:
        repo.add_target(role, name, data)
    repo.publish("C", "D", "A", "B", "targets", "snapshot", "timestamp")
    assert client.download(path) == (content is not None)
    assert client.downloaded() == ([content] if content else [])
    assert repo.fetched()[4:] == [f"1.{role}" for role in visited]


def test_5_6_7_the_first_delegation_is_trusted_most(client, repo):
    for role, data in [("A", b"A's"), ("B", b"B's")]:
        repo.delegate("targets", role)
        repo.add_target(role, "file", data)
    repo.publish("A", "B", "targets", "snapshot", "timestamp")
    assert client.download("file") and client.downloaded() == [b"A's"]


@pytest.mark.parametrize("missing", ["file", "snapshot"])
def test_5_6_7_a_role_that_cannot_be_had_ends_the_search(client, repo, missing):
    for role in ["A", "B"]:
        repo.delegate("targets", role)
        repo.add_target(role, "file", role.encode())
    repo.publish("A", "B", "targets", "snapshot", "timestamp")
    if missing == "file":
        del repo.files["metadata/1.A.json"]
    else:
        del repo.snapshot.meta["A.json"]
        repo.publish("snapshot", "timestamp")
    assert not client.download("file") and client.refused("unavailable" if missing == "file" else "mismatch", "A.json")
    assert client.downloaded() == []


def test_5_6_7_a_role_that_is_not_signed_ends_the_search(client, repo):
    for role in ["A", "B"]:
        repo.delegate("targets", role)
        repo.add_target(role, "file", role.encode())
    repo.signers["A"] = repo.signers["B"]
    repo.publish("A", "B", "targets", "snapshot", "timestamp")
    assert not client.download("file") and client.refused("unsigned", "A.json", "targets.json")


def test_5_6_7_an_expired_role_ends_the_search(client, repo):
    repo.delegate("targets", "A", expires=days(-1))
    repo.add_target("A", "file", b"A's")
    repo.publish("A", "targets", "snapshot", "timestamp")
    assert client.refresh()
    assert not client.download("file") and client.refused("expired", "A.json")
    assert "A" not in client.versions()


def test_5_6_7_a_trusted_role_is_not_used_once_expired(client, repo):
    repo.delegate("targets", "A", expires=days(7))
    repo.add_target("A", "first", b"first")
    repo.add_target("A", "second", b"second")
    repo.publish("A", "targets", "snapshot", "timestamp")
    assert client.download("first")
    assert not client.download("second", at=days(18)) and client.refused("expired", "A.json")
    repo.A.expires = days(21)
    repo.publish("A", "snapshot", "timestamp")
    assert client.download("second", at=days(18)) and client.downloaded() == [b"first", b"second"]


def test_5_6_7_a_trusted_role_is_verified_again_by_who_delegates_to_it_now(client, repo):
    repo.delegate("targets", "A")
    repo.add_target("A", "file", b"A's")
    repo.publish("A", "targets", "snapshot", "timestamp")
    assert client.download("file")
    # The key is taken away, and A's file stays as it was.
    old = repo.signers["A"].pop()
    repo.targets.revoke_key(old.public_key.keyid, "A")
    repo.add_key("A", delegator="targets")
    repo.publish("targets", "snapshot", "timestamp")
    assert not client.download("file") and client.refused("unsigned", "A.json")


def test_5_6_7_one_role_delegated_to_with_two_keys_is_verified_on_each_way(client, repo):
    repo.delegate("targets", "A", ["a*"])
    repo.delegate("targets", "B", ["b*"])
    repo.delegate("A", "C", ["a*"])
    by_a = repo.signers["C"][0]
    repo.delegate("B", "C", ["b*"])
    repo.add_target("C", "a-file", b"for A")
    repo.add_target("C", "b-file", b"for B")
    repo.signers["C"] = [by_a]
    repo.publish("C", "A", "B", "targets", "snapshot", "timestamp")
    # In one run: what A's word made trusted isn't trusted by B's.
    assert not client.download("a-file", "b-file") and client.refused("unsigned", "C.json", "B.json")
    assert client.downloaded() == [b"for A"]


def test_5_6_7_threshold_of_a_delegated_role(client, repo):
    repo.delegate("targets", "A", threshold=2, keys=3)
    repo.add_target("A", "file", b"A's")
    signers = repo.signers["A"]
    repo.signers["A"] = signers[:1]
    repo.publish("A", "targets", "snapshot", "timestamp")
    assert not client.download("file") and client.refused("unsigned", "bears 1 valid", "needs 2")
    repo.signers["A"] = signers[1:]
    repo.publish("A", "snapshot", "timestamp")
    assert client.download("file")


def test_5_6_7_1_no_more_roles_are_visited_than_the_limit(client, repo):
    delegator = "targets"
    for index in range(40):
        repo.delegate(delegator, f"r{index}")
        delegator = f"r{index}"
    repo.add_target("r39", "file", b"far away")
    repo.publish(*[f"r{index}" for index in range(40)], "targets", "snapshot", "timestamp")
    assert not client.download("file") and client.refused("no such target")
    assert len(repo.fetched()[4:]) == 32


def test_paths_by_the_heads_of_their_hashes(client, repo):
    head = hashlib.sha256(b"file").hexdigest()[:3]
    repo.delegate("targets", "A", prefixes=["0000000", head])
    repo.delegate("targets", "B", prefixes=["ffffffffff"])
    repo.add_target("A", "file", b"A's")
    repo.publish("A", "B", "targets", "snapshot", "timestamp")
    assert client.download("file") and repo.fetched()[4:] == ["1.A"]
    assert not client.download("other") and repo.fetched()[2:] == []


def test_hash_bins(client, repo):
    bins = repo.delegate_to_bins(3, "bin")
    for path in [f"file{index}" for index in range(12)]:
        repo.add_target(bins.get_role_for_target(path), path, path.encode())
    repo.publish(*bins.get_roles(), "targets", "snapshot", "timestamp")
    for path in [f"file{index}" for index in range(12)]:
        repo.fetched()
        assert client.download(path), client.message
        assert set(repo.fetched()[2:]) <= {f"1.{bins.get_role_for_target(path)}", "2.snapshot", "2.targets"}
    assert len(client.downloaded()) == 12


@pytest.mark.parametrize("role", ["?", "#", "/delegated", "../delegated", "..", ".", "ü", "a b", "%2e"])
def test_unusual_names_of_roles_stay_in_their_folder(client, repo, role):
    from urllib.parse import quote

    repo.delegate("targets", role)
    repo.add_target(role, "file", b"content")
    # The server has it under the encoded name.
    repo.publish(role, "targets", "snapshot", "timestamp")
    repo.files[f"metadata/1.{quote(role, '')}.json"] = repo.files.pop(f"metadata/1.{role}.json")
    assert client.download("file"), client.message
    assert f"metadata/1.{quote(role, '')}.json" in repo.requests
    assert len(client.versions()) == 5
    assert sorted(path.name for path in client.folder.iterdir()) == ["first.json", "metadata", "targets"]


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets", ""])
def test_a_delegated_role_cannot_pass_for_a_top_level_one(client, repo, role):
    repo.delegate("targets", "A")
    repo.publish("A", "targets", "snapshot", "timestamp")

    def change(content):
        content["signed"]["delegations"]["roles"][0]["name"] = role

    repo.edit("targets", change)
    assert not client.refresh() and client.refused("malformed", "targets.json")
