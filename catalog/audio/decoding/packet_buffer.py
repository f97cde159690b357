"""Packets that are kept from the walk over a file for the decoder, so that it need not read them a second time."""

from collections import deque
from collections.abc import Sequence
from fractions import Fraction

from catalog.audio import excerpts
from catalog.audio.decoding.demux import AudioPacket

# Bytes; a little more than five minutes of mp3 at 320 kbit/s have in their second half.
MOST = 8 * 2**20
PACKET = 600  # bytes that a packet takes besides what is in it


class PacketBuffer:
    """The newest packets of a walk: what the window in the middle can need, however much is still to come.

    None are left of a file that is so long that other windows are taken, or whose packets are too large.
    """

    def __init__(self, base: Fraction, run_up: float) -> None:
        """`base` is the seconds that a tick lasts, `run_up` the seconds that are needed before a window."""
        self._packets: deque[tuple[int, AudioPacket]] = deque()
        self._size = 0
        self._given_up = False
        self._before = int((excerpts.MIDDLE + 2 * run_up) / base) + 4  # whatever is rounded elsewhere
        self._longest = int(excerpts.LONG / base)

    def add(self, begin: int, packet: AudioPacket, end: int) -> None:
        """The packet that comes next, in ticks from the beginning of the track, which now ends there."""
        if self._given_up:
            return
        self._packets.append((begin, packet))
        self._size += packet.size + PACKET
        # The window in the middle of all that comes lies no earlier than that in the middle of what has come.
        needed = (end - self._before) // 2
        while self._packets and _end(*self._packets[0]) < needed:
            self._size -= self._packets.popleft()[1].size + PACKET
        if self._size > MOST or end > self._longest:
            self._packets.clear()
            self._given_up = True

    def packets(self) -> Sequence[tuple[int, AudioPacket]] | None:
        """The packets with their beginnings; None where none were kept."""
        if self._given_up:
            return None
        return list(self._packets)


def _end(begin: int, packet: AudioPacket) -> int:
    return begin + (packet.duration or 0)
