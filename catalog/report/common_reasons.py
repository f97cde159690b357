"""The reasons of a case in words: what its tracks have in common instead of the same sentence for each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from catalog.report.formatting import LONGEST_GENRE, safe_text, words

MOST_REASONS = 3


def common_reasons(tracks: Sequence[Any]) -> tuple[str, ...]:
    """At most three sentences on the tracks of a case, each given by its reasons as an audit wrote them.

    One track keeps its sentences. Numbers that differ from track to track are summed up for the kinds of reason that
    are known here; of other kinds the sentences that hold for the most tracks are kept.
    """
    if len(tracks) == 1:
        return tuple(dict.fromkeys(words(tracks[0])))[:MOST_REASONS]
    by_kind: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    others: Counter[str] = Counter()
    for reasons in tracks:
        for reason in reasons if isinstance(reasons, list) else [reasons]:
            kind = reason.get("kind") if isinstance(reason, Mapping) else None
            if isinstance(kind, str) and kind in _SUMMARIES:
                by_kind[kind].append(reason)
            else:
                others.update(dict.fromkeys(words(reason), 1))
    sentences = []
    for kind, summary in _SUMMARIES.items():
        if found := by_kind[kind]:
            try:
                sentences.append(summary(found))
            except (KeyError, TypeError, ValueError):
                # Not as we know it: the audit's own sentences will do.
                others.update(text for reason in found for text in dict.fromkeys(words(reason)))
    sentences += [sentence for sentence, _ in others.most_common(MOST_REASONS)]
    return tuple(sentences[:MOST_REASONS])


def _sound(reasons: Sequence[Mapping[str, Any]]) -> str:
    heard = median(float(reason["probability"]) for reason in reasons)
    left = median(float(reason["tagged_probability"]) for reason in reasons)
    genre, tagged = (safe_text(reasons[0][name], LONGEST_GENRE) for name in ("genre", "tagged"))
    return f"typically heard as {genre} with {heard:.2f}; the tag {tagged} gets {left:.2f}"


def _neighbors(reasons: Sequence[Mapping[str, Any]]) -> str:
    agreeing, of = (sum(int(reason[name]) for reason in reasons) for name in ("tracks", "of"))
    genre = safe_text(reasons[0]["genre"], LONGEST_GENRE)
    return f"{agreeing:,} of the {of:,} nearest neighbors by other artists are {genre}"


_SUMMARIES = {"audio": _sound, "neighbors": _neighbors}
