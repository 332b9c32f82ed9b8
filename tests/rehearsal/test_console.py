# SPDX-License-Identifier: Apache-2.0
"""The console: lines are heard, readers are noticed, a person answers."""

from __future__ import annotations

import pytest
from machines import SHELLS, on_a_machine, run_script

pytestmark = [on_a_machine, pytest.mark.parametrize("shell", SHELLS)]


def test_a_question_of_the_shell_is_noticed(shell: str) -> None:
    script = 'echo "which disk? \\c"; read x; echo "took $x"; echo "and? \\c"; read y; echo $y'
    ran = run_script(script, shell, ["c0t0d0\n", "yes\n"])
    assert ran.status == 0
    assert len(ran.asked) == 2
    assert "took c0t0d0" in ran.lines and ran.lines[-1] == "yes"


def test_what_is_typed_is_echoed_behind_the_question(shell: str) -> None:
    ran = run_script("/usr/bin/args >/dev/null; printf_='x'; reads", shell, ["here\n"])
    assert ran.lines == ["here", "got here"]


def test_a_question_of_a_handler_is_noticed(shell: str) -> None:
    ran = run_script("reads; reads </dev/console", shell, ["a\n", "b\n"])
    assert [line for line in ran.lines if line.startswith("got")] == ["got a", "got b"]
    assert len(ran.asked) == 2


def test_a_question_of_a_real_program_is_noticed(shell: str) -> None:
    ran = run_script("sed 's/^/: /'; echo end", shell, ["line\n", "\x04"])
    assert ran.lines == ["line", ": line", "end"]


def test_a_question_in_a_pipeline_and_a_subshell(shell: str) -> None:
    ran = run_script("(read x; echo in $x) | sed 's/in/out/'; x=`read y; echo $y`; echo $x",
                     shell, ["1\n", "2\n"])  # fmt: skip
    assert "out 1" in ran.lines and ran.lines[-1] == "2"


def test_a_pipe_or_a_file_is_no_question(shell: str) -> None:
    ran = run_script("echo x | (slow 0.2; read y; echo $y); reads < /etc/passwd; slow 0.3", shell)
    assert ran.asked == [] and ran.lines == ["x", "got root:x:0:1::/:/sbin/sh"]


def test_nobody_answers(shell: str) -> None:
    ran = run_script("echo before; echo 'Which disk?'; read x; echo after", shell)
    assert ran.ended.startswith("RehearsalFailed: nobody answers at the console")
    assert ran.lines == ["before", "Which disk?"] and ran.left == 0


def test_typing_the_end_of_file(shell: str) -> None:
    ran = run_script("read x; echo $?; reads; echo end", shell, ["\x04", "\x04"])
    assert ran.lines[0] == "1" and ran.lines[1].endswith("end")


def test_a_terminal_is_a_terminal(shell: str) -> None:
    ran = run_script(
        """[ -t 0 ] && [ -t 1 ] && echo yes; [ -t 0 ] < /etc/passwd || echo no
        echo said > /dev/console; [ -c /dev/console ] && echo device""",
        shell,
    )
    assert ran.lines == ["yes", "no", "said", "device"]


def test_much_output_is_heard_whole(shell: str) -> None:
    ran = run_script(
        "i=0; while :; do i=x$i; echo $i; case $i in %s*) exit 0;; esac; done" % ("x" * 500), shell
    )
    assert [len(line) for line in ran.lines] == list(range(2, 502))


def test_the_null_device_swallows(shell: str) -> None:
    ran = run_script("cat /etc/big > /dev/null; cat < /dev/null; echo $?", shell)
    assert ran.lines == ["0"]
