"""Packets buffered during the scan of a file, so that the decoder need not read them again."""

from collections import deque
from collections.abc import Sequence
from fractions import Fraction

from catalog.audio import excerpts
from catalog.audio.decoding.demux import AudioPacket

# Bytes; slightly more than the second half of five minutes of MP3 at 320 kbit/s.
MAX_BYTES = 8 * 2**20
PACKET_OVERHEAD = 600  # overhead of a packet in bytes


class PacketBuffer:
    """The newest packets of a scan: those that the excerpt in the middle may need, whatever follows.

    The buffer is empty for a file over ten minutes, which has other excerpts, and for packets over MAX_BYTES.
    """

    def __init__(self, base: Fraction, run_up: float) -> None:
        """`base` is the duration of a tick in seconds; `run_up` the seconds decoded before a window."""
        self._packets: deque[tuple[int, AudioPacket]] = deque()
        self._size = 0
        self._is_abandoned = False
        self._before = int((excerpts.MIDDLE + 2 * run_up) / base) + 4  # allows for rounding elsewhere
        self._longest = int(excerpts.LONG / base)

    def add(self, begin: int, packet: AudioPacket, end: int) -> None:
        """Adds the next packet, from `begin` to `end` in ticks from the start of the track."""
        if self._is_abandoned:
            return
        self._packets.append((begin, packet))
        self._size += packet.size + PACKET_OVERHEAD
        # The middle of the whole file lies no earlier than the middle of the part read so far.
        needed = (end - self._before) // 2
        while self._packets and _end(*self._packets[0]) < needed:
            self._size -= self._packets.popleft()[1].size + PACKET_OVERHEAD
        if self._size > MAX_BYTES or end > self._longest:
            self._packets.clear()
            self._is_abandoned = True

    def packets(self) -> Sequence[tuple[int, AudioPacket]] | None:
        """The packets with their start; None if the buffer was given up."""
        if self._is_abandoned:
            return None
        return list(self._packets)


def _end(begin: int, packet: AudioPacket) -> int:
    return begin + (packet.duration or 0)
