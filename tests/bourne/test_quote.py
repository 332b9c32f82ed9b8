# SPDX-License-Identifier: Apache-2.0
"""What a shell gives back for a quoted word is what went in."""

from __future__ import annotations

import shutil
import subprocess

import jinja2
import pytest
from conftest import needs
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mkboot.bourne import (
    JINJA_FILTERS,
    lint,
    lint_plan,
    operand,
    operand_text,
    quote,
    quote_text,
    script_bytes,
    tokenise,
)
from mkboot.errors import BugError, InputError

SHELLS = [
    pytest.param(("dash",), marks=needs("dash"), id="dash"),
    pytest.param(("posh",), marks=needs("posh"), id="posh"),
    pytest.param(("busybox", "sh"), marks=needs("busybox"), id="busybox"),
]
#: Bytes that mean something to some shell come often.
SPECIAL = b"'\"`$^~\\\n\t *?[]{}()<>|&;#!=-%@:+,\xe9\xff\x80\x01\x7f\r"
BYTES = st.one_of(st.sampled_from(list(SPECIAL)), st.integers(1, 255))
VALUES = st.lists(BYTES, max_size=30).map(bytes)
HOSTILE = [
    b"", b"-rf", b"--", b"'", b"''", b"\\", b"\\'", b"'\\''", b"a'b", b"\n", b"a\n", b"\n\n",
    b"`id`", b"$(id)", b"$x", b"${x#y}", b"^", b"a^b", b"~", b"~root", b"*", b"[!a]", b"#x",
    b"a b", b"a\tb", b"\xe9t\xe9", b"\xff\xfe", b"!x", b"x=y", b"if", b"done", b"{a,b}", b"&",
    b"caf\xc3\xa9", b"\\c", b"\\n", b"\r", b"'; rm -rf /; '", b"\x01\x7f\x80\x81\x88",
]  # fmt: skip


def given_back(shell: tuple[str, ...], values: list[bytes]) -> list[bytes]:
    """The operands as the shell hands them to a program, through a file of commands."""
    words = b" ".join(map(quote, values))
    program = shutil.which("printf") or "/usr/bin/printf"
    script = b"set x " + words + b"\nshift\nx=" + quote(values[0]) + b"\n"
    script += b"exec " + program.encode() + b' "%s\\0" "$x" ${1+"$@"}\n'
    done = subprocess.run([*shell], input=script, capture_output=True, check=True)
    return done.stdout.split(b"\0")[:-1]


@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_words_come_back(shell: tuple[str, ...]) -> None:
    assert given_back(shell, HOSTILE) == [HOSTILE[0], *HOSTILE]
    for value in HOSTILE:
        assert given_back(shell, [value]) == [value, value]


@pytest.mark.parametrize("shell", SHELLS)
def test_any_words_come_back(shell: tuple[str, ...]) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(VALUES, min_size=1, max_size=12))
    @example([bytes(range(1, 128))])
    @example([bytes(range(128, 256))])
    def run(values: list[bytes]) -> None:
        assert given_back(shell, values) == [values[0], *values]

    run()


@given(VALUES)
def test_our_tokeniser_reads_the_same(value: bytes) -> None:
    tokens = tokenise(b"x " + quote(value) + b"\n")
    assert [token.literal for token in tokens[:2]] == [b"x", value]
    assert len(tokens) == 3


@given(st.lists(VALUES, max_size=5))
def test_a_plan_of_quoted_words_is_one(values: list[bytes]) -> None:
    line = b" ".join([b"step", *map(quote, values)]) + b"\n"
    found = lint_plan(line, name="plan", verbs=["step"])
    # A carriage return in a name is told, since it is hardly ever meant.
    assert {finding.code for finding in found} <= {"cr-line-end"}
    assert bool(found) == any(b"\r" in value for value in values)


@given(VALUES)
def test_the_linter_sees_nothing_in_a_quoted_word(value: bytes) -> None:
    script = b"ls x" + b"=" + quote(value.replace(b"\r", b"")) + b"\n"
    assert lint(script, name="s", releases=["2.6"]) == ()


def test_plain_words_stay_as_they_are() -> None:
    assert quote(b"/dev/rdsk/c0t0d0s2") == b"/dev/rdsk/c0t0d0s2"
    assert quote(b"") == b"''"
    assert quote(b"a=b") == b"'a=b'"


@pytest.mark.parametrize("value", [b"\0", b"a\0b", b"\0" * 100])
def test_nul_is_refused(value: bytes) -> None:
    for refuse in (quote, operand):
        with pytest.raises(InputError):
            refuse(value)


def test_an_operand_is_no_option() -> None:
    assert operand(b"-rf") == b"./-rf"
    assert operand(b"- x") == b"'./- x'"
    assert operand(b"/a/-x") == b"/a/-x"
    assert operand(b"") == b"''"
    assert operand_text("-x y") == "'./-x y'"


@needs("dash")
def test_an_operand_reaches_the_file(tmp_path) -> None:
    (tmp_path / "-rf").write_text("kept")
    script = b"cat " + operand(b"-rf") + b"\nrm " + operand(b"-rf") + b"\n"
    done = subprocess.run(["dash"], input=script, cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout == b"kept"
    assert list(tmp_path.iterdir()) == []


@given(VALUES)
def test_text_and_bytes_agree(value: bytes) -> None:
    text = value.decode("utf-8", "surrogateescape")
    assert script_bytes(quote_text(text)) == quote(value)


def test_text_that_is_no_bytes_is_refused() -> None:
    with pytest.raises(InputError):
        quote_text("\ud800")


def test_the_filter_of_templates() -> None:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.filters.update(JINJA_FILTERS)
    template = environment.from_string("x={{ a|q }} {{ b|q }} {{ c|q }} {{ d|operand }}")
    made = template.render(a="it's", b=b"\xff", c=7, d="-x")
    assert script_bytes(made) == b"x='it'\\''s' '\xff' 7 ./-x"
    for wrong in (None, True, ["a"], 1.5):
        with pytest.raises(BugError):
            environment.from_string("{{ a|q }}").render(a=wrong)
    with pytest.raises((BugError, jinja2.UndefinedError)):
        environment.from_string("{{ gone|q }}").render()
