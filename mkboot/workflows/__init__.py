# SPDX-License-Identifier: Apache-2.0
"""What each command does, in order; knows progress, holds no format knowledge."""
