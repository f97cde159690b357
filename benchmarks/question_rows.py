"""A catalog of any size for benchmarks of queries.

SQL statements create its tracks, tags, predictions of ten models, and audits.
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import Database
from catalog.db.derived.confusion import refresh_confusion
from catalog.db.derived.track_status import refresh_track_status

MODELS = 10
GENRES = 30
ROWS = Path(__file__).with_suffix(".sql")


def fill(database: Database, tracks: int) -> str:
    """Fill an empty catalog; return the name of one of its genres."""
    sqlite = database.is_sqlite
    words = {
        "tracks": tracks,
        "models": MODELS,
        "genres": GENRES,
        "true": "1" if sqlite else "true",
        "false": "0" if sqlite else "false",
        "root": "CAST('/archive' AS BLOB)" if sqlite else "convert_to('/archive', 'UTF8')",
        "path": "CAST(i || '.mp3' AS BLOB)" if sqlite else "convert_to(i || '.mp3', 'UTF8')",
        "series": f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {tracks})"
        " SELECT i FROM n) AS s"
        if sqlite
        else f"generate_series(CAST(1 AS bigint), {tracks}) AS s(i)",
    }
    with database.writer.connect() as connection:
        if sqlite:
            connection.connection.execute("PRAGMA foreign_keys = OFF")
            connection.connection.execute("PRAGMA cache_size = -200000")
        with connection.begin():
            if not sqlite:
                # All foreign keys are valid by construction.
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            name = _pick(connection)
            text = ROWS.read_text("utf-8")
            for word, value in words.items():
                text = text.replace(f"{{{word}}}", str(value))
            for statement in text.strip().rstrip(";").split(";\n"):
                connection.exec_driver_sql(statement if sqlite else statement.replace("%", "%%"))
            refresh_track_status(connection)
            refresh_confusion(connection, MODELS)
    if not sqlite:
        with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # Update statistics now instead of waiting for autovacuum.
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("CHECKPOINT")
    return name


def _pick(connection: Connection) -> str:
    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE pick AS SELECT row_number() OVER (ORDER BY id) - 1 AS k, id, name FROM genre"
        f" ORDER BY id LIMIT {GENRES}"
    )
    return str(connection.execute(sa.text("SELECT name FROM pick WHERE k = 7")).scalar_one())
