"""The reasons of a case as sentences: one summary for all tracks instead of one sentence for each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median

from catalog.audit.reasons import GenreNames, Reason, describe_reason
from catalog.text import percent

MOST_REASONS = 3


def common_reasons(tracks: Sequence[Sequence[Reason]], genre_names: GenreNames) -> tuple[str, ...]:
    """At most three sentences on the tracks of a case, from the stored reasons of each track and printable genre names.

    A single track keeps its sentences. Predictions and neighbors of several tracks are summarized in numbers; of the
    other kinds the sentences that hold for the most tracks are kept.
    """
    if len(tracks) == 1:
        sentences = [describe_reason(reason, genre_names) for reason in tracks[0]]
    else:
        by_kind: defaultdict[str, list[Reason]] = defaultdict(list)
        others: Counter[str] = Counter()
        for reasons in tracks:
            for reason in reasons:
                if reason["kind"] in _SUMMARIES:
                    by_kind[reason["kind"]].append(reason)
                else:
                    others[describe_reason(reason, genre_names)] += 1
        sentences = [
            summarize(by_kind[kind], genre_names) for kind, summarize in _SUMMARIES.items() if by_kind[kind]
        ]
        sentences += [sentence for sentence, _ in others.most_common(MOST_REASONS)]
    return tuple(sentences[:MOST_REASONS])


def _summarize_predictions(reasons: Sequence[Reason], genre_names: GenreNames) -> str:
    probability = median(reason["probability"] for reason in reasons)
    tagged_probability = median(reason["tagged_probability"] for reason in reasons)
    genre, tag = (genre_names[reasons[0][field]] for field in ("genre_id", "tagged_genre_id"))
    return f"Typically predicted {genre} ({percent(probability)}); the tag {tag} gets {percent(tagged_probability)}"


def _summarize_neighbors(reasons: Sequence[Reason], genre_names: GenreNames) -> str:
    totals = {field: sum(reason[field] for reason in reasons) for field in ("tracks", "of")}
    return describe_reason({**reasons[0], **totals}, genre_names)


_SUMMARIES = {"prediction": _summarize_predictions, "neighbors": _summarize_neighbors}
