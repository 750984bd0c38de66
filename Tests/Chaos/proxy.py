"""A proxy between the agent and the broker that keeps the ledger at the broker's acknowledgement, and spoils the connection on request."""

import asyncio
import socket
import struct

PUBLISH, PUBACK = 3, 4


class PacketReader:
    """Cuts a stream of MQTT packets: (kind, flags, body)."""

    def __init__(self):
        self.buffer = b""

    def feed(self, data):
        self.buffer += data
        packets = []
        while True:
            length, position, shift = 0, 1, 0
            while True:
                if position >= len(self.buffer):
                    return packets
                byte = self.buffer[position]
                length |= (byte & 127) << shift
                position, shift = position + 1, shift + 7
                if byte < 128:
                    break
            if len(self.buffer) < position + length:
                return packets
            packets.append((self.buffer[0] >> 4, self.buffer[0] & 15, self.buffer[position : position + length]))
            self.buffer = self.buffer[position + length :]


def read_publish(flags, body):
    """(packet identifier, topic, payload) of an MQTT 5 PUBLISH of quality 1."""
    length = struct.unpack_from(">H", body)[0]
    topic = body[2 : 2 + length].decode()
    position = 2 + length
    identifier = None
    if flags & 6:
        identifier = struct.unpack_from(">H", body, position)[0]
        position += 2
    properties, shift = 0, 0
    while True:
        byte = body[position]
        properties |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            break
    return identifier, topic, body[position + properties :]


class Proxy:
    def __init__(self, ledger, broker_port, tracks):
        self.ledger = ledger
        self.tracks = tracks
        self.broker_port = broker_port
        self.port = None
        self.connections = set()
        self.delay = 0.0
        self.is_refusing = False
        self.may_pass = asyncio.Event()
        self.may_pass.set()
        # Bytes that still go to the broker (or to the agent) before the connection is cut within a packet.
        self.truncate = {"up": None, "down": None}

    async def start(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        if self.is_refusing:
            self.reset(writer)
            return
        try:
            broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self.broker_port)
        except OSError:
            writer.close()
            return
        pair = (writer, broker_writer)
        self.connections.add(pair)
        sent = {}
        tasks = [
            asyncio.create_task(self.carry(reader, broker_writer, "up", sent)),
            asyncio.create_task(self.carry(broker_reader, writer, "down", sent)),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        self.connections.discard(pair)
        for one in pair:
            one.close()

    async def carry(self, reader, writer, direction, sent):
        packets = PacketReader()
        try:
            while data := await reader.read(65536):
                # The acknowledgement counts from here on: the broker has sent it.
                for kind, flags, body in packets.feed(data):
                    if direction == "up" and kind == PUBLISH:
                        identifier, topic, payload = read_publish(flags, body)
                        if identifier is not None and self.tracks(topic):
                            sent[identifier] = topic, payload
                    elif direction == "down" and kind == PUBACK:
                        message = sent.pop(struct.unpack_from(">H", body)[0], None)
                        reason = body[2] if len(body) > 2 else 0
                        if message and reason < 0x80:
                            self.ledger.acknowledge(*message)
                await self.may_pass.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self.truncate[direction] is not None:
                    writer.write(data[: self.truncate[direction] % len(data)])
                    self.truncate[direction] = None
                    await writer.drain()
                    return
                writer.write(data)
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass

    @staticmethod
    def reset(writer):
        """Ends by RST rather than FIN."""
        connection = writer.get_extra_info("socket")
        if connection is not None:
            try:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass
        writer.transport.abort()

    def cut(self, by_reset):
        for pair in list(self.connections):
            for writer in pair:
                if by_reset:
                    self.reset(writer)
                else:
                    writer.close()
