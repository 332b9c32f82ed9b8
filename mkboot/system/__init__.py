# SPDX-License-Identifier: Apache-2.0
"""The captured host: reading its inventory, and the capture store."""
