# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules support, in one place."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of a module that writes."""

    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/kubedirector.connections.kd) in C(module_defaults) to set options for all modules.
    support: full
    membership:
      - kubedirector.connections.kd
  check_mode:
    description: In check mode, reports what would change, and changes nothing.
    support: full
    details:
      - Every write is sent to the API server as a server-side dry run, so its refusals are reported, too.
  diff_mode:
    description: Will return details on what has changed when in diff mode.
    support: full
    details:
      - Of a Secret it shows which keys change, never a value.
  idempotent:
    description: When run twice in a row, the second run changes and writes nothing.
    support: full
  platform:
    description: Target OS/families that can be operated against.
    platforms: posix
    support: full
"""

    # For modules that only read.
    INFO = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/kubedirector.connections.kd) in C(module_defaults) to set options for all modules.
    support: full
    membership:
      - kubedirector.connections.kd
  check_mode:
    description: Can run in check mode; the module only reads.
    support: full
  diff_mode:
    description: There is nothing to show, since the module changes nothing.
    support: N/A
  idempotent:
    description: The module only reads.
    support: full
  platform:
    description: Target OS/families that can be operated against.
    platforms: posix
    support: full
"""
