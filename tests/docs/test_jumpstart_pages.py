# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/dryrun.md and docs/site-toml.md, from an empty folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command import mkboot

DOCS = Path(__file__).parent.parent.parent / "docs"


def blocks(page: str) -> list[tuple[str, str]]:
    """The indented blocks of a page's example, each with the line of text before it."""
    example = page.split("\n## ")[1]
    found = re.findall(r"^(\S[^\n]*)\n\n((?:(?:    [^\n]*)?\n)+)", example, re.MULTILINE)
    return [(head, re.sub(r"(?m)^    ", "", body).strip("\n") + "\n") for head, body in found]


@pytest.mark.parametrize("name", ["dryrun.md", "site-toml.md"])
def test_the_example(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = 0
    for head, body in blocks((DOCS / name).read_text()):
        file = re.fullmatch(r"`([\w./]+)`:", head)
        if file is not None:
            Path(file[1]).parent.mkdir(exist_ok=True)
            Path(file[1]).write_text(body)
            continue
        assert head == "Then:"
        for command, shown in re.findall(
            r"^\$ mkboot (.*)\n((?:(?!\$ ).*\n)*)", body, re.MULTILINE
        ):
            done = mkboot(*command.split())
            ran += 1
            assert not shown or done.out == shown
    assert ran == {"dryrun.md": 1, "site-toml.md": 3}[name]
