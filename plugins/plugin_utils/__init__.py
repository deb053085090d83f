# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code of plugins that run on the controller. Plugins import from here first, so that the rest is imported faster."""

from ._bytecode import import_from_bytecode

import_from_bytecode()
