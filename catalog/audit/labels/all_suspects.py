"""All doubts: what the sound speaks against, and what other sources, albums and duplicates do, in one ranking."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from catalog.audit.labels.label_evidence import Evidence
from catalog.audit.labels.label_issues import (
    MAX_SUSPECTS,
    MIN_SUSPICION,
    PRIOR_LOG_ODDS,
    Suspect,
    combine_evidence,
    find_suspects,
    genre_relation,
)
from catalog.audit.labels.multilabel_issues import find_multilabel_issues
from catalog.audit.labels.source_conflicts import SourceConflict
from catalog.audit.reasons import cluster_reason
from catalog.learning.dataset.hierarchy import path_to_top

PROBABILITY_MARGIN = 1e-4  # suspicions are kept this far from 0 and 1, where log odds end


def all_suspects(
    evidence: Evidence, *, least: float = MIN_SUSPICION, most: int = MAX_SUSPECTS
) -> list[Suspect]:
    """The suspects, most suspicious first, those that could be more precise among them; none that a person confirmed.

    What speaks against a tag without any model is added, as log odds, to what the sound says. Where the sound says
    nothing, because no model judges the tag or hears it there, it is a suspect by itself.
    """
    judged, terms = evidence.judged, evidence.terms
    sound = combine_evidence(judged, terms) if len(judged.y) else None
    heard = find_suspects(judged, terms, sound=sound, least=least, most=most)
    found = {(one.row, one.genre_id, one.relation == "narrower"): one for one in heard}
    # Where no tag fits, the first is doubted, and a second suspect would ask the same twice.
    wholly = {one.row for one in heard if one.relation != "narrower"}
    for one in find_multilabel_issues(judged, terms, sound=sound, least=least, most=most):
        if one.row not in wholly:
            found[one.row, one.genre_id, False] = one
    for row, contradictions in evidence.conflicts.items():
        place = (row, contradictions[0].genre_id, False)
        suspect = _add_conflicts(evidence, row, contradictions, found.get(place))
        if suspect.suspicion >= least:
            found[place] = suspect
    doubts = [_with_clusters(evidence, one) for one in found.values() if not evidence.is_confirmed[one.row]]
    return sorted(doubts, key=lambda one: (-one.suspicion, one.row, one.genre_id))[:most]


def _with_clusters(evidence: Evidence, doubt: Suspect) -> Suspect:
    """The doubt with what the clusters say for its suggestion: a reason, that changes nothing in the ranking."""
    broader = evidence.terms.broader
    reasons = tuple(
        cluster_reason(name, one.majority_genre_id, one.share)
        for name, one in evidence.clusters.get(doubt.row, ())
        if one.majority_genre_id in path_to_top(doubt.suggested_genre_id, broader)
        or doubt.suggested_genre_id in path_to_top(one.majority_genre_id, broader)
    )
    return replace(doubt, reasons=(*doubt.reasons, *reasons)) if reasons else doubt


def _add_conflicts(
    evidence: Evidence, row: int, contradictions: Sequence[SourceConflict], known: Suspect | None
) -> Suspect:
    first = contradictions[0]
    if known is None:
        known = Suspect(
            row=row,
            genre_id=first.genre_id,
            suggested_genre_id=first.suggested_genre_id,
            suspicion=1 / (1 + math.exp(-PRIOR_LOG_ODDS)),
            relation=genre_relation(first.suggested_genre_id, [first.genre_id], evidence.terms.broader),
            reasons=(),
        )
    held = min(max(known.suspicion, PROBABILITY_MARGIN), 1 - PROBABILITY_MARGIN)
    # One word of each kind: ten copies of a recording are no ten witnesses.
    weight = sum({one.reason["kind"]: one.weight for one in contradictions}.values())
    odds = math.log(held / (1 - held)) + weight
    return replace(
        known,
        suspicion=round(1 / (1 + math.exp(-odds)), 4),
        reasons=(*known.reasons, *(dict(one.reason) for one in contradictions)),
    )
