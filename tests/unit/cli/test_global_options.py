"""Options of the program before and after the command."""

from __future__ import annotations

import shlex

import pytest

from catalog.cli.common.exit_codes import EXIT_USAGE
from catalog.cli.common.global_options import global_options_first
from catalog.cli.main import cli, run


@pytest.mark.parametrize(
    ("line", "sorted_line"),
    [
        ("stats --home /h", "--home /h stats"),
        ("stats --home=/h --json", "--home=/h stats --json"),
        ("review list --tagged Rock -q", "-q review list --tagged Rock"),
        ("review list -vv --database-url sqlite:///c.db", "-v -v --database-url sqlite:///c.db review list"),
        ("review -q list", "-q review list"),
        ("--home /a stats -v", "--home /a -v stats"),
        ("write -yq", "-q write -y"),
        ("write --undo -q", "-q write --undo"),
        ("write --undo 2026 -q", "-q write --undo 2026"),
        # The values of options and arguments stay where they are.
        ("sql -p name=-q x", "sql -p name=-q x"),
        ("sql -p --home x", "sql -p --home x"),
        ("review list --artist --home", "review list --artist --home"),
        ("review accept -- --home -q", "review accept -- --home -q"),
        ("audit clusters --compare 1 2 -q", "-q audit clusters --compare 1 2"),
        ("export x -o-q", "export x -o-q"),
        ("sql -", "sql -"),
        # Unknown names are left for click to report.
        ("nonsense --home /h", "--home /h nonsense"),
        ("stats --nonsense", "stats --nonsense"),
        ("stats --home", "--home stats"),
        ("stats --version", "stats --version"),
        ("", ""),
    ],
)
def test_options_of_the_program_are_moved_to_the_front(line: str, sorted_line: str) -> None:
    assert global_options_first(cli, shlex.split(line)) == shlex.split(sorted_line)
    assert global_options_first(cli, shlex.split(sorted_line)) == shlex.split(sorted_line)


def test_a_home_after_the_command_is_used(
    tmp_path: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CATALOG_HOME", raising=False)
    assert run(["stats", "--home", f"{tmp_path}/home"]) == 1
    assert f"{tmp_path}/home/catalog.db" in capsys.readouterr().err


def test_verbose_after_the_command_shows_the_traceback(tmp_path: object) -> None:
    with pytest.raises(Exception, match="no catalog"):
        run(["stats", "--home", f"{tmp_path}/home", "-v"])


def test_a_value_that_is_missing_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stats", "--database-url"]) == EXIT_USAGE
    assert "Error" in capsys.readouterr().err
