"""Packets held for the decoder: all that the window in the middle needs, and no more than there is room for."""

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalog.audio import excerpts
from catalog.audio.decoding.demux import Clock
from catalog.audio.decoding.packet_buffer import MAX_BYTES, PACKET_OVERHEAD, PacketBuffer

BASE, RUN_UP = Fraction(1, 1000), 0.5


def hold(durations, sizes):
    """What is held of packets that follow each other, and where they all begin and end."""
    held, clock, places = PacketBuffer(BASE, RUN_UP), Clock(BASE), []
    for duration, size in zip(durations, sizes, strict=True):
        packet: Any = SimpleNamespace(pts=None, duration=duration, size=size)
        begin = clock.begin(packet)
        held.add(begin, packet, clock.end)
        places.append((begin, packet))
    return held.packets(), places, float(clock.end * BASE)


@given(st.lists(st.tuples(st.integers(0, 40_000), st.integers(1, 100_000)), min_size=1, max_size=60))
def test_everything_that_the_first_choice_needs_is_held(packets):
    held, places, duration = hold(*zip(*packets, strict=True))
    if held is None:
        assert duration > excerpts.LONG or sum(size + PACKET_OVERHEAD for _, size in packets) > MAX_BYTES
        return
    (wanted, *others), *_ = excerpts.excerpt_windows(duration)
    assert not others
    early = int((wanted[0] - RUN_UP) / BASE)
    needed = [(begin, packet) for begin, packet in places if begin + packet.duration >= early]
    assert held[len(held) - len(needed) :] == needed


def test_the_first_half_is_let_go():
    held, places, _ = hold([26] * 10_000, [400] * 10_000)
    assert len(held) < 0.6 * len(places)
    assert held[-1] == places[-1]


def test_nothing_is_held_of_what_is_too_long_or_too_large():
    assert hold([1_000] * 601, [1] * 601)[0] is None
    assert hold([1_000] * 20, [MAX_BYTES // 10] * 20)[0] is None
