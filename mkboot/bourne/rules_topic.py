# SPDX-License-Identifier: Apache-2.0
"""What a restore script must do without: NIS, NFS, floppy, tape."""

from __future__ import annotations

from collections.abc import Iterator

from mkboot.bourne.findings import LintFinding
from mkboot.bourne.script import Script, simple_commands
from mkboot.bourne.tokens import Kind
from mkboot.bourne.words.data import Topic, topics
from mkboot.bourne.world import World, finding, shown


def topic_rules(script: Script, world: World) -> Iterator[LintFinding]:
    """Commands and words of forbidden topics, here-documents included, comments not."""
    for name in world.forbid:
        topic = topics()[name]
        yield from _commands(script, topic)
        yield from _texts(script, topic)


def _commands(script: Script, topic: Topic) -> Iterator[LintFinding]:
    for command in simple_commands(script.nodes):
        word = (command.words[0].literal or b"") if command.words else b""
        if word.rpartition(b"/")[2].decode("latin-1") in topic.words:
            detail = topic.message.replace("{}", shown(word))
            yield finding("forbidden", command.line, detail)


def _texts(script: Script, topic: Topic) -> Iterator[LintFinding]:
    """The pattern over the code, line by line as it stands, without comments."""
    code = bytearray(script.text)
    for token in script.tokens:
        if token.kind is Kind.COMMENT:
            code[token.start : token.end] = b" " * len(token.raw)
    if script.context != "file":
        return
    for match in topic.text.finditer(bytes(code)):
        line = script.line + code.count(b"\n", 0, match.start())
        yield finding("forbidden", line, topic.message.replace("{}", shown(match.group())))
