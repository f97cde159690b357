"""Every command of the program, by section of the help, with its summary."""

from __future__ import annotations

SECTIONS = {
    "Every day": {
        "ingest": "Analyze folders of music in one command.",
        "review": "Review flagged tags and decide on them.",
        "write": "Write decided genres to the files, or undo a write.",
        "report": "Write the HTML report.",
        "show": "Show everything the catalog stores about a track.",
    },
    "Ask": {
        "sql": "Run a read-only SQL query or a saved query.",
        "export": "Export a query result to a file or a playlist.",
        "stats": "Show statistics of the catalog.",
        "inspect": "Analyze one file and draw its spectrogram.",
    },
    "Learn": {
        "train": "Train a model on the labeled tracks.",
        "models": "Show, compare and activate models.",
        "predict": "Apply the active model to new and changed tracks.",
        "audit": "Find tags that are probably wrong.",
    },
    "Catalog": {
        "scan": "Scan folders for audio files and read their tags.",
        "genres": "Manage the genre vocabulary.",
        "labels": "Import genre labels from a list.",
        "collections": "Manage the collections of tracks.",
        "prune": "Remove tracks whose files have long been missing.",
        "fma": "Import the metadata of the Free Music Archive (FMA).",
        "features": "Manage feature sets and their vectors.",
    },
    "Operate": {
        "analyze": "Extract features from tracks that lack them.",
        "worker": "Run analysis workers until they are stopped.",
        "queue": "Show or repair the analysis queue.",
        "failures": "List or retry tracks whose analysis failed.",
        "db": "Upgrade, check, copy, back up and restore the database.",
        "config": "Show the effective settings and where they come from.",
        "doctor": "Check the installation and the database.",
    },
}
"""Summaries by section and command, in the order of the help. Each is the first sentence of the command's help."""

COMMANDS = {name: summary for section in SECTIONS.values() for name, summary in section.items()}
"""Summaries by command; `catalog --help` imports no command."""

PACKAGES = frozenset({"ingest", "train", "models", "audit", "review", "db"})
"""Commands whose module is in a package of the same name."""
