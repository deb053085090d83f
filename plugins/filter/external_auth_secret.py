# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write how users are looked up in a directory as a Secret."""

from __future__ import annotations

DOCUMENTATION = r"""
name: external_auth_secret
short_description: Write how users are looked up in a directory as a Secret
version_added: 1.0.0
author: kubedirector.connections contributors (!UNKNOWN)
description:
  - Checks the settings and makes of them an entry for C(secrets) of M(kubedirector.connections.kd_connection).
  - C(object_name), C(type), C(locations) (a list of host:port, an IPv6 address in brackets), C(security_protocol),
    C(bind_type), C(user_attr) and C(groups) are needed, and C(base_dn), too, unless C(bind_type) is a direct bind. C(groups)
    and C(base_dn) are text or lists; a list is joined by V(::::), as the locations are.
  - C(bind_dn) and C(bind_pwd) go together. Without them applications bind anonymously, with a warning unless C(bind_type) says
    so, or is a direct bind.
  - C(ca_cert), C(user_subtree) and C(extra), a dictionary of further keys, are optional.
positional: _input
options:
  _input:
    description: Settings.
    type: dict
    required: true
seealso:
  - module: kubedirector.connections.kd_connection
"""

EXAMPLES = r"""
- name: Show the keys that the Secret would have
  ansible.builtin.debug:
    msg: "{{ (settings | kubedirector.connections.external_auth_secret).string_data.keys() }}"
  vars:
    settings:
      object_name: external-auth
      type: LDAP
      locations: ["ldap.example.com:636"]
      security_protocol: ldaps
      bind_type: search_bind
      bind_dn: cn=reader,dc=example,dc=com
      bind_pwd: "{{ directory_password }}"
      base_dn: dc=example,dc=com
      user_attr: uid
      groups: cn=team-a,dc=example,dc=com
    directory_password: a-password-for-the-example
"""

RETURN = r"""
_value:
  description: One Secret of type V(extAuth).
  type: dict
  sample:
    name: external-auth
    type: extAuth
    string_data:
      type: LDAP
      security_protocol: ldaps
      bind_type: search_bind
      bind_dn: cn=reader,dc=example,dc=com
      bind_pwd: a-password-for-the-example
      base_dn: dc=example,dc=com
      user_attr: uid
      groups: cn=team-a,dc=example,dc=com
      auth_service_locations: ldap.example.com:636
"""

import typing as t

from ..module_utils._connection_types import type_data
from ..plugin_utils._filters import data_filters, warn


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return data_filters(type_data.external_auth_secret, warn=warn)
