# SPDX-License-Identifier: Apache-2.0
"""The sentences of the run book, but for those about stops and about the NVRAM."""

from __future__ import annotations

STRATEGY = {
    "single": "everything is on volume 1",
    "root-first": "volume 1 makes the disk bootable, the rest follows from the disk",
    "two-drive": "further volumes go into a second drive",
}

LOST = (
    "EVERYTHING ON THESE DISKS IS LOST when the restore begins. Make sure that this is the "
    "machine, and that nothing on its disks is wanted any more. Take out disks that are not listed."
)

SAME_DISKS = (
    "The disc finds each disk by its device path, then by its size; where neither tells, it "
    "asks. A new disk of the same size or a larger one will do, in the place of the old one; it "
    "may be blank."
)

HOW_LONG = "All of it takes {span}."

ASSUMED = (
    "This is reckoned, not measured, from the sizes: a drive that reads {slow} to {fast} kB a "
    "second, ufsrestore writing 500 to 4000 kB a second. A slow drive and many small files go to "
    "the upper end."
)

CHECK_NOW = (
    "If another machine is at hand, look whether the discs are still good before the Sun is "
    "touched: on Linux copy each one to an image, and type mkboot verify and the images; on any "
    "Unix compare what cksum says of each file with /mkboot/cksum.txt of the disc."
)

TO_OK = (
    "Switch the machine on. At a Sun keyboard press Stop-A, on a serial console send a break, as "
    'soon as memory has been tested; the prompt is "ok". Where it is ">", type n first.'
)

PUT_IN = "Put volume 1 ({volume_id}) into the drive, and type:"

RARP = (
    "Then wait. Until the first line of mkboot it takes {span}. Without a network the machine "
    "asks for its address by RARP and then for boot parameters, again and again, before it goes "
    "on: for some minutes nothing but such lines, or nothing at all, is seen. That is no fault. "
    "Do not interrupt it; a cable that leads nowhere may be pulled out."
)

QUESTIONS = (
    "Nothing should be asked. Should the install program ask for a language, a network or a "
    "time zone, the sign for a start without hands was not taken: answer nothing, press Stop-A "
    "(or send a break), and start again so:"
)

PLAN_B = "If that too ends in the install program, or in an error of it, go round it:"

PLAN_B_SHELL = 'At the prompt "#" the disc is mounted on /cdrom; what follows is the same restore:'

BY_HAND = (
    "This set goes into two drives, and is restored by hand: boot as follows, then carry out "
    "/README.TXT of volume 1, stage by stage. It has every line that is to be typed."
)

PLAN_C = (
    "If /cdrom is empty there, /README.TXT of this disc (read it on another machine) tells how to "
    "mount it, and how to do all by hand with Sun's own commands, without mkboot."
)

NO_ALIAS = (
    'If the PROM does not find "cdrom": devalias shows what it is called, probe-scsi-all whether '
    "the drive answers. A path needs the letter of the machine's own slice behind it: c for "
    "sun4c, d for sun4m, e for sun4d, f for sun4u. The drive must be one that can read blocks of "
    "512 bytes, as Sun's do."
)

FIRST = (
    'Every line of ours begins with "mkboot:". Each step of a stage says so with its number and '
    "its name; lines of Solaris' own commands may come between."
)

RESTORING = (
    "While files come back, a line tells how far it is. A number that does not move for half "
    "an hour is a stop without words: see chapter {stops}."
)

END_1 = "At the end it says:"

SECOND = (
    "The machine then reboots from the disk by itself. If it does not, or comes to ok, type "
    "boot. Before anything else is started, the disk asks for the next disc and brings back the "
    "other file systems. Until all are there it does not go multi-user; do not start it so by "
    "hand, for programs would write into directories over which a file system is still to be "
    "mounted. It may be switched off and on again at any time: it goes on where it was."
)

END_2 = "Then it removes what it had put on the disk, and says once, at the very end:"

PROMPT = "When another disc is wanted, it is named, and nothing goes on before Return is pressed:"

EJECT = (
    "Where the drive does not open by itself, press its button. Each disc is checked whole before "
    "a byte of it is used; that takes {span}."
)

FOR_HAND = "/README.TXT says when each further disc is wanted; they go into the second drive."

ONE_DISC = "Volume 1 stays in the drive until the end; no other disc is needed."

STAYS = (
    "Volume 1 stays in the drive through stage 1: the machine runs from it, and the drive cannot "
    "be opened."
)

CHANGES = "The prompt comes {count}, in this order:"

LOGS = (
    "All that was said, and more, stands in a log: in stage 1 in /tmp/mkboot/log, in memory only; "
    "it is copied to /var/adm/mkboot.log of the restored system before that is unmounted."
)

LOGS_2 = (
    "In stage 2 it is /mkboot/state/log on the restored root, and at the end part of "
    "/var/adm/mkboot.log. The directory /mkboot goes away when all is restored."
)

ACCEPTED = "{name}: captured although it was {how}; files in it may be damaged."

NOTHING_LACKS = "Nothing that was found on the disks is missing from the set."

NEVER_BACK = (
    "Never in such a set: what is in the NVRAM (last chapter), what was in swap, access and "
    "inode-change times, and whatever changed after the capture."
)

DONE = (
    "Log in on the console. Look at df -k, at the date, at the services that matter. Then take a "
    "level 0 backup of the host, keep these discs, and write down on them what was odd."
)

PLAIN_ROOT = "The root of this host was under a volume manager; now it is on a plain slice."
