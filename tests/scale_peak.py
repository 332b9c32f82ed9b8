# SPDX-License-Identifier: Apache-2.0
"""A mkboot command whose last line on standard output is the memory that it held at most.

In bytes, from /proc/self/status: unlike getrusage's that one does not begin with what the
parent process held.
"""

import re
import sys
from pathlib import Path

from mkboot.cli.main import main

sys.argv[0] = "mkboot"
status = 0
try:
    main()
except SystemExit as e:
    status = e.code if isinstance(e.code, int) else int(e.code is not None)
found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
print()
print(int(found[1]) * 1024 if found else 0)
sys.exit(status)
