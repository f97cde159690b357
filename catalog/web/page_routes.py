"""GET routes: pages, the list of cases, the genre search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from catalog.genres.fold import fold
from catalog.genres.vocabulary_store import load_vocabulary
from catalog.review.audit_sample.review_progress import review_progress
from catalog.review.audit_sample.sample_size import MIN_JUDGMENTS
from catalog.review.case_list import list_cases
from catalog.review.track_search import search_tracks
from catalog.web.app_state import AppState
from catalog.web.case_filters import filter_choices, read_filters
from catalog.web.rendering import fragment, render
from catalog.web.request import ReviewRequest, unauthenticated
from catalog.web.review_item_view import unwritten_decisions

INDEX = "index.html"
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
)
"""The report has its styles and pictures inside and no script."""
THIRTY_DAYS = 30 * 24 * 3600
MOST_RESULTS = 12


def enter(request: Request) -> Response:
    """Stores the token of a link in a cookie and forwards to the page."""
    state: AppState = request.app.state.app_state
    token = state.auth.redeem(request.path_params["token"])
    with state.database.read() as connection:
        visitor = state.auth.visitor(connection, token, {}, None)
    if visitor is None:
        return unauthenticated(request)
    # After a link in a mail, a browser would follow a redirect without the strict cookie. A page with a meta refresh
    # starts a same-site navigation.
    response = render("enter.html", reviewer=visitor.name)
    response.set_cookie(
        state.address.cookie,
        token,
        max_age=THIRTY_DAYS,
        httponly=True,
        samesite="strict",
        secure=state.address.is_encrypted,
    )
    return response


def review(request: ReviewRequest) -> Response:
    """The review page; its script fetches the case."""
    with request.state.database.read() as connection:
        choices = filter_choices(connection)
    return _page("review", request, choices=choices)


def _page(name: str, request: ReviewRequest, **values: Any) -> Response:
    """A page with the header."""
    return render(
        f"{name}.html",
        page=name,
        reviewer=request.reviewer,
        has_report=_report_file(request, INDEX).is_file(),
        command=request.state.command,
        **values,
    )


def report(request: ReviewRequest) -> Response:
    """A file of the report: the first page, or a model card."""
    path = _report_file(request, request.http.path_params["name"])
    if path.suffix != ".html" or not path.is_file():
        return Response("no such report", status_code=404)
    return FileResponse(path, media_type="text/html", headers={"Content-Security-Policy": REPORT_POLICY})


def _report_file(request: ReviewRequest, name: str) -> Path:
    settings = request.state.settings
    return Path() if settings is None else settings.report / Path(name).name


def progress(request: ReviewRequest) -> Response:
    """The progress page."""
    with request.state.database.read() as connection:
        progress_data = review_progress(connection)
        unwritten = unwritten_decisions(connection)
    return _page("progress", request, progress=progress_data, fewest=MIN_JUDGMENTS, unwritten=unwritten)


def cases(request: ReviewRequest) -> Response:
    """One page of the list of cases, as HTML."""
    parameters = request.http.query_params
    number = parameters.get("page", "1")
    filters = read_filters(parameters)
    with request.state.database.read() as connection:
        page = list_cases(
            connection, filters, page=int(number) if number.isdecimal() and len(number) < 9 else 1
        )
        tracks = search_tracks(connection, filters.text) if filters.text else ()
    html = fragment(
        "cases.html",
        cases_page=page,
        tracks=tracks,
        reviewer=request.reviewer,
        is_filtered=filters.narrows,
    )
    return JSONResponse({"html": html})


def genres(request: ReviewRequest) -> Response:
    """The genres that match a search: first names that begin with the text, then names that contain it."""
    text = fold(request.http.query_params.get("q", "")[:100])
    with request.state.database.read() as connection:
        vocabulary = load_vocabulary(connection)
    spellings = [(term.folded, term.id) for term in vocabulary.terms]
    spellings += [(alias.folded, alias.genre_id) for alias in vocabulary.aliases]
    matches = sorted(
        (not folded.startswith(text), len(folded), folded, genre_id)
        for folded, genre_id in spellings
        if text and text in folded
    )
    results = []
    for genre_id in list(dict.fromkeys(match[-1] for match in matches))[:MOST_RESULTS]:
        term = vocabulary.by_id[genre_id]
        broader = vocabulary.by_id.get(term.parent_id) if term.parent_id is not None else None
        results.append({"id": term.id, "name": term.name, "broader": broader.name if broader else None})
    return JSONResponse(results)
