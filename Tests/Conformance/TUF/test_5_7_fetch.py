"""§5.7 Fetch target."""

import pytest

from repository import Repository


def test_a_file_is_fetched_and_not_a_second_time(client, repo):
    repo.add_target("targets", "a/b/file.txt", b"content")
    repo.publish("targets", "snapshot", "timestamp")
    assert client.refresh() and client.downloaded() == []
    assert client.download("a/b/file.txt") and client.downloaded() == [b"content"]
    repo.requests.clear()
    assert client.download("a/b/file.txt")
    assert not [name for name in repo.requests if name.startswith("targets/")]


def test_a_new_version_takes_the_old_ones_place(client, repo):
    for content in [b"one", b"two", b"three"]:
        repo.add_target("targets", "file", content)
        repo.publish("targets", "snapshot", "timestamp")
        assert client.download("file") and client.downloaded() == [content]


def test_5_7_2_a_target_that_nobody_speaks_of_is_not_asked_for(client, repo):
    repo.files["targets/file"] = b"content"
    assert not client.download("file") and client.refused("no such target", "file")
    assert client.versions() == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}
    assert not [name for name in repo.requests if name.startswith("targets/")]


@pytest.mark.parametrize("spoilt", [b"malice of 7b", b"content and more", b"conten", b""])
def test_5_7_3_swapped_bytes_are_not_kept(client, repo, spoilt):
    repo.add_target("targets", "file", b"content")
    repo.add_target("targets", "other", b"content 2")
    repo.publish("targets", "snapshot", "timestamp")
    assert client.download("file")
    for name in repo.files:
        if name.startswith("targets/"):
            repo.files[name] = spoilt
    assert client.download("file") and client.downloaded() == [b"content"]
    assert not client.download("other")
    assert client.message.split(": ")[1] in ("mismatch", "too long")
    assert client.downloaded() == [b"content"]


def test_5_7_3_a_damaged_file_is_fetched_again(client, repo):
    repo.add_target("targets", "file", b"content")
    repo.publish("targets", "snapshot", "timestamp")
    assert client.download("file")
    (client.folder / "targets" / "file").write_bytes(b"cont\0nt")
    assert client.download("file") and client.downloaded() == [b"content"]


def test_5_7_3_a_file_that_is_not_there_is_an_error(client, repo):
    repo.add_target("targets", "file", b"content")
    repo.publish("targets", "snapshot", "timestamp")
    repo.files = {name: data for name, data in repo.files.items() if not name.startswith("targets/")}
    assert not client.download("file") and client.refused("unavailable", "file")


def test_several_targets_in_order_until_the_first_that_fails(client, repo):
    for name in ["a", "b", "c"]:
        repo.add_target("targets", name, name.encode())
    repo.publish("targets", "snapshot", "timestamp")
    assert client.download("a", "b") and client.downloaded() == [b"a", b"b"]
    assert not client.download("missing", "c") and client.downloaded() == [b"a", b"b"]


@pytest.mark.parametrize("path", ["../file", "/file", "a/../../file", "..", "ü b"])
def test_paths_stay_in_their_folder(client, repo, path):
    repo.add_target("targets", path, b"content")
    repo.publish("targets", "snapshot", "timestamp")
    for name in list(repo.files):
        if name.startswith("targets/"):
            repo.files[name.lstrip("/")] = repo.files[name]
    client.download(path)
    outside = [file.name for file in client.folder.iterdir()]
    assert sorted(outside) == ["first.json", "metadata", "targets"]
    assert not (client.folder.parent / "file").exists()


def test_an_empty_file_is_a_file(fresh):
    repo = Repository(consistent=False)
    repo.add_target("targets", "empty", b"")
    repo.publish("targets", "snapshot", "timestamp")
    client = fresh(repo)
    assert client.download("empty") and client.downloaded() == [b""]
