# SPDX-License-Identifier: Apache-2.0
"""``make bench``: mkboot and the programs that do parts of its job, on the same content."""
