"""A process that hears tracks for a command without a queue: what a file does to a library ends it and not the command."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Sequence

from catalog.db.database import Database
from workers.host.environment import DATABASE_URL, THREADS
from workers.host.exit_codes import describe_exit
from workers.host.worker_options import WorkerOptions
from workers.pool.worker_pool import WorkersFailedError
from workers.state import liveness

log = logging.getLogger(__name__)


class Listener:
    """One process at a time, started when there is something to hear, and anew after one has died."""

    def __init__(self, database: Database, rules: WorkerOptions) -> None:
        self._database = database
        self._rules = rules
        self._name = ""
        self._process: subprocess.Popen[str] | None = None

    def hear(self, track_ids: Sequence[int], hashes: Sequence[str], time_limit: int) -> None:
        """Has the tracks heard and stored. Where the process dies of one, that counts against the track.

        Raises WorkersFailedError for what is no fault of a track.
        """
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        told = {"track_ids": list(track_ids), "hashes": list(hashes), "time_limit": time_limit}
        try:
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self._bury(process)
        elif wrong := json.loads(answer)["wrong"]:
            raise WorkersFailedError(f"the work could not go on: {wrong}")

    def end(self, patience: float) -> None:
        """Lets it finish its present track. One that takes longer than so many seconds is killed."""
        process = self._process
        if process is None:
            return
        assert process.stdin is not None
        process.send_signal(signal.SIGUSR1)
        try:
            process.stdin.close()
            process.wait(patience)
        except BrokenPipeError:
            pass  # it has ended by itself
        except subprocess.TimeoutExpired:
            log.warning("the listening process does not end; it is killed")
            process.kill()
        except KeyboardInterrupt:
            process.kill()
            raise
        finally:
            process.wait()
            self._forget(None)

    def _start(self) -> subprocess.Popen[str]:
        self._name = f"{socket.gethostname()}-{uuid.uuid4().hex[:12]}"
        command = [sys.executable, "-P", "-m", "workers.listening", "--name", self._name]
        command += ["--parent", str(os.getpid()), *self._rules.arguments()]
        url = self._database.url.render_as_string(hide_password=False)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **THREADS, DATABASE_URL: url},
            # Ctrl-C is for the command, which then ends this process.
            start_new_session=True,
        )
        return self._process

    def _bury(self, process: subprocess.Popen[str]) -> None:
        death = describe_exit(process.wait())
        log.info("the listening process died %s", death)
        if not self._forget(death):
            raise WorkersFailedError("the process that is to listen ends as soon as it is started; see above")

    def _forget(self, death: str | None) -> bool:
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None and not pipe.closed:
                    pipe.close()
        with self._database.write() as connection:
            return liveness.deregister_by_name(connection, self._name, death)
