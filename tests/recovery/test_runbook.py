# SPDX-License-Identifier: Apache-2.0
"""The run book: that it can be carried out as it stands, and says the same on disc and beside
the set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hand_manifests import SEGMENT, accepting, manifest
from hypothesis import given
from hypothesis import strategies as st
from runbook_reading import (
    FULL,
    LARGE,
    SMALL,
    html,
    join,
    root_first,
    squash,
    text,
    typed,
    with_nvram,
)

from mkboot.model.manifest import SetManifest
from mkboot.model.nvram import Nvram
from mkboot.model.plan import Action
from mkboot.recovery.plan import make_plan
from mkboot.recovery.render_plan import STEP_VERBS
from mkboot.recovery.runbook import chapters
from mkboot.recovery.runlines import step_lines, verb_texts
from mkboot.recovery.runparts import Console, Say, Table, Typed
from mkboot.recovery.runstages import disc_changes, prompt_line
from mkboot.recovery.runstops import CASES
from mkboot.recovery.runtext import WIDTH, fold_typed
from mkboot.recovery.runtimes import Span, step_spans, total
from mkboot.resources import resource

BOOKS: Mapping[str, SetManifest] = {
    "single": manifest(SMALL),
    "root-first": root_first(),
    "two-drive": manifest(LARGE, strategy="two-drive", room=20),
    "nvram": with_nvram(FULL, root_first()),
    "nothing": with_nvram(Nvram(), manifest({b"/": 1})),
    "x86": with_nvram(Nvram(karch="i86pc")),
    "odd": accepting(
        replace(manifest({b"/": 1, b"/a b'$(x)`\n\xff<b>": 1}, left_out=("<s> \x1b[2J \u00e4",)),
                host="qu<script>arry"),
        "not clean",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOOKS)
def test_text_is_ascii_in_78_columns(name: str) -> None:
    for number in range(1, len(BOOKS[name].volumes) + 1):
        lines = text(BOOKS[name], number).split("\n")
        assert max(map(len, lines)) <= WIDTH == 78
        assert all(0x20 <= ord(c) < 0x7F for line in lines for c in line)


@pytest.mark.parametrize("name", BOOKS)
def test_text_and_html_say_the_same(name: str) -> None:
    book, page = squash(text(BOOKS[name])), _Page(html(BOOKS[name]))
    for chapter in chapters(BOOKS[name], make_plan(BOOKS[name])):
        assert squash(chapter.title) in book
        for part in chapter.parts:
            for words in _words(part):
                assert squash(words) in squash(page.text), words
                assert squash(_ascii(words)) in book, words


@pytest.mark.parametrize("name", BOOKS)
def test_html_needs_nothing_else_and_lets_nothing_in(name: str) -> None:
    source = html(BOOKS[name])
    page = _Page(source)
    assert not page.open
    assert page.tags <= _TAGS
    assert all(value.startswith("#c") for value in page.links)
    assert not re.search(r"url\(|@import|https?:|\x1b", source)
    assert "prefers-color-scheme: dark" in source
    assert "@media print" in source


def test_volume_is_named() -> None:
    assert "volume 2 of 3" in text(root_first(), 2).split("\n\n")[1]


@pytest.mark.parametrize("name", ["single", "root-first"])
def test_what_is_typed_first(name: str) -> None:
    lines = typed(text(BOOKS[name]))
    assert lines[:4] == [
        "ok boot cdrom",
        "ok boot cdrom - install",
        "ok boot cdrom -s",
        "# sh /cdrom/mkboot/restore",
    ]
    assert "RARP" in text(BOOKS[name])


def test_two_drives_are_told_to_go_by_hand() -> None:
    book = text(BOOKS["two-drive"])
    assert "README.TXT" in book
    assert "RESTORED" not in book
    assert typed(book)[0] == "ok boot cdrom -s"


@pytest.mark.parametrize("name", ["single", "root-first"])
def test_every_step_of_the_plan_is_there_with_its_number(name: str) -> None:
    book = squash(text(BOOKS[name]))
    plan = make_plan(BOOKS[name])
    shown = [line.name for stage in step_lines(BOOKS[name]) for line in stage]
    at = next((n for n, s in enumerate(plan.steps) if s.action is Action.BOOT), len(plan.steps))
    late = [s for s in plan.steps[at:] if s.action is Action.VERIFY]
    assert not {s.id for s in plan.steps if s not in late} - set(shown)
    for stage in step_lines(BOOKS[name]):
        for number, line in enumerate(stage, 1):
            assert squash(f"step {number} of {len(stage)}: {line.name}: ") in book


def test_every_verb_has_its_words() -> None:
    assert set(verb_texts()) == set(STEP_VERBS)
    assert all(verb_texts().values())


def test_stage_2_is_told_only_where_there_is_one() -> None:
    assert "fails in stage 2" in text(BOOKS["root-first"])
    assert "stage 2" not in text(BOOKS["single"]).lower()


def test_discs_are_asked_for_in_the_order_of_the_plan() -> None:
    made = root_first()
    wanted = [number for number, _ in disc_changes(make_plan(made).steps)]
    assert wanted == [2, 3]
    book = text(made)
    assert squash(prompt_line(made, 2)) in squash(book.replace("|", ""))
    assert "The prompt comes 2 times" in book
    assert book.index("volume 2  MKB_QUARRY_2") < book.index("volume 3  MKB_QUARRY_3")


def test_one_disc_is_never_asked_for() -> None:
    assert not list(disc_changes(make_plan(BOOKS["single"]).steps))
    assert "no other disc is needed" in join(text(BOOKS["single"]))


def test_what_is_missing_and_what_was_not_clean_is_told() -> None:
    book = join(text(BOOKS["odd"]))
    assert "c0t0d0s0 (/): captured although it was not clean" in book
    assert "Nothing that was found" not in book
    assert "Nothing that was found" in join(text(BOOKS["single"]))


def test_stops_are_those_of_the_engine() -> None:
    """Between the words in capitals each line is one that the engine's scripts can print."""
    folder = resource("templates") / "jumpstart"
    names = ("engine", "engine.data", "engine.disk", "engine.root", "restore.fin")
    source = join("".join((folder / name).read_text("utf-8") for name in names))
    assert CASES
    for case in CASES:
        for line in case.seen:
            for piece in re.split(r"\b(?!STOPPED:)[A-Z]+\b|\b1 of|[();]", line):
                piece = piece.removeprefix("mkboot: ").removeprefix("STOPPED: ").strip(" ;:?")
                assert piece in source, (line, piece)


def test_logs_are_where_the_scripts_write_them() -> None:
    folder = resource("templates") / "jumpstart"
    book = join(text(BOOKS["root-first"]))
    for name, log in (("restore", "/tmp/mkboot/log"), ("start", "/mkboot/state/log")):
        assert f"LOG={log}" in (folder / name).read_text("utf-8")
        assert log in book
    assert "/var/adm/mkboot.log" in (folder / "engine.root").read_text("utf-8")
    assert "/var/adm/mkboot.log" in book


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300),
    st.integers(8, 78),
)
def test_folding_changes_nothing(line: str, room: int) -> None:
    pieces = fold_typed(line, room)
    assert "".join(pieces) == line
    assert all(0 < len(piece) <= room for piece in pieces) or not line


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span(1, 59), "< 1 min"),
        (Span(10, 100), "1 to 2 min"),
        (Span(60, 70), "1 min"),
        (Span(180, 900), "3 to 15 min"),
        (Span(1800, 9000), "0.5 to 2.5 h"),
    ],
)
def test_spans_in_words(span: Span, words: str) -> None:
    assert span.words == words


def test_times_are_sizes_by_speeds() -> None:
    made = root_first()
    steps = {step.id: step for step in make_plan(made).steps}
    spans = step_spans(made, steps.values())
    size = sum(s.size for t in made.streams for s in t.segments if s.volume == 2)
    assert spans["verify-2"] == Span(size / 3.6e6, size / 6e5)
    assert spans["restore-c0t0d0s5-0"] == Span(30 * SEGMENT / 3.6e6, 30 * SEGMENT / 5e5)
    assert spans["mount-c0t0d0s5"] == Span()
    dvd = replace(made, volumes=(replace(made.volumes[0], size=4 * 10**9), *made.volumes[1:]))
    assert step_spans(dvd, steps.values())["verify-2"] == Span(size / 10.8e6, size / 1.35e6)
    assert total(spans.values()).high == pytest.approx(sum(s.high for s in spans.values()))


def test_the_same_set_gives_the_same_book() -> None:
    assert text(root_first()) == text(root_first())
    assert html(root_first()) == html(root_first())


_TAGS = {
    "html", "head", "meta", "title", "style", "body", "h1", "dl", "dt", "dd", "nav", "ol", "li",
    "a", "main", "p", "kbd", "section", "h2", "pre", "span", "i", "b", "div", "table", "thead",
    "tbody", "tr", "th", "td",
}  # fmt: skip
_VOID = {"meta"}


class _Page(HTMLParser):
    """Tags, links and the text of a page, with one space for each run of white space."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _words(part: object) -> list[str]:
    match part:
        case Say():
            return [part.text]
        case Typed() | Console():
            return list(part.lines)
        case Table():
            return [cell for row in part.rows for cell in row]
    return []


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")


def test_templates_stand_beside_the_others() -> None:
    folder = resource("templates") / "recovery"
    assert isinstance(folder, Path)
    assert {"RUNBOOK.txt.j2", "RUNBOOK.html.j2"} <= {p.name for p in folder.iterdir()}
