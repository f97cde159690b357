"""Example SQL queries; they run unchanged on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExampleQuery:
    """A question and the SQL that answers it."""

    question: str
    sql: str


EXAMPLE_QUERIES = (
    ExampleQuery(
        "Which tags should I look at first?",
        "SELECT artist, title, tagged_genre, suggested_genre, suspicion FROM suspects "
        "WHERE decision IS NULL ORDER BY suspicion DESC LIMIT 20",
    ),
    ExampleQuery(
        "Which genres are suggested for untagged tracks?",
        "SELECT artist, title, suggested_genre, suggested_by, probability FROM untagged "
        "WHERE suggested_genre IS NOT NULL AND probability IS NOT NULL ORDER BY probability DESC LIMIT 20",
    ),
    ExampleQuery(
        "Which genres does the model confuse?",
        "SELECT tagged_genre, suggested_genre, count(*) AS tracks FROM predicted_vs_tagged "
        "WHERE relation IN ('sibling', 'different') "
        "GROUP BY tagged_genre, suggested_genre ORDER BY tracks DESC LIMIT 20",
    ),
    ExampleQuery(
        "Which artists are tagged with several genres?",
        "SELECT artist, count(DISTINCT tagged_genre) AS genres, count(*) AS tracks FROM predicted_vs_tagged "
        "WHERE artist IS NOT NULL AND tagged_genre IS NOT NULL "
        "GROUP BY artist HAVING count(DISTINCT tagged_genre) > 1 ORDER BY genres DESC, tracks DESC LIMIT 20",
    ),
    ExampleQuery(
        "Which tracks sound mellow, in any genre?",
        "SELECT p.artist, p.title, p.tagged_genre, a.probability FROM auto_tag a "
        "JOIN predicted_vs_tagged p ON p.track_id = a.track_id "
        "WHERE a.tag = 'Mellow' ORDER BY a.probability DESC LIMIT 20",
    ),
)
