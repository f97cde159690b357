"""A Redis that somebody else runs: with others' keys in it, behind TLS and a password, full, or evicting."""

from __future__ import annotations

import itertools
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from redis import Redis

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.settings import Settings
from tests.integration.workers.sound import QUIET, AddTracks
from workers.broker.broker import Broker, BrokerUnreachableError, find_broker, open_broker
from workers.pool import supervisor
from workers.pool.analyze_pending import analyze_pending

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Broker]:
    """A Valkey that is not the catalog's own: it is named by its address."""
    with open_broker(None, tmp_path / "somebody") as broker:
        yield broker


@pytest.fixture
def theirs(server: Broker) -> Iterator[Redis]:
    with server.connect() as connection:
        yield connection


def on(server: str, settings: Settings) -> Settings:
    return Settings(settings.home, settings.database_url, server)


def everything(connection: Redis) -> dict[bytes, bytes | None]:
    return {key: connection.dump(key) for key in connection.scan_iter()}


@SQLITE
def test_keys_of_somebody_elses_rq_are_left_alone(
    database: Database,
    settings: Settings,
    tiny: FeatureSet,
    add_tracks: AddTracks,
    server: Broker,
    theirs: Redis,
) -> None:
    theirs.sadd("rq:queues", "rq:queue:default")
    theirs.rpush("rq:queue:default", "job-1")
    theirs.hset("rq:job:job-1", mapping={"data": b"\x80\x04pickled", "status": "queued"})
    theirs.sadd("rq:workers", "rq:worker:dead")
    theirs.hset(
        "rq:worker:dead", mapping={"queues": "default", "last_heartbeat": "2001-01-01T00:00:00.000000Z"}
    )
    theirs.set("session:7", "theirs")
    before = everything(theirs)
    add_tracks(*[QUIET] * 6)
    assert analyze_pending(database, on(server.url, settings), [tiny], workers=1).analyzed == 6
    after = everything(theirs)
    assert {key: value for key, value in after.items() if key in before} == before
    assert all(key.startswith(b"music-catalog:") for key in after if key not in before)


class Tunnel:
    """TLS on a port of this host, before a socket without it: what stunnel does."""

    def __init__(self, certificate: Path, key: Path, path: str) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._path = path
        self._listening = socket.create_server(("localhost", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            suppress(OSError),
            self._context.wrap_socket(client, server_side=True) as secure,
            socket.socket(socket.AF_UNIX) as inner,
        ):
            inner.connect(self._path)
            threading.Thread(target=_pass_on, args=(inner, secure), daemon=True).start()
            _pass_on(secure, inner)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError, ValueError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def tunnel(server: Broker, tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The port, and the certificate to trust."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        [*made.split(), *names],
        check=True,
        capture_output=True,
    )
    opened = Tunnel(certificate, key, unquote(urlsplit(server.url).path))
    yield opened.port, certificate
    opened.close()


@SQLITE
def test_password_and_tls_by_the_address(
    database: Database,
    settings: Settings,
    tiny: FeatureSet,
    add_tracks: AddTracks,
    theirs: Redis,
    tunnel: tuple[int, Path],
) -> None:
    port, certificate = tunnel
    add_tracks(*[QUIET] * 6)
    theirs.config_set("requirepass", "hunter2")
    try:
        url = f"rediss://:hunter2@localhost:{port}/0?ssl_ca_certs={certificate}"
        assert analyze_pending(database, on(url, settings), [tiny], workers=1).analyzed == 6
        for wrong, words in (
            (url.partition("?")[0], "localhost"),  # a certificate that nobody vouches for
            (url.replace("hunter2", "hunter3"), "rejects the password"),
        ):
            with pytest.raises(BrokerUnreachableError, match=words) as caught:
                find_broker(wrong, settings.run)
            assert "hunter" not in str(caught.value)
            assert "\n" not in str(caught.value)
    finally:
        theirs.config_set("requirepass", "")
    log = (settings.run / "workers.log").read_text()
    assert "hunter2" not in log


@SQLITE
def test_a_full_redis_is_waited_for(
    database: Database,
    settings: Settings,
    tiny: FeatureSet,
    add_tracks: AddTracks,
    server: Broker,
    theirs: Redis,
) -> None:
    add_tracks(*[QUIET] * 6)
    theirs.config_set("maxmemory", 1)
    emptied = threading.Timer(6.0, theirs.config_set, ("maxmemory", 0))
    emptied.start()
    report = analyze_pending(database, on(server.url, settings), [tiny], workers=1)
    assert (report.analyzed, report.failed) == (6, 0)
    assert report.seconds > 5
    emptied.join()


@SQLITE
def test_a_redis_that_stays_full_is_said_with_what_to_do(
    database: Database,
    settings: Settings,
    tiny: FeatureSet,
    add_tracks: AddTracks,
    server: Broker,
    theirs: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_tracks(QUIET)
    monkeypatch.setattr(supervisor, "BROKER_TIMEOUT", 1.0)
    theirs.config_set("maxmemory", 1)
    with pytest.raises(BrokerUnreachableError, match=r"takes no jobs .* more memory") as caught:
        analyze_pending(database, on(server.url, settings), [tiny], workers=1)
    assert "\n" not in str(caught.value)
    theirs.config_set("maxmemory", 0)


@SQLITE
def test_what_a_redis_evicts_is_fed_again(
    database: Database,
    settings: Settings,
    tiny: FeatureSet,
    add_tracks: AddTracks,
    server: Broker,
    theirs: Redis,
) -> None:
    add_tracks(*[QUIET] * 60)
    theirs.config_set("maxmemory-policy", "allkeys-random")
    theirs.config_set("maxmemory", theirs.info("memory")["used_memory"] + 2_000_000)
    done = threading.Event()

    def crowd() -> None:
        for number in itertools.count():
            if done.wait(0.005):
                return
            theirs.set(f"session:{number}", b"x" * 50_000)

    crowding = threading.Thread(target=crowd)
    crowding.start()
    try:
        report = analyze_pending(database, on(server.url, settings), [tiny], workers=2)
    finally:
        done.set()
        crowding.join()
    assert (report.analyzed, report.failed) == (60, 0)
    assert theirs.info("stats")["evicted_keys"] > 0
