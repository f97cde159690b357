"""All suspects in one ranking: by the model, and by conflicts between sources, albums and duplicates."""

import math
from collections.abc import Sequence
from dataclasses import replace

from catalog.audit.labels.decision_feedback import shifted
from catalog.audit.labels.label_evidence import Evidence
from catalog.audit.labels.label_issues import (
    MAX_SUSPECTS,
    MIN_SUSPICION,
    PRIOR_LOG_ODDS,
    Suspect,
    find_suspects,
    genre_relation,
)
from catalog.audit.labels.model_evidence import combine_evidence
from catalog.audit.labels.multilabel_issues import find_multilabel_issues
from catalog.audit.labels.source_conflicts import SourceConflict
from catalog.audit.reasons import cluster_reason
from catalog.learning.dataset.hierarchy import path_to_top

PROBABILITY_MARGIN = 1e-4  # suspicions are kept this far from 0 and 1, where log odds are infinite


def all_suspects(
    evidence: Evidence, *, least: float = MIN_SUSPICION, most: int = MAX_SUSPECTS
) -> list[Suspect]:
    """The suspects and narrower suggestions, most suspicious first, without labels that a person confirmed.

    A conflict of sources adds its log odds to the suspicion from the model. If no model covers the tag, or the model
    agrees with it, the conflict alone makes a suspect. Earlier decisions on the same pair of genres and the same artist
    shift the suspicion (see `catalog.audit.labels.decision_feedback`).
    """
    audited, genres = evidence.audited, evidence.genres
    opinions = combine_evidence(audited, genres) if len(audited.y) else None
    by_model = find_suspects(audited, genres, opinions=opinions, least=least, most=most)
    suspects = {(each.row, each.genre_id, each.relation == "narrower"): each for each in by_model}
    # If no tag fits, the first tag is the suspect. A second suspect would ask the same question again.
    without_fitting_tag = {each.row for each in by_model if each.relation != "narrower"}
    for suspect in find_multilabel_issues(audited, genres, opinions=opinions, least=least, most=most):
        if suspect.row not in without_fitting_tag:
            suspects[suspect.row, suspect.genre_id, False] = suspect
    for row, conflicts in evidence.conflicts.items():
        key = (row, conflicts[0].genre_id, False)
        suspect = _add_conflicts(evidence, row, conflicts, suspects.get(key))
        if suspect.suspicion >= least:
            suspects[key] = suspect
    unconfirmed = [
        _add_cluster_reasons(evidence, _apply_feedback(evidence, each))
        for each in suspects.values()
        if not evidence.is_confirmed[each.row]
    ]
    unconfirmed = [each for each in unconfirmed if each.suspicion >= least]
    return sorted(unconfirmed, key=lambda each: (-each.suspicion, each.row, each.genre_id))[:most]


def _apply_feedback(evidence: Evidence, suspect: Suspect) -> Suspect:
    """The suspect with the suspicion that earlier decisions on its pair of genres and its artist leave."""
    if suspect.relation == "narrower":
        return suspect
    artist = evidence.artist_ids[suspect.row]
    shift = evidence.feedback.shift(suspect.genre_id, suspect.suggested_genre_id, artist)
    return replace(suspect, suspicion=round(shifted(suspect.suspicion, shift), 4)) if shift else suspect


def _add_cluster_reasons(evidence: Evidence, suspect: Suspect) -> Suspect:
    """The suspect with the clusters that support its suggestion as reasons. They do not change the ranking."""
    broader = evidence.genres.broader
    reasons = tuple(
        cluster_reason(feature_set, outlier.majority_genre_id, outlier.share)
        for feature_set, outlier in evidence.outliers.get(suspect.row, ())
        if outlier.majority_genre_id in path_to_top(suspect.suggested_genre_id, broader)
        or suspect.suggested_genre_id in path_to_top(outlier.majority_genre_id, broader)
    )
    return replace(suspect, reasons=(*suspect.reasons, *reasons)) if reasons else suspect


def _add_conflicts(
    evidence: Evidence, row: int, conflicts: Sequence[SourceConflict], suspect: Suspect | None
) -> Suspect:
    """The suspect, or a new one, with the log odds and reasons of the conflicts."""
    if suspect is None:
        tag, suggested = conflicts[0].genre_id, conflicts[0].suggested_genre_id
        suspect = Suspect(
            row=row,
            genre_id=tag,
            suggested_genre_id=suggested,
            suspicion=1 / (1 + math.exp(-PRIOR_LOG_ODDS)),
            relation=genre_relation(suggested, [tag], evidence.genres.broader),
            reasons=(),
        )
    bounded = min(max(suspect.suspicion, PROBABILITY_MARGIN), 1 - PROBABILITY_MARGIN)
    # One conflict of each kind counts: ten copies of a recording are not ten independent votes.
    weight = sum({each.reason["kind"]: each.weight for each in conflicts}.values())
    odds = math.log(bounded / (1 - bounded)) + weight
    return replace(
        suspect,
        suspicion=round(1 / (1 + math.exp(-odds)), 4),
        reasons=(*suspect.reasons, *(dict(each.reason) for each in conflicts)),
    )
