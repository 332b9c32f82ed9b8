# SPDX-License-Identifier: Apache-2.0
"""Documents: what goes in comes out, and errors say where."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import pytest

from mkboot.errors import InputError
from mkboot.model import codec


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    name: bytes
    colour: Colour = Colour.RED


@dataclass(frozen=True)
class Outer:
    number: int
    flag: bool
    inner: tuple[Inner, ...]
    table: Mapping[str, int]
    maybe: Inner | None = None


VALUE = Outer(3, True, (Inner(b"a\xffb"), Inner(b"\\")), {"x": 1}, Inner(b""))


def test_round_trip() -> None:
    text = codec.dumps(VALUE)
    assert codec.loads(Outer, text) == VALUE
    assert codec.dumps(codec.loads(Outer, text)) == text


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "not JSON"),
        ("[]", "wants keys and values"),
        ('{"number": 1}', "key 'flag' is missing"),
        ('{"number": true, "flag": true, "inner": [], "table": {}}', "f: number: wants a number"),
        ('{"number": 1, "flag": 1, "inner": [], "table": {}}', "f: flag: wants true or false"),
        ('{"number": 1, "flag": true, "inner": [], "table": {}, "odd": 1}', "unknown key 'odd'"),
        (
            '{"number": 1, "flag": true, "inner": [{"name": "a", "colour": "blue"}], "table": {}}',
            "f: inner: 0: colour: 'blue' is none of red",
        ),
        ('{"number": 1, "flag": true, "inner": {}, "table": {}}', "f: inner: wants a list"),
        ('{"number": 1, "flag": true, "inner": [{"name": "\\\\q"}], "table": {}}', "backslash"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(document: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        codec.loads(Outer, document, ("f",))
