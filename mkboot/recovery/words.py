# SPDX-License-Identifier: Apache-2.0
"""The sentences of README.TXT's stages, one paragraph each."""

from __future__ import annotations

PUT_IN = 'Put volume 1 into the drive. At the prompt "ok" type'

PROMPT = (
    'and wait for the prompt "#". (Without a network this can take some minutes: the machine asks '
    "for its address by RARP first.) This text is then there, too: /mkboot/README.TXT."
)

TYPE = (
    'Type the lines that begin with "#", without the "#". CD is slice 0 of the drive; in most '
    'machines its target is 6: "mount" and "ls /dev/dsk" tell.'
)

WHICH_SET = 'The last line must say "volume 1 of {count}": else the disc is of another set.'

WHICH_DISKS = (
    "The disks can have other names here than on the running host, for this boot counts them "
    'afresh. "format </dev/null" lists them with their device paths. Find the paths below, and '
    "type the names that format gives them; all later lines use these."
)

CHECK = (
    "Every disc is read and compared with its list, mkboot/cksum.txt. Where cksum is not found, "
    "the booted system lacks it: check the discs on another machine before going on (see the end "
    "of this text)."
)

VOL = (
    '"vol" asks for a volume until it is the one in the drive. Where eject is refused, press the '
    'drive\'s button; where mount says "busy", type "cd /" in every shell.'
)

COUNTS = "It must say {counts}. With any other answer stop here."

CHECKED_LATER = (
    "The drive cannot be emptied now, so {others} checked later; or better now, on another machine "
    "(see the end of this text)."
)

LABEL = (
    "From here on what is on the disks is lost. A disk that has no label yet gets one from "
    '"format" first (choose it, answer "y", then "quit").'
)

ROUND_UP = (
    "fmthard refuses a table that does not fall on the cylinders of the new disk: then round the "
    'numbers up by hand (see "prtvtoc") in a copy in /tmp.'
)

SWAP = "Swap space is room in /tmp, where ufsrestore has its work files:"

MESSAGES = (
    "ufsrestore's exit status is worth nothing: judge what it says. That ./lost+found exists is "
    "harmless, for newfs has made it. Any other message is a fault: begin the stage again."
)

ODD_MOUNT = "Its mount point cannot be typed, so it is mounted on another for its restore."

PHASE_5 = 'fsck must get to "** Phase 5" each time: if it ends before, it has checked nothing.'

HALT = (
    "The system on volume 1 runs from the drive, so the drive cannot be emptied while it runs. The "
    "disk boots now: halt, boot it single-user, and restore the rest from there. Do not let it "
    "come up multi-user before, for file systems are missing."
)

ASKS_ROOT = "It asks for root's password, as it was when the host was captured."

NOT_THE_DISK = 'Where the alias "disk" is another disk, type its path instead{path}.'

STILL_EMPTY = (
    "{mounts} did not fit volume 1 and is still empty: where the boot stops over it and asks for "
    "fsck by hand, that shell does as well."
)

NAMES_AGAIN = (
    "What was typed is forgotten, and the disks have the host's own names again. Say once more "
    'what is where; "ls" must show the paths below, else find the right names before you go on.'
)

THE_END = "If all went well, take a level 0 dump of the host soon."

ANEW = "The next boot looks for devices anew, and the PROM must find the disk:"

BOOT_DEVICE = (
    "boot-device must name the root slice, {slice}: {path}. An alias like \"disk\" is shown by "
    '"devalias" at ok. If it names another disk: eeprom boot-device=PATH, or at ok: setenv '
    "boot-device PATH."
)  # fmt: skip

NEW_NAMES = (
    "Where a disk has another device path now than in step 3 (another slot or controller, a Fibre "
    "Channel disk with another WWN), its name on the host changes too: put the new names into "
    "/a/etc/vfstab and /a/etc/dumpadm.conf now. The same path gives the same name."
)

MANAGED = (
    "The host's root was on {what}; now it is on the plain slice {slice}. It does not boot before "
    "/a/etc/system and /a/etc/vfstab say so:"
)

BY_HAND = "These lines must be put behind it by hand, as bytes (\\xNN is one byte):"

MANAGED_AFTER = {
    "md": (
        "When the host runs, make the replicas and metadevices again: metadb -a -f, metainit, "
        "metaroot, reboot, metattach."
    ),
    "vx": "When the host runs, remove install-db and encapsulate the root again.",
}
