#!/usr/bin/env python3
"""Torments broker, network, disk and agent at random, and proves that no accepted event is lost, none comes out of order, and duplicates carry
their number.

    Tests/Chaos/chaos.py --agent .build/release/chaos-agent --faults 100 --rate 200
    Tests/Chaos/chaos.py --daemon .build/release/swiftletd --faults 100 --rate 40

The agent is `chaos-agent`, which is the outbox and the transport alone and says itself what it has accepted, or `swiftletd` with a simulated
camera and a model, whose outbox is asked for that in the end. Ends with one line, `events … faults … lost 0 out-of-order 0 duplicates …`, and
status 0 when it is clean. The ledger stands in the proxy before the broker, at its acknowledgement. A subscriber with a session of its own counts apart what the broker acknowledged and then lost.
"""

import argparse
import asyncio
import random
import shutil
import signal
import socket
import sys
import tempfile
from collections import Counter
from pathlib import Path

import faults
from daemon import Daemon
from ledger import Ledger, check_itself
from proxy import Proxy


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Chaos:
    def __init__(self, arguments, folder):
        kind, self.binary = (Daemon, arguments.daemon) if arguments.daemon else (faults.Agent, arguments.agent)
        self.random = random.Random(arguments.seed)
        self.rate = arguments.rate
        self.pace = arguments.pace
        self.folder = folder
        self.ledger = Ledger()
        self.broker = faults.Broker(folder, free_port())
        self.disk = faults.Disk(folder)
        self.proxy = Proxy(self.ledger, self.broker.port, kind.tracks)
        self.subscriber = faults.Subscriber(folder, self.broker.port, kind.topics)
        self.kind_of_agent = kind
        self.agent = None
        self.counts = Counter()
        self.agent_may_run = True

    async def pause(self, shortest, longest):
        await asyncio.sleep(self.random.uniform(shortest, longest))

    # Each fault is over when it returns.

    async def broker_killed(self):
        self.broker.stop()
        await self.pause(0, 0.5)
        self.broker.start()

    async def broker_killed_and_its_state_lost(self):
        self.broker.stop()
        self.broker.forget()
        self.broker.start()

    async def broker_restarted(self):
        self.broker.stop(signal.SIGTERM)
        self.broker.start()

    async def broker_frozen(self):
        self.broker.process.send_signal(signal.SIGSTOP)
        await self.pause(0.1, 3)
        self.broker.process.send_signal(signal.SIGCONT)

    async def connection_cut(self):
        self.proxy.cut(by_reset=False)

    async def connection_reset(self):
        self.proxy.cut(by_reset=True)

    async def connection_refused(self):
        self.proxy.is_refusing = True
        self.proxy.cut(by_reset=True)
        await self.pause(0.1, 1)
        self.proxy.is_refusing = False

    async def network_stalled(self):
        self.proxy.may_pass.clear()
        await self.pause(0.1, 3)
        # Half of the time what was held back never arrives.
        if self.random.random() < 0.5:
            self.proxy.cut(by_reset=True)
        self.proxy.may_pass.set()

    async def network_slow(self):
        self.proxy.delay = self.random.uniform(0.01, 0.3)
        await self.pause(0.5, 2)
        self.proxy.delay = 0

    async def packet_truncated(self):
        self.proxy.truncate[self.random.choice(["up", "down"])] = self.random.randrange(1, 4096)
        await self.pause(0, 0.3)

    async def agent_killed(self):
        self.agent.stop()
        await self.pause(0, 0.3)

    async def agent_stopped(self):
        # Its last words go through the proxy, which this thread serves.
        await asyncio.to_thread(self.agent.stop, signal.SIGTERM)

    async def configuration_reloaded(self):
        self.agent.reload()
        await self.pause(0, 1)

    async def disk_full(self):
        self.disk.fill()
        await self.pause(0.2, 1.5)
        # Half of the time it is killed on the full disk, and starts there.
        if self.random.random() < 0.5:
            self.agent.stop()
            await self.pause(0.1, 0.5)
        self.disk.empty()

    async def disk_read_only(self):
        self.agent_may_run = False
        self.agent.stop()
        if not self.disk.make_read_only(True):
            raise RuntimeError("the disk can't be made read-only")
        self.agent_may_run = True
        await self.pause(0.2, 1)
        self.agent_may_run = False
        if self.agent.is_running():
            self.agent.stop()
        if not self.disk.make_read_only(False):
            raise RuntimeError("the disk can't be made writable again")
        self.agent_may_run = True

    def kinds(self):
        kinds = [
            self.broker_killed, self.broker_killed_and_its_state_lost, self.broker_restarted, self.broker_frozen, self.connection_cut,
            self.connection_reset, self.connection_refused, self.network_stalled, self.network_slow, self.packet_truncated, self.agent_killed,
            self.agent_stopped,
        ]  # fmt: skip
        if isinstance(self.agent, Daemon):
            kinds.append(self.configuration_reloaded)
        return kinds + ([self.disk_full, self.disk_read_only] if self.disk.is_real else [])

    async def settle(self):
        """Waits until something has arrived since the fault, if the agent needs that, but not for ever."""
        before, ending = self.ledger.deliveries, asyncio.get_running_loop().time() + self.agent.settling
        while self.ledger.deliveries == before and asyncio.get_running_loop().time() < ending:
            await asyncio.sleep(0.05)

    async def keep_running(self):
        while True:
            self.subscriber.keep_running()
            if self.agent_may_run and not self.agent.is_running():
                if self.agent.process is not None:
                    self.agent.note_end(self.agent.process, {0, 1, -signal.SIGKILL, -signal.SIGTERM})
                self.agent.start(self.rate)
            await asyncio.sleep(0.02)

    async def run(self, count, seconds):
        self.broker.start()
        await self.proxy.start()
        self.agent = self.kind_of_agent(self.binary, self.disk, self.folder, self.proxy.port)
        restarts = asyncio.create_task(self.keep_running())
        kinds = self.kinds()
        ending = asyncio.get_running_loop().time() + seconds
        while self.counts.total() < count and asyncio.get_running_loop().time() < ending:
            # Every kind once before any comes again.
            for kind in self.random.sample(kinds, min(len(kinds), count - self.counts.total())):
                await kind()
                self.counts[kind.__name__] += 1
                await self.settle()
                await self.pause(0, 2 * self.pace)
            if restarts.done():
                restarts.result()
        self.agent_may_run = False
        await asyncio.to_thread(self.agent.stop, signal.SIGTERM)
        is_drained = await asyncio.to_thread(self.agent.drain, 120)
        await asyncio.sleep(1)
        restarts.cancel()
        self.broker.stop()
        return is_drained

    def lost_at_broker(self):
        """How many messages the broker acknowledged that a subscriber with a lasting session never saw."""
        seen = Ledger()
        for line in (self.folder / "received").read_bytes().split(b"\n")[:-1]:
            topic, _, payload = line.partition(b" ")
            if self.agent.tracks(topic.decode()):
                seen.acknowledge(topic.decode(), payload)
        return sum(len(delivered - seen.delivered[key]) for key, delivered in self.ledger.delivered.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    agents = parser.add_mutually_exclusive_group(required=True)
    agents.add_argument("--agent", type=Path, help="the chaos-agent binary")
    agents.add_argument("--daemon", type=Path, help="the swiftletd binary")
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3600, help="no new fault after so long")
    parser.add_argument("--rate", type=int, default=100, help="events a second")
    parser.add_argument("--pace", type=float, default=0.5, help="mean seconds between two faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the folder with logs and ledgers")
    arguments = parser.parse_args()
    check_itself()
    folder = Path(tempfile.mkdtemp(prefix="swiftlet-chaos-"))
    chaos = Chaos(arguments, folder)
    if not chaos.disk.is_real:
        print("SKIPPED: faults of the disk, as mounting isn't allowed here", file=sys.stderr)
    try:
        is_drained = asyncio.run(chaos.run(arguments.faults, arguments.seconds))
        for topic, epoch, sequence in chaos.agent.accepted():
            chaos.ledger.accept(topic, epoch, sequence)
        lost_at_broker = chaos.lost_at_broker()
    finally:
        for one in (chaos.agent, chaos.broker, chaos.subscriber):
            if one is not None and one.process is not None and one.process.poll() is None:
                one.process.kill()
                one.process.wait()
        chaos.disk.remove()
        if arguments.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder)
    for name, count in sorted(chaos.counts.items()):
        print(f"  {count:5} × {name.replace('_', ' ')}")
    for key, sequence in (chaos.ledger.lost() + chaos.ledger.unexplained())[:20]:
        print(f"missing: {key[0]} {sequence} of epoch {key[1]}")
    print(f"  acknowledged by the broker and lost there: {lost_at_broker} (see docs/messaging.md)")
    if chaos.agent.crashes:
        print(f"the agent crashed: {chaos.agent.crashes}")
    if not is_drained:
        print("the agent didn't deliver all in the end")
    print(chaos.ledger.summary(chaos.counts.total()))
    is_clean = chaos.ledger.is_clean and is_drained and not chaos.agent.crashes and chaos.ledger.events > 0
    sys.exit(0 if is_clean else 1)


if __name__ == "__main__":
    main()
