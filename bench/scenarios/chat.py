"""A conversation: a message counts when the other person has it."""

import asyncio
import time

from bench.matrix import Person, Synced
from bench.measure import Measurement, Stage, Worker, repeat


async def chat(stage: Stage) -> Measurement:
    """Pairs in private rooms, the peer long-polling /sync; one operation is one message sent and seen by the peer.

    The peer's poll is open before the message leaves and the next message waits until it was seen, so the latency is
    "sent to seen" and the CPU of one operation holds one send and one long-poll.
    """
    senders = await stage.people("writer", stage.sizes.pairs)
    peers = await stage.people("peer", stage.sizes.pairs)
    workers = [await _pair(sender, peer) for sender, peer in zip(senders, peers, strict=True)]
    await repeat(workers, stage.sizes.warm_up)
    return await stage.measure(workers)


async def _pair(sender: Person, peer: Person) -> Worker:
    room_id = await sender.create_room(preset="private_chat", is_direct=True, invite=[peer.user_id])
    await peer.join(room_id)
    return _talk(sender, peer, room_id)


async def _talk(sender: Person, peer: Person, room_id: str) -> Worker:
    since = (await peer.sync()).next_batch
    number = 0
    while True:
        number += 1
        text = f"marker-{number}."
        poll = asyncio.create_task(peer.sync(since))
        await asyncio.sleep(0)  # lets the poll's request leave before the message's
        started = time.perf_counter()
        await sender.send(room_id, text)
        since = await _see(peer, poll, text.encode())
        yield time.perf_counter() - started


async def _see(peer: Person, poll: asyncio.Task[Synced], marker: bytes) -> str:
    synced = await poll
    while marker not in synced.body:
        synced = await peer.sync(synced.next_batch)
    return synced.next_batch
