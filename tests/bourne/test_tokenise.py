# SPDX-License-Identifier: Apache-2.0
"""Tokens, parts, lines; and that any bytes at all are taken calmly."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mkboot.bourne import Kind, PartKind, Quote, Token, functions_of, lint, scan, tokenise
from mkboot.bourne.parse import MAX_NESTING
from mkboot.bourne.parts import MAX_DEPTH
from mkboot.errors import InputError

PIECES = st.sampled_from(
    [
        b"'", b'"', b"`", b"\\", b"$", b"${", b"}", b"$(", b")", b"(", b"$((", b"<<E\n", b"E\n",
        b"<<-'E'\n", b"\n", b" ", b"#", b";", b";;", b"&&", b"||", b"|", b"^", b"<", b">", b"<(",
        b"if ", b"then ", b"fi ", b"while ", b"do ", b"done ", b"case ", b"in ", b"esac ", b"for ",
        b"{ ", b"} ", b"! ", b"function ", b"f()", b"x", b"x=", b"a b", b"[[ ", b"trap ", b"2>&1",
        b"read x", b"$x", b"\xe9", b"\0", b"\r", b"echo ", b"grep -q ", b"export A=b", b"@",
    ]
)  # fmt: skip


def raws(text: bytes) -> list[bytes]:
    return [token.raw for token in tokenise(text)]


def one(text: bytes) -> Token:
    (token,) = tokenise(text)
    return token


def test_operators_and_words() -> None:
    text = b"a;b&&c||d|e^f&g>>h<i>&2;;(j)\n"
    wanted = b"a ; b && c || d | e ^ f & g >> h < i >& 2 ;; ( j )".split()
    assert raws(text) == [*wanted, b"\n"]


def test_a_digit_belongs_to_the_redirection() -> None:
    kinds = [token.kind for token in tokenise(b"a 2>&1 12>f x3<g 4 >h")]
    assert kinds[:4] == [Kind.WORD, Kind.NUMBER, Kind.OPERATOR, Kind.WORD]
    assert kinds[4:7] == [Kind.WORD, Kind.OPERATOR, Kind.WORD]
    assert Kind.NUMBER not in kinds[4:]


def test_comments_begin_where_words_do() -> None:
    kinds = {token.raw: token.kind for token in tokenise(b"a#b # c 'd\n'#'e\n")}
    assert kinds[b"a#b"] is Kind.WORD
    assert kinds[b"# c 'd"] is Kind.COMMENT
    assert kinds[b"'#'e"] is Kind.WORD


def test_lines_over_quotes() -> None:
    text = b"a 'b\nc\n' d\n\"e\n`f\ng`\" h \\\n i\nj"
    lines = {token.raw: token.line for token in tokenise(text) if token.kind is Kind.WORD}
    assert lines == {
        b"a": 1, b"'b\nc\n'": 1, b"d": 3, b'"e\n`f\ng`"': 4, b"h": 6, b"i": 7, b"j": 8,
    }  # fmt: skip


def test_starts_are_places_in_the_text() -> None:
    text = b"  ab 'c d'\n\t<<E x\nbody\nE\nlast"
    for token in tokenise(text):
        assert text[token.start : token.end] == token.raw


def test_the_parts_of_a_word() -> None:
    parts = one(b"a'b$'\"c$x${y:-`z`}\"`w \\`v\\``\\d").parts
    assert [(p.kind, p.quote, p.text) for p in parts] == [
        (PartKind.LITERAL, Quote.NONE, b"a"),
        (PartKind.LITERAL, Quote.SINGLE, b"b$"),
        (PartKind.LITERAL, Quote.DOUBLE, b"c"),
        (PartKind.VARIABLE, Quote.DOUBLE, b"x"),
        (PartKind.VARIABLE, Quote.DOUBLE, b"y:-`z`"),
        (PartKind.BACKQUOTE, Quote.NONE, b"w `v`"),
        (PartKind.LITERAL, Quote.BACKSLASH, b"d"),
    ]
    assert parts[4].inner[1].kind is PartKind.BACKQUOTE


def test_one_level_of_backslashes_goes_in_backquotes() -> None:
    assert one(b'`a \\\\ \\$x \\`b\\` \\c \\"`').parts[0].text == b'a \\ $x `b` \\c \\"'
    assert one(b'"`a \\"b\\"`"').parts[0].text == b'a "b"'
    assert [one(w).parts[0].quotes_within for w in (b'"`a "b"`"', b'"`a \\"b\\"`"')] == [
        True,
        False,
    ]


def test_words_without_their_quotes() -> None:
    assert one(b'a\'b c\'"d\\""\\ e').literal == b'ab cd" e'
    assert one(b"''").literal == b""
    assert one(b"a$x").literal is None
    assert one(b"abc").bare == b"abc"
    assert one(b"a'b'").bare is None
    assert one(b'"a\\nb"').literal == b"a\\nb"


def test_here_documents_wait_for_the_line_to_end() -> None:
    tokens = tokenise(b"cat <<A <<-'B' >f; x\none $y\nA\n\ttwo $z\n\tB\nls\n")
    first, second = (token.document for token in tokens if token.document)
    assert (first.text, first.expands, first.line) == (b"one $y\n", True, 2)
    assert (second.text, second.expands, second.line) == (b"two $z\n", False, 4)
    assert [part.text for part in first.parts] == [b"one ", b"y", b"\n"]
    assert second.parts == ()
    assert [token.line for token in tokens if token.raw == b"ls"] == [6]


def test_quotes_mean_nothing_in_a_here_document() -> None:
    tokens = tokenise(b'cat <<E\nit\'s "$x"\nE\nls\n')
    assert tokens[-2].raw == b"ls"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"a\n'b\nc", 2), (b'a "b', 1), (b"a\n\n`b", 3), (b"${x", 1), (b"$(a", 1),
        (b"cat <<E\na\n", 1), (b"a <(b", 1), (b"cat <<E", 1), (b'"${x:-"y}', 1),
    ],
)  # fmt: skip
def test_what_has_no_end_is_named(text: bytes, line: int) -> None:
    with pytest.raises(InputError, match=f"^here: line {line}: "):
        tokenise(text, name="here")


@pytest.mark.parametrize(
    "text",
    [
        b"${x:-" * (MAX_DEPTH + 5), b'"${x:-' * 5000, b"$(" * 5000, b"`" * 20001, b"\\`" * 3000,
        b"(" * 5000, b"{ " * 5000, b"if " * 5000, b"f() " * 5000, b"function f " * 5000,
        b"! " * 5000,
        b"while a; do " * 300, b"eval '" * 2000, b"<<E " * 2000 + b"\n", b"case x in a) " * 500,
        b"a | " * 20000, b"a && " * 20000, b"x=(" * 3000, b"((" * 3000, b"for x " * 5000,
    ],
)  # fmt: skip
def test_depth_is_bounded(text: bytes) -> None:
    begun = time.monotonic()
    assert lint(text, name="deep", releases=["9"])
    assert time.monotonic() - begun < 20


def test_a_deep_script_within_the_bound_is_read() -> None:
    depth = MAX_NESTING - 1
    assert lint(b"{ " * depth + b"date\n" + b"}\n" * depth, name="s", releases=["9"]) == ()


def test_backquotes_within_backquotes_end() -> None:
    text = b"date"
    for _ in range(9):
        text = b"ls `" + text.replace(b"\\", b"\\\\").replace(b"`", b"\\`") + b"`"
    assert lint(text + b"\n", name="s", releases=["9"]) == ()


def test_a_huge_text_is_refused() -> None:
    with pytest.raises(InputError):
        lint(b"a\n" * (1 << 20), name="s", releases=["9"])


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map(b"".join)))
def test_any_bytes_are_taken(text: bytes) -> None:
    scanned = scan(text)
    for token in scanned.tokens:
        assert text[token.start : token.end] == token.raw
        assert token.line == 1 + text.count(b"\n", 0, token.start)
    for found in lint(text, name="any", releases=["2.6", "10"], forbid=["nis", "tape"]):
        assert 1 <= found.line <= text.count(b"\n") + 1
        assert found.message.isprintable()
    functions_of(text)
