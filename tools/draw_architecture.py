"""Draws docs/explanation/packages.svg: the packages as layers, read from the import contract in pyproject.toml.

python tools/draw_architecture.py          writes the file
python tools/draw_architecture.py --check  fails if the file is out of date
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "explanation" / "packages.svg"

PURPOSES = {
    "cli": "commands: parse, call, print",
    "web": "review page",
    "health": "checks of catalog doctor",
    "pipeline": "the order of ingest",
    "report": "HTML report, model card, figures",
    "writeback": "genre tags written to files, with undo",
    "review": "cases, decisions, audit sample",
    "workers": "broker, RQ workers, worker pool",
    "audit": "suspects, clusters, duplicates",
    "learning": "training, evaluation, registry, prediction",
    "similarity": "nearest neighbors, duplicates",
    "collection": "scan, labels, FMA, statements",
    "features": "stored feature sets and vectors",
    "csvio": "CSV reading with line-level errors",
    "genres": "vocabulary and normalization",
    "audio": "decoding, kernels, feature sets",
    "db": "tables, views, queries, transfer",
    "settings": "flag, environment, config file",
}
GROUPS = (
    ("Interface", ("cli", "web", "health", "pipeline", "report")),
    ("Decisions", ("writeback", "review")),
    ("Work", ("workers",)),
    ("Analysis", ("audit", "learning", "similarity")),
    ("Input", ("collection", "features", "csvio", "genres")),
    ("Foundation", ("audio", "db", "settings")),
)
COLORS = ("#1f5f8b", "#2a7f7a", "#6b5ca5", "#8a4f7d", "#9a6324", "#4f5b66")
WIDTH, ROW, GAP, LEFT = 760, 30, 4, 110


def layers() -> list[str]:
    """Package names from top to bottom, as the first import contract orders them."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = config["tool"]["importlinter"]["contracts"][0]
    return [layer.split(" | ")[0].removeprefix("catalog.") for layer in contract["layers"]]


def svg() -> str:
    """Returns the SVG."""
    names = [name for name in layers() if name in PURPOSES]
    parts, top = [], 34
    for (group, members), color in zip(GROUPS, COLORS, strict=True):
        rows = [name for name in names if name in members]
        height = len(rows) * (ROW + GAP) - GAP
        parts.append(
            f'<text x="{LEFT - 14}" y="{top + height / 2 + 5:.0f}" text-anchor="end" class="group">{group}</text>'
        )
        for name in rows:
            shown = (
                "workers/"
                if name == "workers"
                else f"catalog/{name}" + (".py" if name in {"health", "settings"} else "/")
            )
            parts.append(
                f'<rect x="{LEFT}" y="{top}" width="{WIDTH - LEFT - 16}" height="{ROW}" rx="4" fill="{color}"/>'
                f'<text x="{LEFT + 14}" y="{top + 20}" class="name">{shown}</text>'
                f'<text x="{LEFT + 190}" y="{top + 20}" class="what">{PURPOSES[name]}</text>'
            )
            top += ROW + GAP
        top += 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img" '
        'aria-label="Packages as layers: each imports only packages below it">'
        "<style>text{font-family:system-ui,sans-serif;font-size:14px}.name{fill:#fff;font-weight:600}"
        ".what{fill:#fff}.group,.note{fill:#6a737d;font-size:13px}</style>"
        f'<rect width="{WIDTH}" height="{top}" fill="#fff"/>'
        f'<text x="{LEFT}" y="22" class="note">A package imports only packages below it.</text>'
        + "".join(parts)
        + "</svg>\n"
    )


def main() -> int:
    """Writes or checks the file."""
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.exists() and TARGET.read_text(encoding="utf-8") == svg() else 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(svg(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
