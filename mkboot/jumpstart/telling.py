# SPDX-License-Identifier: Apache-2.0
"""How a keyword and its values are judged by the tables, and how that is said."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mkboot.jumpstart.model import Problem, Severity
from mkboot.jumpstart.plain import is_foreign, is_prose, shown
from mkboot.jumpstart.syntax import NOTHING_MORE, Outcome, match_words
from mkboot.jumpstart.tables import RELEASES, Keyword, name_releases

#: More values than this stand behind no keyword.
MAX_WORDS = 256
#: And none is longer.
MAX_WORD = 1024
_ONLY = re.compile(r"only Solaris .*? takes? \S+")


@dataclass(frozen=True)
class Teller:
    """Makes the problems of one file; ``release`` is what ``--release`` narrows it to.

    ``baseline`` are the releases that have this kind of file at all: what those all take is
    no news.
    """

    name: str
    release: str | None = None
    baseline: frozenset[str] = frozenset(RELEASES)

    def error(self, line: int, message: str, expected: str = "") -> Problem:
        """Something that Solaris refuses, or takes for something else."""
        return Problem(self.name, line, Severity.ERROR, message, expected)

    def warning(self, line: int, message: str, expected: str = "") -> Problem:
        """Something that may be meant."""
        return Problem(self.name, line, Severity.WARNING, message, expected)

    def unknown(
        self, line: int, word: str, known: Collection[str], what: str, rest: list[str]
    ) -> Problem:
        """An unknown keyword: prose, or a misspelt one with the nearest known beside it."""
        if re.match(r"</?[A-Za-z!]|&[a-z]+;", word):
            return self.error(line, f"HTML stands here: '{shown(word)}'", f"a {what}")
        prose = is_prose([word, *rest])
        likeness = 0.8 if prose else 0.6
        nearest = difflib.get_close_matches(word[:40].lower(), sorted(known), 1, likeness)
        if prose and not nearest:
            text = shown(" ".join([word, *rest]))
            return self.error(line, f"prose stands here: '{text}'", f"a {what}, or # before it")
        hint = f"{nearest[0]}" if nearest else f"one of {', '.join(sorted(known))}"
        return self.error(line, f"'{shown(word)}' is no {what}", hint)

    def judge(self, keyword: Keyword, words: tuple[str, ...], line: int) -> Iterator[Problem]:
        """The values of a known keyword, and whether the releases take them."""
        if any(is_foreign(word) for word in words):
            return
        if len(words) > MAX_WORDS:
            yield self.error(line, f"{keyword.name} with {len(words)} values", "fewer")
            return
        longest = max(map(len, words), default=0)
        if longest > MAX_WORD:
            yield self.error(
                line, f"{keyword.name}: a word of {longest} characters", "a shorter one"
            )
            return
        outcome = match_words(words, keyword.rows)
        if not outcome.fits:
            yield self._misfit(keyword, words, outcome, line)
        else:
            yield from self.narrowed(self._what(keyword, words, outcome), outcome.releases, line,
                                     self._update(keyword, outcome))  # fmt: skip

    def narrowed(
        self, what: str, releases: frozenset[str], line: int, update: str = ""
    ) -> Iterator[Problem]:
        """What only some releases take: a warning, or an error if the chosen one does not."""
        named = name_releases(releases, update)
        if self.release is not None:
            if self.release not in releases:
                only = f"only {named} {'does' if len(releases) == 1 else 'do'}"
                yield self.error(line, f"Solaris {self.release} does not take {what}: {only}")
        elif releases < self.baseline:
            yield self.warning(line, f"only {named} {_takes(releases)} {what}")

    def _what(self, keyword: Keyword, words: tuple[str, ...], outcome: Outcome) -> str:
        narrower = outcome.releases < keyword.releases and words
        return f"{keyword.name} {shown(' '.join(words))}" if narrower else keyword.name

    def _update(self, keyword: Keyword, outcome: Outcome) -> str:
        """The update of the first release in which this came, where it came in one."""
        for form in keyword.forms:
            if form.update and form.releases == outcome.releases:
                return form.update
        return keyword.update if outcome.releases == keyword.releases else ""

    def _misfit(
        self, keyword: Keyword, words: tuple[str, ...], outcome: Outcome, line: int
    ) -> Problem:
        word = words[outcome.place] if outcome.place < len(words) else ""
        expected = " or ".join(_meant(word, outcome.expected))
        if outcome.place >= len(words):
            return self.error(line, f"{keyword.name}: a value is missing", expected)
        word = shown(word)
        if not expected:
            return self.error(line, f"{keyword.name}: '{word}' is too much", NOTHING_MORE)
        if NOTHING_MORE in outcome.expected:
            expected += " or nothing more"
        return self.error(line, f"{keyword.name}: '{word}' does not fit", expected)


def _meant(word: str, expected: tuple[str, ...]) -> list[str]:
    """What may have been meant by a word: of all that fits, what begins like it, if any does."""
    fitting = [each for each in dict.fromkeys(expected) if each != NOTHING_MORE]
    begin = re.match(r"[a-z_]{3,}", word)
    if re.match(r"(/dev/r?dsk/)?c[0-9]", word):
        return [each for each in fitting if "cXtYdZ" in each] or fitting
    alike = [each for each in fitting if begin and each.strip("'").startswith(begin[0])]
    return alike or fitting


def _takes(releases: frozenset[str]) -> str:
    return "takes" if len(releases) == 1 else "take"


def in_order(problems: Collection[Problem]) -> tuple[Problem, ...]:
    """Problems of a file by line; what was found first comes first in a line.

    That only some releases take a keyword is told for its first line.
    """
    kept: dict[tuple[int, str], Problem] = {}
    for problem in sorted(problems, key=lambda each: each.line):
        only = problem.severity is Severity.WARNING and _ONLY.match(problem.message)
        kept.setdefault((0, only[0]) if only else (problem.line, problem.message), problem)
    return tuple(kept.values())
