import json
import os
import subprocess
from pathlib import Path

import pytest

from repository import Repository, Server

CLIENT = os.environ.get("TUF_CLIENT", ".build/release/tuf-client")


class Client:
    """The client under test, with folders of its own."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        (folder / "metadata").mkdir()
        (folder / "targets").mkdir()
        self.message = ""

    def run(self, *arguments, at=None):
        clock = ["faketime", at.strftime("%Y-%m-%d %H:%M:%S")] if at else []
        environment = dict(os.environ, TZ="UTC")
        done = subprocess.run(
            [*clock, CLIENT, "--metadata-dir", self.folder / "metadata", *arguments], capture_output=True, timeout=60, env=environment
        )
        self.message = done.stderr.decode()
        assert done.returncode in (0, 1), f"status {done.returncode}: {self.message}"
        assert (done.returncode == 0) == (self.message == ""), self.message
        return done.returncode == 0

    def init(self, root):
        path = self.folder / "first.json"
        path.write_bytes(root)
        return self.run("init", path)

    def refresh(self, at=None):
        return self.run("--metadata-url", f"{self.server.url}/metadata", "refresh", at=at)

    def download(self, *targets, at=None):
        names = [word for target in targets for word in ("--target-name", target)]
        urls = ["--metadata-url", f"{self.server.url}/metadata", "--target-base-url", f"{self.server.url}/targets/"]
        return self.run(*urls, *names, "--target-dir", self.folder / "targets", "download", at=at)

    def refused(self, code, *words):
        """Whether the last error names this fault, in one line that holds the words."""
        line = self.message.strip()
        assert line.startswith(f"tuf-client: {code}: ") and "\n" not in line, line
        for word in words:
            assert word in line, line
        return True

    def versions(self):
        files = sorted((self.folder / "metadata").glob("*.json"))
        return {file.stem: json.loads(file.read_bytes())["signed"]["version"] for file in files}

    def trusted(self, role):
        return (self.folder / "metadata" / f"{role}.json").read_bytes()

    def downloaded(self):
        return sorted(path.read_bytes() for path in (self.folder / "targets").rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def served():
    return Server()


@pytest.fixture
def repo(served):
    served.repository = Repository()
    return served.repository


@pytest.fixture
def client(served, tmp_path, repo):
    client = Client(served, tmp_path)
    assert client.init(repo.files["metadata/1.root.json"])
    return client


@pytest.fixture
def fresh(served, tmp_path):
    """Makes a client for a repository of the test's own."""

    def make(repository, root=None):
        served.repository = repository
        client = Client(served, tmp_path)
        assert client.init(root or repository.files["metadata/1.root.json"])
        return client

    return make


def pytest_sessionstart(session):
    if not Path(CLIENT).exists():
        pytest.exit(f"{CLIENT} isn't there; run `make build`, or name it in TUF_CLIENT", returncode=2)
