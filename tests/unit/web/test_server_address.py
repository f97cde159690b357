"""Which names of the page a browser may use."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.web.server_address import Address, AddressError


def test_on_this_machine_only_its_own_names_will_do() -> None:
    here = Address("127.0.0.1", 8765)
    for name in ("127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765", "[::1]:8765"):
        assert here.is_ours(name)
    for name in (
        "192.168.1.5:8765",
        "127.0.0.1",
        "127.0.0.1:8766",
        "localhost.evil.example:8765",
        "[::1",
        "x:y",
    ):
        assert not here.is_ours(name)
    assert here.is_private
    assert here.base == "http://127.0.0.1:8765"


def test_in_a_network_numbers_and_its_own_name_will_do() -> None:
    everywhere = Address("0.0.0.0", 8765)
    assert everywhere.is_ours("192.168.1.5:8765")
    assert everywhere.is_ours("[fe80::1]:8765")
    assert everywhere.is_ours(f"{socket.gethostname()}:8765")
    assert not everywhere.is_ours("evil.example:8765")
    assert not everywhere.is_private
    assert Address("::1", 80).base == "http://[::1]:80"
    assert Address("127.0.0.1", 80).is_ours("127.0.0.1"), "80 is what is left out"


def test_behind_a_proxy_the_name_outside_will_do() -> None:
    proxied = Address("127.0.0.1", 8765, "https://review.example.org/")
    assert proxied.is_ours("review.example.org")
    assert proxied.is_ours("127.0.0.1:8765")
    assert proxied.is_our_origin("https://review.example.org", "review.example.org")
    assert not proxied.is_our_origin("http://review.example.org", "127.0.0.1:8765")
    assert proxied.is_encrypted
    assert proxied.base == "https://review.example.org"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("HTTPS://Review.Example.org:443/", "https://review.example.org"),
        ("http://review.example.org:80", "http://review.example.org"),
        ("https://review.example.org:8443", "https://review.example.org:8443"),
        ("https://h\u00f6ren.example", "https://xn--hren-5qa.example"),
        ("https://[2001:db8::1]:444", "https://[2001:db8::1]:444"),
    ],
)
def test_an_address_outside_is_compared_as_browsers_send_it(url: str, origin: str) -> None:
    proxied = Address("127.0.0.1", 8765, url)
    host = origin.partition("//")[2]
    assert proxied.is_ours(host)
    assert proxied.is_our_origin(origin, host)
    assert proxied.base == origin
    assert proxied.is_encrypted == origin.startswith("https")


@pytest.mark.parametrize(
    "url",
    ["", "review.example.org", "ftp://x", "https://", "https://x/sub", "https://x?y", "https://x#y", "https://u:p@x",
     "https://x:y", "https://x:99999", "https://[x", "https://.."],
)  # fmt: skip
def test_an_address_that_is_none_is_said(url: str) -> None:
    with pytest.raises(AddressError, match="without a path"):
        Address("127.0.0.1", 8765, url)


@given(st.text(max_size=60))
def test_no_header_breaks_it_and_only_our_origin_passes(text: str) -> None:
    here = Address("127.0.0.1", 8765)
    if here.is_ours(text):
        assert text.lower() in {"127.0.0.1:8765", "localhost:8765", "[::1]:8765"}
    assert here.is_our_origin(text, "127.0.0.1:8765") == (text.lower() == "http://127.0.0.1:8765")
