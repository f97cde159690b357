"""The picture of the packages is that of the import contract."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

TOOL = Path(__file__).parents[3] / "tools" / "draw_architecture.py"
PICTURE = TOOL.parents[1] / "docs" / "explanation" / "packages.svg"


def test_the_picture_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, str(TOOL), "--check"], check=False, timeout=60)
    assert done.returncode == 0, "run: python tools/draw_architecture.py"


def test_every_package_is_drawn() -> None:
    drawn = "".join(ET.parse(PICTURE).getroot().itertext())
    folders = (
        path.name for path in (TOOL.parents[1] / "catalog").iterdir() if (path / "__init__.py").exists()
    )
    assert [name for name in folders if f"catalog/{name}/" not in drawn] == []
