# SPDX-License-Identifier: Apache-2.0
"""The words that Solaris' shell and userland have, as data with typed access."""
