# SPDX-License-Identifier: Apache-2.0
"""Reading a run book: what is typed, and a small model of the PROM that it is typed into."""

from __future__ import annotations

import re
from dataclasses import replace

from hand_manifests import manifest

from mkboot.model.manifest import SetManifest
from mkboot.model.nvram import Alias, Nvram, Variable
from mkboot.recovery.plan import make_plan
from mkboot.recovery.runbook import runbook_html, runbook_text
from mkboot.recovery.runtext import GOES_ON

SMALL = {b"/": 3, b"/usr": 4}
LARGE = {b"/": 3, b"/usr": 9, b"/var": 4, b"/opt": 30, b"/export/home": 40}
FULL = Nvram(
    hostid="80abcdef",
    ether="08:00:20:ab:cd:ef",
    machine="Sun Ultra 1 SBus",
    prom="OpenBoot 3.25",
    karch="sun4u",
    variables=(
        Variable("boot-device", b"mirror disk", b"disk net"),
        Variable("diag-switch?", b"false", b"false"),
        Variable("ttya-mode", b"9600,8,n,1,-"),
        Variable("keymap", b""),
        Variable("diag-file", b"", b"kadb"),
        Variable("test-args", b" two  blanks before"),
        Variable("diag-trigger", b"error-reset", whole=False),
        Variable("nvramrc", b"devalias mirror /sbus@1f,0/sd@1,0:a\n: x ( -- )\n   1 2 + ;\n\nx"),
        Variable("use-nvramrc?", b"true"),
        Variable("security-mode", b"command"),
        Variable("system-board-date", b"38bcfa61"),
        Variable("oem-logo", b"\x01\x02"),
    ),
    aliases=(Alias("mirror", "/sbus@1f,0/sd@1,0:a"), Alias("spare", "/sbus@1f,0/" + 9 * "sd@2,0/")),
)


def root_first() -> SetManifest:
    return manifest(LARGE, strategy="root-first", room=20)


def with_nvram(nvram: Nvram | None, made: SetManifest | None = None) -> SetManifest:
    made = made or manifest(SMALL)
    return replace(made, system=replace(made.system, nvram=nvram))


def text(made: SetManifest, volume: int = 1) -> str:
    return runbook_text(made, make_plan(made), volume)


def html(made: SetManifest) -> str:
    return runbook_html(made, make_plan(made))


def typed(book: str) -> list[str]:
    """The lines of the text that are typed, with their prompts, put together again."""
    lines: list[str] = []
    for line in book.split("\n"):
        if re.match(r" {7}(ok|#|\d+:)( |$)", line):
            lines.append(line[7:])
        elif found := re.match(rf" {{7,}}{GOES_ON} (.*)", line):
            lines[-1] += found[1]
    return lines


class Prom:
    """What a person changes at ``ok``: settings, script, aliases, the bytes of the IDPROM."""

    def __init__(self, book: str) -> None:
        self.settings: dict[str, str] = {}
        self.script: list[str] = []
        self.aliases: dict[str, str] = {}
        self.idprom: dict[int, int] = {}
        for line in typed(book):
            prompt, _, rest = line.partition(" ")
            word, _, argument = rest.partition(" ")
            if prompt.endswith(":"):
                assert int(prompt[:-1]) == len(self.script)
                self.script.append(rest)
            elif found := re.fullmatch(r"ok ([0-9a-f]+) ([0-9a-f]) mkp", line):
                assert int(found[1], 16) < 256
                self.idprom[int(found[2], 16)] = int(found[1], 16)
            elif prompt == "ok" and word == "setenv":
                name, _, value = argument.partition(" ")
                self.settings[name] = value
            elif prompt == "ok" and word == "nvalias":
                name, _, value = argument.partition(" ")
                self.aliases[name] = value

    @property
    def raw(self) -> bytes:
        return bytes(self.idprom[n] for n in range(16))


def squash(text: str) -> str:
    """Without white space, and without the marks that the text has at the left."""
    return re.sub(rf"^ +[|{GOES_ON}]|\s", "", text, flags=re.M)


def join(text: str) -> str:
    return " ".join(text.split())
