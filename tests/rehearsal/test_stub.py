# SPDX-License-Identifier: Apache-2.0
"""Commands of the emulated machine as a shell calls them: nothing is lost on the way."""

from __future__ import annotations

import pytest
from machines import SHELLS, on_a_machine, run_script

pytestmark = [on_a_machine, pytest.mark.parametrize("shell", SHELLS)]


def test_what_a_command_is_given(shell: str) -> None:
    ran = run_script(
        """cd /usr; echoes a "" 'b
c' "*" '$x`y`' "it's" -n "`/usr/bin/printf_ 2>/dev/null`" '\\\\'; /usr/bin/echoes""",
        shell,
    )
    words = [eval(line) for line in ran.lines]
    assert words == [
        b"echoes", b"a", b"", b"b\nc", b"*", b"$x`y`", b"it's", b"-n", b"", b"\\\\", b"/usr",
        b"/usr/bin/echoes", b"echoes", b"/usr", b"/usr/bin/echoes",
    ]  # fmt: skip
    assert ran.status == 0 and ran.calls == 2


def test_statuses_and_what_is_not_there(shell: str) -> None:
    ran = run_script("fails 3; echo $?; fails 255; echo $?; nosuch; echo $?; fails 7", shell)
    assert ran.lines[:2] == ["3", "255"]
    assert "not found" in ran.lines[2] and ran.lines[3] == "127"
    assert ran.status == 7


def test_a_command_that_nobody_knows_ends_it(shell: str) -> None:
    ran = run_script("echo before; unknown -x; echo after", shell)
    assert ran.lines == ["before"]
    assert ran.ended.startswith("NotModelled: not modelled") and "unknown -x" in ran.ended
    assert ran.left == 0


def test_a_bug_in_a_handler_is_no_verdict(shell: str) -> None:
    ran = run_script("fails x; echo after", shell)
    assert ran.ended.startswith("BugError") and ran.lines == []


def test_a_real_program_takes_the_place(shell: str) -> None:
    ran = run_script(
        """echo abc | sed 's/b/[&]/'; args; echo; ls
        sed -n '1s/:.*//p' /etc/passwd; sed -n 's/a/b/p' < /etc/passwd; sed x nothing; echo $?""",
        shell,
    )
    assert ran.lines[:5] == ["a[b]c", "<a", r"b><it's><><\xff>", "", "root"]
    assert ran.lines[5].startswith("sed:") and ran.lines[6] == "2"


def test_a_large_file_is_real_when_a_program_reads_it(shell: str) -> None:
    ran = run_script(
        "grep -c abcdef /etc/big; grep -c abcdef < /etc/big; cat /etc/big | grep -c abcdef", shell
    )
    assert len(set(ran.lines)) == 1 and int(ran.lines[0]) > 0


def test_a_command_cannot_be_read_by_a_program(shell: str) -> None:
    ran = run_script("cat /usr/bin/sed; echo; grep x /usr/bin/sed", shell)
    assert ran.lines == ["\x7fELF of another machine"]
    assert ran.ended.startswith("NotModelled")


def test_open_files_are_shared_with_their_positions(shell: str) -> None:
    ran = run_script(
        """
        (echo one; echo two; echo three) > /tmp/f
        (reads; read x; echo "shell $x"; reads) < /tmp/f
        (echo a; pid > /dev/null; echoes > /dev/null; echo b; cat /etc/passwd) >> /tmp/g
        cat < /tmp/g; reads < /dev/null""",
        shell,
    )
    assert ran.lines == [
        "got one", "shell two", "got three", "a", "b", "root:x:0:1::/:/sbin/sh",
    ]  # fmt: skip


def test_descriptors_that_are_closed(shell: str) -> None:
    ran = run_script(
        "fails 2 <&- ; echo $?; echoes >&-; echo $?; echoes x 2>&- | sed -n 2p; cat <&-; echo $?",
        shell,
    )
    assert ran.lines == ["2", "0", "b'x'", "0"]


def test_pipelines_run_at_the_same_time(shell: str) -> None:
    ran = run_script("slow 0.4 | slow 0.4 | slow 0.4; slow 0.4 & slow 0.4; wait; echo done", shell)
    assert ran.lines == ["done"]
    assert ran.seconds < 1.6


def test_a_reader_that_goes_away(shell: str) -> None:
    ran = run_script(
        """(cat /etc/big /etc/big /etc/big; echo "status $?" > /tmp/status) | fails 4; echo $?
        slow 0.3; cat /tmp/status""",
        shell,
    )
    assert ran.lines == ["4", "status 141"]
    assert ran.ended == ""


def test_many_calls_in_short_time(shell: str) -> None:
    ran = run_script(
        """i=
        while :; do
            i=x$i; case $i in xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx) exit 0;; esac
            fails 5; case $? in 5) :;; *) echo lost;; esac
            x=`pid`; case $x in '') echo lost;; esac
            ( : ) | ( : )
        done""",
        shell,
    )
    assert ran.status == 0 and ran.lines == []
    assert ran.calls == 98
    # A call takes some 3 ms on an idle machine; this is for a busy one.
    assert ran.seconds / ran.calls < 0.1


def test_scripts_find_their_shell(shell: str) -> None:
    ran = run_script(
        """
        echo '#!/sbin/sh
        echo "$0 $#"' > /tmp/s; echo 'echo plain' > /tmp/p
        cd /tmp; sh ./p; . ./p; /sbin/sh /tmp/s a b; exec sh -c 'echo last'""",
        shell,
    )
    assert ran.lines == ["plain", "plain", "/tmp/s 2", "last"]


def test_nothing_of_the_workstation_is_there(shell: str) -> None:
    ran = run_script(
        """echo /* /usr/*; for d in /proc /home /root /lib /var /etc/hostname; do
        [ -d $d ] && echo $d; done; echo end""",
        shell,
    )
    assert ran.lines == ["/a /bin /dev /devices /etc /sbin /tmp /usr /usr/bin", "end"]


def test_background_commands_are_ended(shell: str) -> None:
    ran = run_script("slow 30 & echo started", shell)
    assert ran.lines == ["started"] and ran.seconds < 10


def test_reboot_is_a_signal_to_all(shell: str) -> None:
    ran = run_script("trap 'echo trapped; exit 0' 15; reboot; echo after", shell)
    assert ran.going_down == "reboot" and ran.left == 0
    assert "trapped" in ran.lines and "after" not in ran.lines


def test_who_ignores_the_signal_is_killed_after_five_seconds(shell: str) -> None:
    ran = run_script("trap '' 15; reboot & while :; do fails 0; done", shell)
    assert ran.going_down == "reboot" and ran.left == 0
    assert 4 < ran.seconds < 15
    assert ran.status == 128 + 9
