# SPDX-License-Identifier: Apache-2.0
"""The commands' files: all are well-formed, and each has a handler, a program, or no form."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from mkboot.errors import InputError
from mkboot.rehearsal.call import NotModelled
from mkboot.rehearsal.command import KINDS, RELEASES, Command, releases_of
from mkboot.rehearsal.commands import general
from mkboot.rehearsal.commands.table import HANDLERS, command_at, places
from mkboot.rehearsal.forms import load_commands, match, parse_command
from mkboot.rehearsal.matching import Matched, Refused

COMMANDS = load_commands()
ROOT = Path(__file__).parent.parent.parent
HANDLER_FILES = sorted((ROOT / "mkboot/rehearsal").rglob("*.py"))

HEAD = 'name = "x"\nstyle = "getopt"\nletters = "ab:"\n'
PATH = '[[path]]\nid = "/usr/bin/x"\nevidence = ["all man x(1)"]\n'
GOOD = (
    HEAD + PATH + '[[form]]\nid = "f"\noptions = ["a", "b NUMBER"]\nevidence = ["all man x(1)"]\n'
)


def _x(more: str = "", text: str = GOOD) -> Command:
    return parse_command(text + more, "x.toml")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_row_says_who_says_so(name: str) -> None:
    command = COMMANDS[name]
    rows = (*command.places, *command.forms, *command.messages, *command.usage)
    for row in rows:
        assert row.releases
        for release in row.releases:
            said = [e for e in row.evidence if release in e.releases]
            assert said, (row.id, release)
            assert all(e.kind in KINDS and e.reference for e in said)


def test_messages_and_handlers_know_each_other() -> None:
    """Every message of a file is named in the code of its handler's module, or by a row."""
    helpers = "".join(p.read_text(encoding="utf-8") for p in HANDLER_FILES)
    for name, handler in general.HANDLERS.items():
        command = COMMANDS[name]
        source = Path(inspect.getsourcefile(handler) or "").read_text(encoding="utf-8")
        named = {f.refusal for f in command.forms} | {u.refusal for u in command.usage}
        for message in command.messages:
            quoted = f'"{message.id}"'
            assert message.id in named or quoted in source or quoted in helpers, (name, message.id)


def test_the_page_shows_a_file_that_is_right() -> None:
    page = (ROOT / "docs/rehearsal-commands.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    command = parse_command(example, "mount.toml")
    argv = [b"mount", b"-Fufs", b"-o", b"ro", b"/dev/dsk/c0t0d0s0", b"/a"]
    facts = {"stdin is not a terminal"}
    found = match(command, argv, "8", facts)
    assert isinstance(found, Matched)
    assert found.form.id == "ufs"
    assert found.group("PATH") == (b"/a",)
    found = match(command, [*argv[:4], b"/dev/rdsk/c0t0d0s0", b"/a"], "8", facts)
    assert isinstance(found, Refused)
    assert found.exit == 32
    said = found.parts[0].fill(found.words)
    assert said == b"mount: /dev/rdsk/c0t0d0s0 is no block device\n"


def test_handlers_and_files_belong_together() -> None:
    assert set(HANDLERS) <= set(COMMANDS), "a handler without its file"
    for name, command in COMMANDS.items():
        works = any(not form.refusal for form in command.forms)
        assert works == (name in HANDLERS or bool(command.program)), name


def test_no_two_commands_lie_at_one_path() -> None:
    for release in RELEASES:
        paths = [p for c in COMMANDS.values() for p in c.paths(release)]
        assert len(paths) == len(set(paths)), release
        assert len(places(release)) == len(paths)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/usr/bin/cksum", "cksum"),
        ("/sbin/uname", "uname"),
        ("/a/usr/bin/cat", "cat"),
        ("/cdrom/mkboot/bin/expr", "expr"),
        ("/mkboot/bin/nosuch", None),
        ("/opt/bin/cat", None),
    ],
)
def test_commands_are_found_by_their_path(path: str, name: str | None) -> None:
    assert command_at(path, "2.6") == name


@pytest.mark.parametrize(
    ("text", "count"),
    [("all", 6), ("10", 1), ("8-", 3), ("-2.6", 2), ("2.6-9", 4)],
)
def test_releases(text: str, count: int) -> None:
    assert len(releases_of(text, ())) == count


@pytest.mark.parametrize("text", ["", "-", "11", "9-8", "2.7", "all-"])
def test_bad_releases(text: str) -> None:
    with pytest.raises(InputError):
        releases_of(text, ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD + "colour = 1\n", "unknown key"),
        (GOOD.replace('"all man x(1)"]\n[[form]]', '"10 man x(1)"]\n[[form]]'), "no evidence"),
        (GOOD.replace("all man", "all heard"), "no evidence"),
        (GOOD.replace("NUMBER", "NOTHING"), "no pattern"),
        (GOOD.replace('"a",', '"c",'), "not in letters"),
        (GOOD.replace('"a",', '"a WORD",'), "not in letters"),
        (GOOD + 'when = ["it rains"]\n', "unknown condition"),
        (GOOD + 'refusal = "no"\n', "no message"),
        (HEAD, "no path"),
        (GOOD.replace('"x"', '"y"'), "tells of y"),
        (GOOD + '[[usage]]\nid = "mood"\nrefusal = "x"\nevidence = ["all man x"]\n', "mistake"),
        ("name = ", "not TOML"),
        (GOOD.replace("getopt", "guess"), "style"),
    ],
)
def test_slips_of_the_pen_are_found(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        _x(text=text)


def test_options_with_and_without_arguments() -> None:
    found = match(_x(), [b"x", b"-ab3"], "8")
    assert isinstance(found, Matched)
    assert found.options == (("a", None), ("b", b"3"))
    assert found.value("b") == b"3"
    assert not found.assumed


@pytest.mark.parametrize("argv", [[b"-b", b"z"], [b"-c"], [b"name"], [b"-b"], [b"--", b"n"]])
def test_what_no_form_has_is_not_modelled(argv: list[bytes]) -> None:
    with pytest.raises(NotModelled):
        match(_x(), [b"x", *argv], "8")


MESSAGE = (
    '[[message]]\nid = "u"\nstream = "err"\ntext = "usage {word}\\n"\nexit = 2\n'
    'evidence = ["10 man x(1)", "all assumed as in 10"]\n'
)
USAGE = '[[usage]]\nid = "ID"\nrefusal = "u"\nevidence = ["all man x(1)"]\n'


@pytest.mark.parametrize(
    ("usage", "argv", "word"),
    [
        ("bad option", [b"-c"], b"c"),
        ("missing argument", [b"-ab"], b"b"),
        ("operands > 0", [b"-a", b"n"], b""),
        ("operands < 1", [b"-a"], b""),
    ],
)
def test_usage_errors(usage: str, argv: list[bytes], word: bytes) -> None:
    command = _x(MESSAGE + USAGE.replace("ID", usage))
    found = match(command, [b"x", *argv], "8")
    assert isinstance(found, Refused)
    assert found.exit == 2
    assert found.parts[0].fill(found.words) == b"usage " + word + b"\n"
    assert found.assumed == ("x (8), u: as in 10",)


def test_a_letter_that_exists_is_no_mistake_of_the_caller() -> None:
    text = GOOD.replace('letters = "ab:"', 'letters = "ab:c"')
    command = _x(MESSAGE + USAGE.replace("ID", "bad option"), text)
    with pytest.raises(NotModelled):
        match(command, [b"x", b"-c"], "8")


def test_conditions() -> None:
    command = _x('when = ["stdin is a terminal"]\n')
    with pytest.raises(NotModelled):
        match(command, [b"x"], "8", {"stdin is not a terminal"})
    assert isinstance(match(command, [b"x"], "8", {"stdin is a terminal"}), Matched)


def test_operands_are_divided_over_their_places() -> None:
    command = _x('operands = ["NAME+", "PATH", "last?"]\n')
    found = match(command, [b"x", b"a", b"/b", b"/c", b"last"], "8")
    assert isinstance(found, Matched)
    assert found.groups == ((b"a", b"/b"), (b"/c",), (b"last",))
    assert found.group("PATH") == (b"/c",)


def test_key_words_take_their_arguments_in_order() -> None:
    text = 'name = "x"\nstyle = "key"\nletters = "rb:f:"\n' + PATH
    text += '[[form]]\nid = "f"\noptions = ["r!", "f WORD", "b NUMBER"]\noperands = ["NAME*"]\n'
    command = _x('evidence = ["all man x(1)"]\n', text)
    found = match(command, [b"x", b"-rfb", b"-", b"126", b"n"], "8")
    assert isinstance(found, Matched)
    assert found.options == (("r", None), ("f", b"-"), ("b", b"126"))
    assert found.operands == (b"n",)
    with pytest.raises(NotModelled):
        match(command, [b"x", b"f", b"-"], "8")
