"""Typed settings. Precedence: command-line option, environment variable, config file, default."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any
from urllib.parse import quote as quote_url

from platformdirs import user_data_path

from catalog.errors import CatalogError

URLS = ("database_url", "redis_url")
"""The keys of `config.toml` outside the tables of commands."""

SURROGATE = re.compile("[\ud800-\udfff]")
"""A byte that is not text, as Python decodes it in file names."""


class ConfigError(CatalogError):
    """An invalid config file, with file and line."""


@dataclass(frozen=True)
class Settings:
    """The locations of the catalog."""

    home: Path
    """Holds `catalog.db`, `config.toml`, `models/`, `report/` and `run/`."""
    database_url: str = field(repr=False)
    """`sqlite:///FILE` or `postgresql://user@host/name`."""
    redis_url: str | None = field(repr=False)
    """A Redis server to use instead of the embedded one."""

    @property
    def command(self) -> str:
        """The shell command for this catalog, with `--home` if it is not the default."""
        return "catalog" if self.home == default_home() else f"catalog --home {quote(str(self.home))}"

    @property
    def models(self) -> Path:
        """The folder of model artifacts."""
        return self.home / "models"

    @property
    def report(self) -> Path:
        """The folder of reports."""
        return self.home / "report"

    @property
    def run(self) -> Path:
        """The folder of the embedded Redis: socket, lock and data."""
        return self.home / "run"


def default_home() -> Path:
    """The platform's data folder for this program."""
    return user_data_path("catalog", appauthor=False)


def make_settings(
    home: Path | None = None, database_url: str | None = None, redis_url: str | None = None
) -> Settings:
    """Settings; missing values come from `config.toml` in the home, then from the defaults.

    Raises ConfigError if no home is given and the account has no home folder, and for a home whose name is not text.
    """
    if home is None and not default_home().is_absolute():
        raise ConfigError("this account has no home folder; choose a folder with --home or CATALOG_HOME")
    home = (home or default_home()).expanduser().absolute()
    if SURROGATE.search(str(home)):
        raise ConfigError(f"the name of the folder {home} is not valid text; choose another with --home")
    config = read_config(home)
    return Settings(
        home=home,
        # Quoted: a question mark in a folder name would begin the query of the URL.
        database_url=database_url
        or config.get("database_url")
        or f"sqlite:///{quote_url(str(home / 'catalog.db'))}",
        redis_url=redis_url or config.get("redis_url"),
    )


def read_config(home: Path) -> dict[str, Any]:
    """Reads `config.toml` in the home; a table with the name of a command has defaults for its options.

    Raises ConfigError, with file and line.
    """
    path = home / "config.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from None
    try:
        config = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    for name, value in config.items():
        if name in URLS and not isinstance(value, str):
            raise ConfigError(f"{path}: {name} must be a string in quotes")
        if name not in URLS and not isinstance(value, dict):
            raise ConfigError(
                f"{path}: {name} is not a setting; the settings are {' and '.join(URLS)}, "
                "and a table [COMMAND] with the options of each command"
            )
    return config
