"""A repository of The Update Framework in memory, made with the reference implementation, and its server.

What is published lies as bytes by its name on the server, so that a test can spoil it in any way; what the client asked for is logged.
"""

import datetime
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from securesystemslib.hash import digest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot, SuccinctRoles, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

TOP_LEVEL = ["root", "timestamp", "snapshot", "targets"]
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def days(count):
    return NOW + datetime.timedelta(days=count)


class Repository:
    """`publish` gives a role the next version, signs it with `signers[role]` and puts it on the server."""

    def __init__(self, consistent=True, hashes=False):
        self.hashes = hashes
        self.files = {}
        self.requests = []
        self.metadata = {
            "root": Metadata(Root(expires=days(30), consistent_snapshot=consistent)),
            "timestamp": Metadata(Timestamp(expires=days(30))),
            "snapshot": Metadata(Snapshot(expires=days(30))),
            "targets": Metadata(Targets(expires=days(30))),
        }
        self.published = set()
        self.signers = {role: [] for role in TOP_LEVEL}
        for role in TOP_LEVEL:
            self.add_key(role)
        self.publish("root", "targets", "snapshot", "timestamp")

    def __getattr__(self, role):
        try:
            return self.__dict__["metadata"][role].signed
        except KeyError:
            raise AttributeError(role) from None

    def add_key(self, role, signer=None, delegator=None):
        signer = signer or CryptoSigner.generate_ed25519()
        (self.metadata[delegator].signed if delegator else self.root).add_key(signer.public_key, role)
        self.signers.setdefault(role, []).append(signer)
        return signer

    def rotate(self, role):
        """Replaces every key of a top-level role by one new one."""
        for keyid in list(self.root.roles[role].keyids):
            self.root.revoke_key(keyid, role)
        self.signers[role] = []
        return self.add_key(role)

    def name(self, role, version):
        versioned = role == "root" or (self.root.consistent_snapshot and role != "timestamp")
        return f"metadata/{version}.{role}.json" if versioned else f"metadata/{role}.json"

    def publish(self, *roles, bump=True):
        for role in roles:
            metadata = self.metadata[role]
            if bump and role in self.published:
                metadata.signed.version += 1
            self.published.add(role)
            self.put(role, self.sign(role))

    def sign(self, role):
        """The role's file; without the checks that the reference implementation makes of signatures."""
        metadata = self.metadata[role]
        metadata.signatures.clear()
        for signer in self.signers[role]:
            metadata.sign(signer, append=True)
        return metadata.to_bytes(JSONSerializer())

    def put(self, role, data):
        version = self.metadata[role].signed.version
        self.files[self.name(role, version)] = data
        entry = MetaFile(version, *((len(data), {"sha256": self.sha256(data)}) if self.hashes else (None, None)))
        if role == "snapshot":
            self.timestamp.snapshot_meta = entry
        elif role not in ("root", "timestamp"):
            self.snapshot.meta[f"{role}.json"] = entry

    def edit(self, role, change, resign=True):
        """Publishes the role once more under the version it has, its JSON changed by `change`, which the reference
        implementation itself might not write; signed again unless told otherwise."""
        content = json.loads(self.sign(role))
        change(content)
        if resign:
            signed = encode_canonical(content["signed"])
            content["signatures"] = [{"keyid": s.public_key.keyid, "sig": s.sign(signed).signature} for s in self.signers[role]]
        self.put(role, json.dumps(content).encode())

    @staticmethod
    def sha256(data):
        hasher = digest("sha256")
        hasher.update(data)
        return hasher.hexdigest()

    def add_target(self, role, path, data):
        target = TargetFile.from_data(path, data, ["sha256"])
        self.metadata[role].signed.targets[path] = target
        folder, slash, name = path.rpartition("/")
        prefix = f"{target.hashes['sha256']}." if self.root.consistent_snapshot else ""
        self.files[f"targets/{folder}{slash}{prefix}{name}"] = data

    def delegate(self, delegator, role, paths=("*",), terminating=False, prefixes=None, threshold=1, expires=None, keys=1):
        signed = self.metadata[delegator].signed
        if signed.delegations is None:
            signed.delegations = Delegations({}, roles={})
        scope = {"path_hash_prefixes": prefixes} if prefixes else {"paths": list(paths)}
        signed.delegations.roles[role] = DelegatedRole(role, [], threshold, terminating, **scope)
        if role not in self.metadata:
            self.metadata[role] = Metadata(Targets(expires=expires or days(30)))
        for _ in range(keys):
            self.add_key(role, delegator=delegator)

    def delegate_to_bins(self, bits, prefix):
        signer = CryptoSigner.generate_ed25519()
        bins = SuccinctRoles([], 1, bits, prefix)
        self.targets.delegations = Delegations({}, None, bins)
        self.targets.add_key(signer.public_key)
        for role in bins.get_roles():
            self.metadata[role] = Metadata(Targets(expires=days(30)))
            self.signers[role] = [signer]
        return bins

    def fetched(self):
        """Names of the metadata that were asked for since the last call."""
        requests, self.requests = self.requests, []
        return [name.removeprefix("metadata/").removesuffix(".json") for name in requests if name.startswith("metadata/")]


def encode_canonical(value):
    from securesystemslib.formats import encode_canonical as encode

    return encode(value).encode()


class Server:
    """Serves one repository at a time on a port of the loopback."""

    def __init__(self):
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.lstrip("/")
                owner.repository.requests.append(name)
                data = owner.repository.files.get(name)
                if data is None:
                    return self.send_error(404)
                if callable(data):
                    return data(self)
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
