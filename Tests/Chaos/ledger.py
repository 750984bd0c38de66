"""What was accepted, what the broker acknowledged, and what gap events named: the books of the chaos test."""

import json
from collections import defaultdict


class Ledger:
    """Numbers are kept by (topic, epoch)."""

    def __init__(self):
        self.accepted = defaultdict(set)
        self.delivered = defaultdict(set)
        self.gaps = defaultdict(set)
        self.newest = defaultdict(int)
        self.duplicates = 0
        self.out_of_order = 0
        self.deliveries = 0
        self.unreadable = 0
        # What each number said, and how often one came with something else.
        self.contents = {}
        self.reused = 0

    def accept(self, topic, epoch, sequence):
        self.accepted[topic, epoch].add(sequence)

    def acknowledge(self, topic, payload):
        """The broker has acknowledged this message, whether or not the acknowledgement reaches the agent."""
        try:
            message = json.loads(payload)
            epoch, sequence = message["epoch"], message["sequence"]
        except (ValueError, KeyError, TypeError):
            self.unreadable += 1
            return
        key = topic, epoch
        self.deliveries += 1
        content = hash(payload)
        if self.contents.setdefault((topic, epoch, sequence), content) != content:
            self.reused += 1
        if sequence in self.delivered[key]:
            self.duplicates += 1
            return
        # A first delivery behind a newer one.
        if sequence < self.newest[key]:
            self.out_of_order += 1
        self.newest[key] = max(self.newest[key], sequence)
        self.delivered[key].add(sequence)
        if message.get("event") == "gap":
            self.gaps[message["topic"], epoch].update(range(message["first_sequence"], message["last_sequence"] + 1))

    def lost(self):
        """Accepted, never acknowledged, and named by no gap event."""
        return [(key, sequence) for key, accepted in self.accepted.items() for sequence in sorted(accepted - self.delivered[key] - self.gaps[key])]

    def unexplained(self):
        """Numbers below the newest delivered one that neither came nor were named, accepted or not."""
        return [
            (key, sequence)
            for key, newest in self.newest.items()
            for sequence in range(1, newest + 1)
            if sequence not in self.delivered[key] and sequence not in self.gaps[key]
        ]

    @property
    def events(self):
        return sum(map(len, self.accepted.values()))

    def summary(self, faults):
        return (
            f"events {self.events} faults {faults} lost {len(self.lost())} out-of-order {self.out_of_order} duplicates {self.duplicates} "
            f"named-by-gaps {sum(map(len, self.gaps.values()))} unexplained {len(self.unexplained())} reused {self.reused}"
        )

    @property
    def is_clean(self):
        return not self.lost() and not self.unexplained() and self.out_of_order == 0 and self.unreadable == 0 and self.reused == 0


def check_itself():
    """A ledger that can't find fault is worth nothing."""

    def message(sequence, **more):
        return json.dumps({"epoch": "e", "sequence": sequence, **more}).encode()

    ledger = Ledger()
    for sequence in (1, 2, 3):
        ledger.accept("t", "e", sequence)
    ledger.acknowledge("t", message(1))
    ledger.acknowledge("t", message(3))
    assert [sequence for _, sequence in ledger.lost()] == [2] and len(ledger.unexplained()) == 1 and not ledger.is_clean
    ledger.acknowledge("t", message(2))
    assert not ledger.lost() and ledger.out_of_order == 1 and not ledger.is_clean
    ledger = Ledger()
    for sequence in (1, 2):
        ledger.accept("t", "e", sequence)
    ledger.acknowledge("t", message(2))
    ledger.acknowledge("t", message(2))
    ledger.acknowledge("events", message(1, event="gap", topic="t", first_sequence=1, last_sequence=1))
    assert ledger.is_clean and ledger.duplicates == 1 and ledger.events == 2
    ledger.acknowledge("t", b"{")
    assert not ledger.is_clean
    ledger = Ledger()
    ledger.acknowledge("t", message(1))
    ledger.acknowledge("t", message(1, frame=2))
    assert ledger.reused == 1 and not ledger.is_clean


if __name__ == "__main__":
    check_itself()
