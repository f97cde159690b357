"""Column types: times in UTC, vectors as bytes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from sqlalchemy.dialects import postgresql, sqlite

from catalog.db.columns import UTCDateTime, Vector, check_in, now

SQLITE, POSTGRESQL = sqlite.dialect(), postgresql.dialect()


def test_now_is_aware() -> None:
    assert now().tzinfo is UTC


def test_times_are_stored_in_utc() -> None:
    column = UTCDateTime()
    noon = datetime(2026, 1, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    assert column.process_bind_param(noon, SQLITE) == datetime(2026, 1, 2, 10)  # noqa: DTZ001 - as SQLite stores it
    assert column.process_bind_param(noon, POSTGRESQL) == noon
    stored = column.process_bind_param(noon, SQLITE)
    assert column.process_result_value(stored, SQLITE) == noon
    assert column.process_bind_param(None, SQLITE) is None


def test_a_time_without_a_zone_is_rejected() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        UTCDateTime().process_bind_param(datetime(2026, 1, 2), SQLITE)  # noqa: DTZ001 - the error under test


def test_vectors_are_little_endian_bytes() -> None:
    column = Vector()
    stored = column.process_bind_param([1.0, -2.5], SQLITE)
    assert stored == b"\x00\x00\x80\x3f\x00\x00\x20\xc0"
    read = column.process_result_value(stored, SQLITE)
    assert read is not None
    assert read.dtype == np.float32
    assert read.tolist() == [1.0, -2.5]
    with pytest.raises(ValueError, match="one dimension, not 2"):
        column.process_bind_param(np.zeros((2, 2)), SQLITE)


def test_check_in_lists_the_values() -> None:
    constraint = check_in("state", "present", "missing")
    assert (constraint.name, str(constraint.sqltext)) == ("state", "state IN ('present', 'missing')")
