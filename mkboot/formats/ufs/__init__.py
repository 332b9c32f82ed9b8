# SPDX-License-Identifier: Apache-2.0
"""Sun's UFS1, read and written: the file system of Solaris' slices."""
