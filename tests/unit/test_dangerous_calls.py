"""What the program does not use at all: pickle from anywhere, shells, XML parsers, evaluated text, guessable names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
SOURCES = [
    path
    for room in ("catalog", "workers", "migrations", "tools")
    for path in sorted((HOUSE / room).rglob("*.py"))
]

UNPICKLING = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
PARSING = {"xml", "lxml", "tarfile", "yaml", "plistlib"}
"""Of entities, links and tags of code that a stranger's file may hold; whoever needs one looks at that first."""
CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "tempfile.mktemp", "pty.spawn"}
READERS = {"read_pickle", "to_pickle", "PickleSerializer", "DefaultSerializer", "Unpickler", "Markup"}


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 200


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_nothing_dangerous_is_used(path: Path) -> None:
    assert list(faults(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("import pickle", "pickle"),
        ("from joblib import load", "joblib"),
        ("import xml.etree.ElementTree as E", "xml"),
        ("np.load(f)", "np.load"),
        ("np.load(f, allow_pickle=True)", "np.load"),
        ("subprocess.run(x, shell=True)", "shell"),
        ("os.system('ls')", "os.system"),
        ("Queue('q')", "Queue"),
        ("from rq.serializers import PickleSerializer", "PickleSerializer"),
        ("skops.io.loads(x)", "trusted"),
        ("skops.io.loads(x, trusted=skops.io.get_untrusted_types(data=x))", "trusted"),
        ("jinja2.Environment()", "autoescape"),
    ],
)
def test_it_would_be_found(code: str, fault: str) -> None:
    assert fault in " ".join(faults(ast.parse(code)))


def faults(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if _root(each.name) in UNPICKLING | PARSING)
        elif isinstance(node, ast.ImportFrom):
            if _root(node.module or "") in UNPICKLING | PARSING:
                yield node.module or ""
            yield from (each.name for each in node.names if each.name in READERS)
        elif isinstance(node, ast.Attribute) and node.attr in READERS:
            yield node.attr
        elif isinstance(node, ast.Call):
            yield from _call_faults(node)


def _call_faults(call: ast.Call) -> Iterator[str]:
    name = ast.unparse(call.func)
    given = {each.arg: ast.unparse(each.value) for each in call.keywords}
    if name in CALLS:
        yield name
    if name in {"np.load", "numpy.load"} and given.get("allow_pickle") != "False":
        yield f"{name} without allow_pickle=False"
    if "shell" in given and given["shell"] != "False":
        yield f"{name} by a shell"
    # rq's classes take pickle where nothing else is said.
    if name in {"Queue", "Worker", "Job.fetch"} and given.get("serializer") != "JSONSerializer":
        yield f"{name} without serializer=JSONSerializer"
    if name.endswith("skops.io.loads") and given.get("trusted") != "sorted(TRUSTED)":
        yield f"{name} with other types than those in TRUSTED: trusted={given.get('trusted')}"
    if name.endswith("jinja2.Environment") and given.get("autoescape") != "True":
        yield f"{name} without autoescape=True"


def _root(module: str) -> str:
    return module.partition(".")[0]
