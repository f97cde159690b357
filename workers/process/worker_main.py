"""`python -m workers.process.worker_main`: one worker process. URLs with passwords come in the environment."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from redis import Redis, RedisError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from catalog.audio.feature_sets.installed import feature_set
from catalog.db.retry import is_disk_full, retry_until_connected
from catalog.db.schema.revisions import head_revision
from catalog.learning.registry.task_context import set_context
from catalog.log import set_up_log
from workers.broker.job_queue import open_queue
from workers.host.exit_codes import EXIT_DISK_FULL
from workers.host.parent_death import end_with_parent
from workers.host.worker_env_vars import BROKER_URL, DATABASE_URL, MODELS
from workers.host.worker_options import WorkerOptions
from workers.process.rq_worker import AnalysisWorker
from workers.process.warm_up import import_learning, warm_statement_cache, warm_up
from workers.process.worker_context import Stop, WorkerContext, open_worker_database
from workers.state import liveness

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Works until SIGTERM, or until the parent process ends. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m workers.process.worker_main")
    parser.add_argument("--name", required=True)
    parser.add_argument("--queue", required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--feature-set", action="append", default=[])
    parser.add_argument("--log-level", type=int, default=logging.WARNING)
    parser.add_argument("--options", type=WorkerOptions.from_json, required=True)
    parsed = parser.parse_args(arguments)
    options: WorkerOptions = parsed.options
    set_up_log(parsed.log_level, is_json=options.is_log_json)
    end_with_parent(parsed.parent, signal.SIGTERM)
    # Before the first fork: the default action of the signal would kill a work horse.
    Stop.install_handler()
    database = retry_until_connected(lambda: open_worker_database(os.environ[DATABASE_URL]))
    connection = Redis.from_url(os.environ[BROKER_URL])
    features = [feature_set(name) for name in parsed.feature_set]
    noise = warm_up(features) if features else None
    if noise is None:
        import_learning()
    try:
        with database.write() as transaction:
            worker_id = liveness.register(transaction, parsed.name, os.getpid())
    except DBAPIError as error:
        if not is_disk_full(error):
            raise
        log.error("the disk of the database is full")  # noqa: TRY400 -- the traceback adds nothing
        return EXIT_DISK_FULL
    try:
        database.close()
        context = WorkerContext(
            database,
            models=Path(os.environ.get(MODELS, "")),
            worker_id=worker_id,
            options=options,
            warmed_up=frozenset(parsed.feature_set),
            revision=head_revision(),
        )
        set_context(context)
        if noise is not None:
            # Only an optimization: a database that rejects it rejects the work too, which is then reported.
            with suppress(SQLAlchemyError):
                retry_until_connected(lambda: warm_statement_cache(context, features, noise))
        worker = AnalysisWorker(open_queue(parsed.queue, connection), parsed.name, context)
        worker.work(logging_level="CRITICAL")
    except RedisError as error:
        # The parent process starts another worker, and the embedded broker if necessary.
        log.warning("Redis does not answer any more: %s", type(error).__name__)
        return 0
    else:
        return worker.exit_code
    finally:
        # If the database fails here too, the parent process deregisters the worker by its name.
        with suppress(DBAPIError), database.write() as transaction:
            liveness.deregister(transaction, worker_id)
        database.close()


if __name__ == "__main__":
    sys.exit(main())
