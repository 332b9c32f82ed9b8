# SPDX-License-Identifier: Apache-2.0
"""A sample of what ``make mutate`` tries, and the list of survivors by itself."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest
from conftest import needs
from mutation.mutants import Mutant, all_mutants, less_lines, other_fields, other_words
from mutation.patching import cksum, with_sums
from mutation.survivors import Entry, complaints, load
from mutation.trial import Result, Stage, try_mutant

from mkboot.formats.checksum import digest_source
from mkboot.tree.source import BytesSource

#: Mutants at most, and seconds after which no further one is begun.
SAMPLE, SECONDS = 25, 40.0
SEED = 17


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    yield Stage(tmp_path_factory.mktemp("mutants"))


@pytest.mark.slow
@needs("unshare", "chroot", "dash")
def test_a_sample_is_told_or_explained(stage: Stage) -> None:
    mutants = all_mutants([stage.scene("single")])
    chosen = random.Random(SEED).sample(mutants, SAMPLE)
    end = time.monotonic() + SECONDS
    results: list[Result] = []
    for mutant in chosen:
        results.append(try_mutant(mutant, stage))
        if time.monotonic() > end:
            break
    assert complaints(load(), results, whole=False) == []
    assert sum(r.told for r in results) > 1


def test_lines_and_words_and_fields() -> None:
    text = b"#!/bin/sh\n# no\n\nf() {\n\tone\n\tone\n}\ntwo\n"
    whats = [what for _, what, _ in less_lines(text)]
    assert whats == ["f: f() {", "f: one", "f: one #2", "f: }", "two"]
    contents = [new for _, _, new in less_lines(text)]
    assert contents[1] == b"#!/bin/sh\n# no\n\nf() {\n\tone\n}\ntwo\n"
    assert len(set(contents)) == len(contents) - 1
    words = {what.partition(" :: ")[2]: new for _, what, new in other_words(b"do it 7 'a b'\n")}
    assert words["word 2: 7 -> 8"] == b"do it 8 'a b'\n"
    assert words["word 2: 7 -> 6"] == b"do it 6 'a b'\n"
    assert words["word 1: it -> "] == b"do '' 7 'a b'\n"
    assert words["word 1: it -> 7"] == b"do 7 it 'a b'\n"
    fields = dict(other_fields({"a": [1, {"b": "xy"}], "c": True}))
    assert fields["a[0] -1"] == b'{"a": [0, {"b": "xy"}], "c": true}'
    assert set(fields) == {
        "a[0] dropped", "a[0] +1", "a[0] -1", "a[1] dropped", "a[1].b emptied", "a[1].b reversed",
        "c turned",
    }  # fmt: skip


def test_our_cksum_is_the_standard_one() -> None:
    for data in (b"", b"a", bytes(range(256)) * 40):
        assert cksum(data) == digest_source(BytesSource(data)).cksum
    listed = b"1 2 mkboot/x\n3 4 mkboot/y\n"
    assert with_sums(listed, {"/mkboot/y": b"a"}) == b"1 2 mkboot/x\n1220704766 1 mkboot/y\n"


def result(what: str, *, told: bool) -> Result:
    return Result(
        Mutant("", "engine", 1, what, b""), told, "failed" if told else "restored", "", "", 0
    )


def test_the_list_is_held_against_what_is_found() -> None:
    import re

    entries = (Entry("engine", "why", frozenset({"a", "gone"}), (re.compile("b.*"),)),)
    results = [result("a", told=False), result("bb", told=True), result("c", told=False)]
    wrong = complaints(entries, results, whole=True)
    assert [line.partition(":")[0] for line in wrong] == [
        "is in the list and told ()", "survives and is not in the list", "names nothing",
    ]  # fmt: skip
    assert complaints(entries, results[:1], whole=False) == []


def test_every_entry_of_the_list_has_a_reason() -> None:
    assert all(entry.reason and (entry.what or entry.like) for entry in load())
