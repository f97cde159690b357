"""The pages that a person opens, and the lists that they ask for."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from catalog.genres.fold import fold
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.review.audit_sample.review_progress import review_progress
from catalog.review.audit_sample.sample_size import MIN_JUDGMENTS
from catalog.review.case_list import list_cases
from catalog.web.app_state import AppState
from catalog.web.case_filters import filter_choices, read_filters
from catalog.web.rendering import fragment, render
from catalog.web.request import ReviewRequest, unauthenticated

THIRTY_DAYS = 30 * 24 * 3600
FOUND = 12


def enter(request: Request) -> Response:
    """Takes the token of a link into a cookie and leads to the page."""
    site: AppState = request.app.state.site
    token = site.access.redeem(request.path_params["token"])
    with site.database.read() as connection:
        name = site.access.reviewer(connection, token)
    if name is None:
        return unauthenticated(request)
    # A redirect would still be part of the visit that began elsewhere, in a mail say, and a strict cookie not be sent:
    # the page that is left behind leads on by itself.
    response = render("enter.html", reviewer=name)
    response.set_cookie(
        site.address.cookie,
        token,
        max_age=THIRTY_DAYS,
        httponly=True,
        samesite="strict",
        secure=site.address.is_encrypted,
    )
    return response


def review(visit: ReviewRequest) -> Response:
    """The page to decide on; the question itself is fetched."""
    with visit.site.database.read() as connection:
        choices = filter_choices(connection)
    return render("review.html", reviewer=visit.reviewer, choices=choices, page="review")


def progress(visit: ReviewRequest) -> Response:
    """How far the review is."""
    with visit.site.database.read() as connection:
        found = review_progress(connection)
    return render(
        "progress.html",
        reviewer=visit.reviewer,
        found=found,
        fewest=MIN_JUDGMENTS,
        command=visit.site.command,
        page="progress",
    )


def cases(visit: ReviewRequest) -> Response:
    """A page of the list of cases, as HTML."""
    asked = visit.request.query_params
    number = asked.get("page", "1")
    filters = read_filters(asked)
    with visit.site.database.read() as connection:
        found = list_cases(
            connection, filters, page=int(number) if number.isdecimal() and len(number) < 9 else 1
        )
    return JSONResponse(
        {"html": fragment("cases.html", found=found, reviewer=visit.reviewer, narrowed=filters.narrows)}
    )


def genres(visit: ReviewRequest) -> Response:
    """The genres of the vocabulary that a search fits, the likeliest first: what begins so, then what holds it."""
    wanted = fold(visit.request.query_params.get("q", "")[:100])
    with visit.site.database.read() as connection:
        vocabulary = load_vocabulary(connection)
    spellings = [(term.folded, term.id) for term in vocabulary.terms]
    spellings += [(alias.folded, alias.genre_id) for alias in vocabulary.aliases]
    fitting = sorted(
        (not folded.startswith(wanted), len(folded), folded, genre_id)
        for folded, genre_id in spellings
        if wanted and wanted in folded
    )
    found = []
    for genre_id in list(dict.fromkeys(each[-1] for each in fitting))[:FOUND]:
        term = vocabulary.by_id[genre_id]
        broader = vocabulary.by_id.get(term.parent_id) if term.parent_id is not None else None
        found.append({"id": term.id, "name": term.name, "broader": broader.name if broader else None})
    return JSONResponse(found)
