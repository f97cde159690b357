"""Settings: a flag before the config file, the config file before the default; a bad file in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.db.database import open_database
from catalog.settings import ConfigError, default_home, make_settings, read_config


def test_the_defaults(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "home")
    assert settings.database_url == f"sqlite:///{tmp_path}/home/catalog.db"
    assert settings.redis_url is None
    assert (settings.models, settings.report, settings.run) == tuple(
        tmp_path / "home" / name for name in ("models", "report", "run")
    )
    assert make_settings().home == default_home()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a b?c=d", "50%25 off", "#1", "dé", "a'b\"c&d+e", "a:b@c"])
def test_the_database_is_in_the_home_whatever_the_name_of_the_folder(tmp_path: Path, name: str) -> None:
    settings = make_settings(tmp_path / name)
    database = open_database(settings.database_url)
    assert database.file == tmp_path / name / "catalog.db"
    # As a worker is told.
    again = open_database(database.url.render_as_string(hide_password=False))
    assert again.file == database.file


def test_the_config_file_gives_way_to_a_flag(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('database_url = "postgresql://a/b"\n[sql]\nlimit = 5\n')
    assert make_settings(tmp_path).database_url == "postgresql://a/b"
    assert make_settings(tmp_path, "postgresql://c/d").database_url == "postgresql://c/d"
    assert read_config(tmp_path)["sql"] == {"limit": 5}


def test_a_home_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert make_settings(Path("here")).home == tmp_path / "here"
    assert make_settings(Path("~/music")).home == tmp_path / "me" / "music"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = \n", "line 1"),
        ("databse_url = 'x'", "databse_url is not a setting"),
        ("sql = 5", "sql is not a setting"),
        ("redis_url = 5", "redis_url must be a string"),
        ("[sql", "end of document"),
    ],
)
def test_a_bad_config_file_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        make_settings(tmp_path)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_config_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"config\.toml"):
        read_config(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="Not a directory"):
        read_config(tmp_path / "file" / "home")


def test_an_account_without_a_home_folder_must_choose_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What platformdirs returns if HOME is unset and the user is not in the list of accounts.
    monkeypatch.setattr("catalog.settings.default_home", lambda: Path("~/.local/share/catalog"))
    with pytest.raises(ConfigError, match="choose a folder with --home"):
        make_settings()
    assert make_settings(tmp_path).command == f"catalog --home {tmp_path}"
