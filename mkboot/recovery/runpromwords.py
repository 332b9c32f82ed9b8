# SPDX-License-Identifier: Apache-2.0
"""The sentences of the run book's chapter on the NVRAM."""

from __future__ import annotations

WHAT = (
    "The host id, the Ethernet address and the settings of the PROM are not on the disks, so no "
    "restore brings them back. Signs that they are lost: host id and Ethernet address of all ff "
    'or all 0 in the banner, "The IDPROM contents are invalid", a wrong date after every '
    "power-off. Licences are often bound to the host id."
)

X86 = (
    "This is a PC: it has no such NVRAM. What its PROM variables would be stands in "
    "/boot/solaris/bootenv.rc on its disk, and comes back with it."
)

CHIP = (
    "The battery lies inside the NVRAM chip (or beside it). While it is empty, what is typed here "
    "is lost again at the next power-off; put in a new chip of the same type first."
)

NOT_CAPTURED = "This was not captured. Write it in here while the host still knows it:"

FACTORY = (
    "These commands tell it, the first ones on the running host as root, the others at ok. A "
    "label on the chip or on the case often has it too. From the factory the Ethernet address of "
    "older machines is 8:0:20 and then the last six digits of the host id."
)

MKP = (
    "Type these at ok. All numbers are hexadecimal: value, place, mkp. set-defaults clears the "
    "settings below as well."
)

MKP_CHECKS = (
    "The last byte checks the others: if the IDPROM is called invalid afterwards, one of them was "
    "mistyped."
)

MKP_REST = (
    "Put the digits of the Ethernet address, two by two, for the blanks of places 2 to 7, and the "
    "last six of the host id for those of c, d and e. The long line reckons the last byte."
)

MKP_FAMILY = (
    "Which family this machine is of is not known; these lines are for sun4c, sun4m, sun4u."
)

MKP_AFTER = (
    ".idprom and banner must show the numbers above. Where the PROM does not know mkp, the "
    "identity lies elsewhere: on a card that moves with the machine, or with the service."
)

NO_MKP = (
    "The PROM of this machine ({prom}) has no mkp: its identity lies in a part that moves with the "
    "machine (configuration card, serial EEPROM, system controller), not in a chip that is "
    "programmed at ok. Move that part to the new board; the numbers above show whether it worked."
)

NO_SETTINGS = (
    "The settings of the PROM were not captured, for a disk image does not hold them. Those of a "
    "machine that was never changed come back by set-defaults."
)

ROOT_PATH = (
    "The root slice has this device path in Solaris; the PROM may write disk where Solaris writes "
    "sd or dad (probe-scsi-all and show-disks tell):"
)

FOR_NEXT_TIME = (
    "With files of what these print, mkboot prepare --nvram FILE puts all of it on this page."
)

OTHER = "These differ from what the PROM has by itself:"

UNKNOWN = "These were so; what the PROM has by itself is not known, so set all of them:"

SAME = "These were as the PROM has them by itself; set-defaults does it, or one by one:"

EMPTY = "These had no value: {names}."

ODD = (
    "These cannot be typed at ok as they were. When the host runs again, as root (\\xNN is one "
    "byte, to be put in by other means):"
)

CUT = (
    "Of these only the beginning was printed; eeprom NAME on the host shows the whole. Write it in:"
)

SCRIPT = (
    "nvramrc, the PROM's start script. nvedit numbers its lines from 0 by itself; type what "
    "follows, each line with Return, with nothing changed:"
)

SCRIPT_CUT = "Only the beginning of it was printed when it was captured; the rest is not known."

SCRIPT_ODD = "\\xNN in it is one byte that cannot be typed."

SCRIPT_END = "Then press Control-C, and type:"

USE_SCRIPT = "Whether the start script is used:"

SECURITY = "The PROM was locked. This asks for a new password; without it the machine stays open:"

LOGO = "There was a picture of an own logo (oem-logo); it is not typed, set it from the host."

ALIASES = (
    "Names of devices as devalias showed them. Most are made by the PROM itself: compare, and type "
    "the line of a name only where it is missing or shows another path (it goes into nvramrc):"
)

RESET = "Then look at all of it once, and reset (reset-all where reset is not known):"

CLOCK = "The clock was in the same chip. Boot single-user, set it (month, day, hour, minute, year):"
