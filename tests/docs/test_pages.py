# SPDX-License-Identifier: Apache-2.0
"""The pages: what they link to is there, and what they say to type is taken."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mkboot.cli.main import COMMANDS, make_group
from mkboot.cli.shared import Session

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = {name for section in COMMANDS.values() for name in section}
#: A shell's words after which the rest is another program's.
ENDS = {"|", ">", "&&", ";"}


def links(page: Path) -> Iterator[str]:
    yield from re.findall(r"\]\(([^)\s]+)\)", page.read_text())


def anchors(page: Path) -> set[str]:
    """The headings of a page, as they are linked to."""
    heads = re.findall(r"^#+ +(.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_reached_from_the_first() -> None:
    seen = {ROOT / "README.md"}
    new = list(seen)
    while new:
        page = new.pop()
        here = {page.parent / link.partition("#")[0] for link in links(page) if ":" not in link}
        here = {found.resolve() for found in here if found.suffix == ".md"} - seen
        seen |= here
        new += here
    assert sorted(page.name for page in PAGES if page not in seen) == []


def typed(page: Path) -> Iterator[list[str]]:
    """The words behind ``mkboot`` of every command line in an indented or fenced block."""
    text = re.sub(
        r"(?ms)^```\w*\n(.*?)^```$", lambda m: re.sub("(?m)^", "    ", m[1]), page.read_text()
    )
    for line in re.findall(r"^    (?:\$ )?mkboot ([^:\n].*)$", text, re.MULTILINE):
        words = shlex.split(line.replace(" …", " x=x"), comments=True)
        end = next((n for n, word in enumerate(words) if word in ENDS), len(words))
        if words[0] in NAMES and "[OPTIONS]" not in line:
            yield words[:end]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_is_taken(
    page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = list(typed(page))
    if page.name in ("README.md", "cli.md", "burn.md", "copy.md", "custom.md"):
        assert len(lines) >= 3
    group = make_group()
    for words in lines:
        command = group.get_command(click.Context(group), words[0])
        assert command is not None, words
        with command.make_context(words[0], words[1:], obj=Session()) as context:
            assert context.params, words


def options(command: click.Command) -> set[str]:
    found = {"--help", "-h"}
    return found.union(
        *(p.opts for p in command.params), *(p.secondary_opts for p in command.params)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_is_named_with_its_command_exists(page: Path) -> None:
    group = make_group()
    for line in re.findall(r"`(?:mkboot )?([a-z]+ [^`\n]*)`", page.read_text()):
        words = line.split()
        if words[0] not in NAMES or not any(word.startswith("-") for word in words):
            continue
        command = group.get_command(click.Context(group), words[0])
        assert command is not None
        given = {re.split("[=,]", word)[0] for word in words if re.fullmatch(r"--[a-z].*", word)}
        assert given <= options(command), line


def test_every_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", page.read_text(), re.MULTILINE))
        assert named <= targets, page.name
