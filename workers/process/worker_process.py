"""`python -m workers.process.worker_process`: one worker process. Addresses with passwords come in the environment."""

from __future__ import annotations

import workers.host.single_threaded  # isort: skip  # noqa: F401 -- before anything numerical

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from redis import Redis, RedisError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from catalog.audio.feature_sets.installed import feature_set
from catalog.db.retry import is_disk_full, retry_until_connected
from catalog.db.schema.revisions import head_revision
from catalog.log import set_up_log
from workers.broker.job_queue import open_queue
from workers.host.environment import BROKER_URL, DATABASE_URL
from workers.host.exit_codes import EXIT_DISK_FULL
from workers.host.parent_death import end_with_parent
from workers.host.worker_options import WorkerOptions
from workers.process.child_database import open_child_database
from workers.process.jobs import Stop, WorkerContext, set_worker_context
from workers.process.rehearsal import warm_statement_cache
from workers.process.rq_worker import AnalysisWorker
from workers.process.warm_up import warm, warm_learning
from workers.state import liveness

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Works until SIGTERM, or until the process that started this one is no more."""
    parser = argparse.ArgumentParser(prog="python -m workers.process.worker_process")
    parser.add_argument("--name", required=True)
    parser.add_argument("--queue", required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--feature-set", action="append", default=[])
    WorkerOptions.add_options(parser)
    options = parser.parse_args(arguments)
    rules = WorkerOptions.from_options(options)
    set_up_log(logging.INFO if rules.is_log_json else logging.WARNING, is_json=rules.is_log_json)
    end_with_parent(options.parent, signal.SIGTERM)
    # Before the first fork, so that no horse ever has the signal's default, which is to die.
    Stop.listen()
    database = retry_until_connected(lambda: open_child_database(os.environ[DATABASE_URL]))
    connection = Redis.from_url(os.environ[BROKER_URL])
    features = [feature_set(name) for name in options.feature_set]
    noise = warm(features) if features else None
    if noise is None:
        warm_learning()
    try:
        with database.write() as transaction:
            worker_id = liveness.register(transaction, options.name, os.getpid())
    except DBAPIError as error:
        if not is_disk_full(error):
            raise
        log.error("the disk of the database is full")  # noqa: TRY400 -- there is no more to it
        return EXIT_DISK_FULL
    try:
        database.close()
        desk = WorkerContext(database, worker_id, rules, frozenset(options.feature_set), head_revision())
        set_worker_context(desk)
        if noise is not None:
            # It only saves time: a database that refuses it refuses the work too, and there it is told.
            with suppress(SQLAlchemyError):
                retry_until_connected(lambda: warm_statement_cache(desk, features, noise))
        keeper = AnalysisWorker(open_queue(options.queue, connection), options.name, desk)
        keeper.work(logging_level="CRITICAL")
    except RedisError as error:
        # Who started this process starts another one, and the broker too if it is ours.
        log.warning("the broker does not answer any more: %s", type(error).__name__)
        return 0
    else:
        return keeper.trouble
    finally:
        # Where the database refuses even that, who started this process does it by its name.
        with suppress(DBAPIError), database.write() as transaction:
            liveness.deregister(transaction, worker_id)
        database.close()


if __name__ == "__main__":
    sys.exit(main())
