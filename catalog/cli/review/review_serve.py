"""`catalog review serve`: the review page."""

from __future__ import annotations

import secrets
import webbrowser

import click

from catalog.cli.common.audit_notice import warn_of_stale_audit
from catalog.cli.common.command_group import examples
from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import say, warn
from catalog.cli.review.review_decisions import ReviewerName, login
from catalog.settings import Settings
from catalog.text import printable


@click.command(
    "serve",
    epilog=examples(
        "catalog review serve --open",
        "catalog review serve --reviewer ada --reviewer ben --port 8800",
    ),
)
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, help="Port to listen on; 0: any free port."
)
@click.option("--url", metavar="URL", help="Public URL, if the page is behind a proxy such as nginx.")
@click.option(
    "--reviewer",
    "reviewers",
    metavar="NAME",
    type=ReviewerName(),
    multiple=True,
    help="Reviewer to print a link for. Repeatable.  [default: all reviewers, else the login name]",
)
@click.option(
    "--viewer",
    "viewers",
    metavar="NAME",
    type=ReviewerName(),
    multiple=True,
    help="Person to print a read-only link for. Repeatable.",
)
@click.option(
    "--trust-header",
    metavar="HEADER",
    help="Header in which the proxy names the person, for example X-Remote-User. Reviewers decide, others read only.",
)
@click.option(
    "--trusted-proxy",
    "proxies",
    metavar="ADDRESS",
    multiple=True,
    default=("127.0.0.1", "::1"),
    help="IP address of a proxy whose header is believed. Repeatable.  [default: this machine]",
    show_default=False,
)
@click.option("--open/--no-open", "open_it", default=False, help="Open the page in the browser.")
@pass_settings
def serve_verb(
    settings: Settings,
    /,
    host: str,
    port: int,
    url: str | None,
    reviewers: tuple[str, ...],
    viewers: tuple[str, ...],
    trust_header: str | None,
    proxies: tuple[str, ...],
    open_it: bool,
) -> None:
    """Review flagged tags in the browser; runs until Ctrl-C.

    Prints one link per reviewer, which is valid until the server stops. Decisions are stored immediately. For a
    permanent link see: catalog review reviewers add NAME
    """
    from catalog.review.reviewer import list_reviewers
    from catalog.web.app_state import open_app_state
    from catalog.web.auth import Auth, TrustedHeader, make_links
    from catalog.web.server import address_of, open_socket, serve

    with open_catalog(settings) as database, open_socket(host, port) as socket:
        address = address_of(socket, host, url)
        with database.write() as connection:
            has_no_reviewer = all(each.revoked_at is not None for each in list_reviewers(connection))
            links = make_links(connection, reviewers or ([login()] if has_no_reviewer else []))
            warn_of_stale_audit(connection)
        if reviewers:
            links = {name: token for name, token in links.items() if name in reviewers}
        links |= {name: secrets.token_urlsafe(32) for name in viewers if name not in links}
        addresses = {name: f"{address.base}/enter/{token}" for name, token in links.items()}
        if not address.is_private and not address.is_encrypted:
            warn(
                f"{host} is reachable from other hosts without encryption; "
                "use it in a trusted network, or behind a proxy with --url https://..."
            )
        header = None if trust_header is None else TrustedHeader(trust_header, frozenset(proxies))
        auth = Auth(links, viewers=set(viewers) - set(reviewers), header=header)
        site = open_app_state(database, address, auth, settings)

        def announce() -> None:
            for name, link in addresses.items():
                click.echo(f"{printable(name)}\t{link}" if len(addresses) > 1 else link)
            say("Each link identifies one reviewer. Do not share it. Ctrl-C stops the server")
            if open_it:
                # A single-use link: other users of this machine can read the browser's arguments.
                invitation = site.auth.invite(next(iter(links)))
                if not webbrowser.open(f"{address.base}/enter/{invitation}"):
                    say("no browser was found; open the link manually")

        serve(site, socket, on_start=announce)
        say("stopped; all decisions are stored")
