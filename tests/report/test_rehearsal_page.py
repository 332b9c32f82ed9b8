# SPDX-License-Identifier: Apache-2.0
"""The page of a rehearsal: whole, self-contained, and safe whatever is in the names."""

from __future__ import annotations

import json
from html.parser import HTMLParser

from mkboot.rehearsal.verdict import (
    Boot,
    Exchange,
    JudgedDisk,
    JudgedFileSystem,
    Judgement,
    Rehearsed,
    RunRecord,
    Status,
    StepRecord,
    Word,
)
from mkboot.rehearsal.wire import record_from, record_json
from mkboot.report.rehearsal import NOT_PROVED, rehearsal_html

NASTY = '<script>alert(1)</script> & "it\'s"'


def run(**more: object) -> RunRecord:
    values: dict[str, object] = {
        "finished": True,
        "reason": "",
        "steps": (StepRecord("label-c0t0d0", 1, 1, 2, NASTY, Status.DONE, 1.5, "words"),),
        "boots": (Boot("disc", "boot cdrom", "reboot: reboot", 2.0),),
        "exchanges": (Exchange("disc", "put volume 2", "volume-2.iso"),
                      Exchange("question", NASTY, "Return")),
        "assumed": ("one thing", NASTY),
        "nvram": {"boot-device": "disk"},
        "seconds": 3.0,
        **more,
    }  # fmt: skip
    return RunRecord(**values)  # type: ignore[arg-type]


def rehearsed(**more: object) -> Rehearsed:
    systems = (JudgedFileSystem(b"/", "c0t0d0s0", 10, 10, 1000, (), ("/reconfigure: path: new",)),)
    judgement = Judgement((JudgedDisk("c0t0d0", 4),), systems)
    return Rehearsed("single", run(**more), judgement, True, ("flip=2",))


def page_of(done: Rehearsed) -> str:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    console = b"mkboot: RESTORED\r\n\x1b[31mred\xff\n"
    return rehearsal_html(done.as_json(), host=NASTY, title="t", maps=[("v.iso", svg)],
                          console=console)  # fmt: skip


class Reader(HTMLParser):
    """What a page refers to, and which elements it has."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.refers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.refers += [v or "" for n, v in attrs if n in ("src", "href")]


def test_the_page_needs_nothing_beside_it_and_nothing_runs_in_it() -> None:
    page = page_of(rehearsed())
    reader = Reader()
    reader.feed(page)
    assert "script" not in reader.tags
    assert all(r.startswith("data:image/svg+xml;base64,") for r in reader.refers)
    assert reader.tags.count("img") == 1
    assert "&lt;script&gt;" in page
    assert "\\x1b[31mred\\xff" in page


def test_the_page_says_it_all() -> None:
    page = page_of(rehearsed())
    for text in ("<strong>restored</strong>", "2 behaviours assumed", "label-c0t0d0", "boot cdrom",
                 "put volume 2", "/reconfigure: path: new", "flip=2", *NOT_PROVED):  # fmt: skip
        assert text.replace("'", "&#39;") in page or text in page, text


def test_a_failure_is_told_with_its_reason() -> None:
    page = page_of(rehearsed(finished=False, reason="no room on /a"))
    assert "<strong>failed</strong>" in page
    assert "no room on /a" in page


def test_the_verdict_needs_everything() -> None:
    good = rehearsed()
    assert good.verdict is Word.RESTORED
    assert rehearsed(not_modelled=("dd", "dd bs=1M")).verdict is Word.NOT_MODELLED
    assert rehearsed(finished=False, reason="x").verdict is Word.FAILED
    assert Rehearsed("single", run(), good.judgement, False).verdict is Word.FAILED
    assert Rehearsed("single", run(), good.judgement, None).verdict is Word.RESTORED
    assert Rehearsed("single", run(), Judgement((), ()), None).verdict is Word.FAILED
    bad = JudgedFileSystem(b"/", "c0t0d0s0", 10, 9, 1, ("/x: is missing",))
    judgement = Judgement(good.judgement.disks, (bad,))
    done = Rehearsed("single", run(), judgement, None)
    assert (done.verdict, done.reason) == (Word.FAILED, "/: /x: is missing")


def test_a_record_travels_as_json() -> None:
    for record in (run(), run(not_modelled=("dd", "dd x"), finished=False)):
        assert record_from(json.loads(json.dumps(record_json(record)))) == record
