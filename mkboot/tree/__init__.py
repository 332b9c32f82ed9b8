# SPDX-License-Identifier: Apache-2.0
"""The ground floor: FileTree, content references, comparing."""
