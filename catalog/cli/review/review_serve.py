"""`review serve`: the page to decide on."""

from __future__ import annotations

import webbrowser

import click

from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import say, warn
from catalog.cli.review.review_decide import ReviewerName, login
from catalog.settings import Settings
from catalog.text import printable


@click.command("serve")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, help="Where to listen; 0: any that is free."
)
@click.option("--url", metavar="URL", help="Where people reach it, if a proxy such as nginx stands in front.")
@click.option(
    "--reviewer",
    "reviewers",
    metavar="NAME",
    type=ReviewerName(),
    multiple=True,
    help="Somebody who may decide; again for several.  [default: all that there are, else the login name]",
)
@click.option("--open/--no-open", "open_it", default=False, help="Show it in the browser.")
@pass_settings
def serve_verb(
    settings: Settings, host: str, port: int, url: str | None, reviewers: tuple[str, ...], open_it: bool
) -> None:
    """Decide in the browser: listen, look, and press a key. Runs until Ctrl-C.

    Prints one link for every reviewer, which holds as long as the page runs; what is decided is written at once.
    A link for longer: catalog review reviewers add NAME
    """
    from catalog.review.reviewer import list_reviewers
    from catalog.web.app_state import open_app_state
    from catalog.web.auth import make_links
    from catalog.web.server import address_of, listen, serve

    with open_catalog(settings) as database, listen(host, port) as listening:
        address = address_of(listening, host, url)
        with database.write() as connection:
            nobody = all(each.revoked_at is not None for each in list_reviewers(connection))
            links = make_links(connection, reviewers or ([login()] if nobody else []))
        if reviewers:
            links = {name: token for name, token in links.items() if name in reviewers}
        addresses = {name: f"{address.base}/enter/{token}" for name, token in links.items()}
        if not address.is_private and not address.is_encrypted:
            warn(
                f"{host} can be reached by others, and what they send is not encrypted; "
                "use it in a network that you trust, or behind a proxy with --url https://..."
            )

        site = open_app_state(database, address, links, settings)

        def announce() -> None:
            for name, link in addresses.items():
                click.echo(f"{printable(name)}\t{link}" if len(addresses) > 1 else link)
            say("a link is as good as a signature: give each reviewer their own. Ctrl-C stops the page")
            if open_it:
                # The browser gets it as an argument, which everybody on this machine can read.
                invitation = site.access.invite(next(iter(links)))
                if not webbrowser.open(f"{address.base}/enter/{invitation}"):
                    say("no browser was found; open the link yourself")

        serve(site, listening, on_start=announce)
        say("stopped; what was decided is kept")
