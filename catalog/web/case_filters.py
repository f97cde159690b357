"""The filters of the case list, and the options to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import collection, decision, genre, review_case
from catalog.db.track_query import latest_audit
from catalog.review.case_list import Filters
from catalog.review.suspect_filters import is_in_effect
from catalog.web.request import ReviewRequest, validated_text

Source = Literal["file", "import", "person"]
SOURCES: dict[Source, str] = {"file": "the file", "import": "an imported list", "person": "a person"}
LONGEST = 500


@dataclass(frozen=True, slots=True)
class GenrePair:
    """A tagged and a suggested genre, with the number of their cases."""

    tagged: str
    suggested: str
    cases: int

    @property
    def value(self) -> str:
        """The value of the option in the form."""
        return f"{self.tagged}\n{self.suggested}"


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """The options of the filters."""

    pairs: tuple[GenrePair, ...]
    """The most cases first."""
    collections: tuple[str, ...]
    reviewers: tuple[str, ...]
    """Reviewers with at least one decision."""
    sources: Mapping[Source, str]


def read_filters(data: Mapping[str, Any]) -> Filters:
    """The filters in a request: `text`, `pair`, `collection`, `source`, `reviewer`. Empty values are ignored.

    The filter by reviewer includes all cases with a decision of theirs, not only open ones.
    """

    def text(name: str) -> str | None:
        return validated_text(data.get(name), LONGEST)

    tagged, _, suggested = (text("pair") or "").partition("\n")
    source = text("source")
    reviewer = text("reviewer")
    return Filters(
        tagged=tagged or None,
        suggested=suggested or None,
        collection=text("collection"),
        text=(text("text") or "").strip() or None,
        source=source if source in SOURCES else None,
        reviewer=reviewer,
        state="all" if reviewer else "open",
    )


def request_filters(request: ReviewRequest) -> Filters:
    """The filters of the queue in the body of a request; a search narrows only the list of cases."""
    filters = request.data.get("filters")
    return replace(read_filters(filters if isinstance(filters, Mapping) else {}), text=None)


def filter_choices(connection: Connection) -> FilterChoices:
    """The options in the latest audit."""
    tagged, suggested = genre.alias("tagged"), genre.alias("suggested")
    pairs = connection.execute(
        sa.select(tagged.c.name, suggested.c.name, sa.func.count())
        .join_from(review_case, tagged, tagged.c.id == review_case.c.genre_id)
        .join(suggested, suggested.c.id == review_case.c.suggested_genre_id)
        .where(review_case.c.audit_id == latest_audit("labels"))
        .group_by(tagged.c.name, suggested.c.name)
        .order_by(sa.func.count().desc(), tagged.c.name, suggested.c.name)
    )
    reviewers = sa.select(decision.c.reviewer).where(is_in_effect(decision)).distinct()
    return FilterChoices(
        pairs=tuple(GenrePair(*row) for row in pairs),
        collections=tuple(
            connection.execute(sa.select(collection.c.name).order_by(collection.c.name)).scalars()
        ),
        reviewers=tuple(connection.execute(reviewers.order_by(decision.c.reviewer)).scalars()),
        sources=SOURCES,
    )
