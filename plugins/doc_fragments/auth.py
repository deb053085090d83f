# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options that every module shares."""

from __future__ import annotations


class ModuleDocFragment:
    """Authentication, namespace and what they need."""

    DOCUMENTATION = r"""
options:
  namespace:
    description: Where everything lives. Left out, the namespace of the kubeconfig's context, or else V(default).
    type: str
  kubeconfig:
    description:
      - Path of a kubeconfig, or its content as a dictionary. Also E(K8S_AUTH_KUBECONFIG). Left out, E(KUBECONFIG), else
        C(~/.kube/config), else the pod's own service account.
      - If a task gives any of O(kubeconfig), O(context), O(host), O(api_key), O(username), O(password), O(client_cert) or
        O(client_key), none of these, nor O(ca_cert) and O(validate_certs), is taken from the environment; with O(context)
        alone, E(K8S_AUTH_KUBECONFIG) still is.
    type: raw
  context:
    description: Name of a context in the kubeconfig. Also E(K8S_AUTH_CONTEXT).
    type: str
  host:
    description: URL of the API server. Also E(K8S_AUTH_HOST).
    type: str
  api_key:
    description: A bearer token. Also E(K8S_AUTH_API_KEY).
    type: str
  username:
    description: User name for basic authentication to O(host); a name for O(proxy) stands in its URL. Also E(K8S_AUTH_USERNAME).
    type: str
  password:
    description: Password of O(username). Without effect beside O(api_key). Also E(K8S_AUTH_PASSWORD).
    type: str
  validate_certs:
    description: >-
      Whether to verify the API server's TLS certificate, which is verified by default. Also E(K8S_AUTH_VERIFY_SSL) or
      E(K8S_AUTH_VALIDATE_CERTS).
    type: bool
    aliases: [verify_ssl]
  ca_cert:
    description: Path of the CA certificate of the API server. Also E(K8S_AUTH_SSL_CA_CERT) or E(K8S_AUTH_CA_CERT).
    type: path
    aliases: [ssl_ca_cert]
  client_cert:
    description: Path of a client certificate. Also E(K8S_AUTH_CERT_FILE) or E(K8S_AUTH_CLIENT_CERT).
    type: path
    aliases: [cert_file]
  client_key:
    description: Path of the key of O(client_cert). Also E(K8S_AUTH_KEY_FILE) or E(K8S_AUTH_CLIENT_KEY).
    type: path
    aliases: [key_file]
  proxy:
    description:
      - URL of a proxy, with C(http), C(https), C(socks5) or C(socks5h). The last two need the Python library PySocks, and the
        proxy looks names up. Also E(K8S_AUTH_PROXY).
      - An C(https) proxy is verified by O(ca_cert) and the machine's CAs, unless O(validate_certs) is false.
    type: str
  no_proxy:
    description: Hosts, separated by commas, to reach without the proxy. Also E(K8S_AUTH_NO_PROXY).
    type: str
  impersonate_user:
    description: >-
      User to act as. Like C(kubectl --as), it replaces C(as) of the kubeconfig and no other field. Also
      E(K8S_AUTH_IMPERSONATE_USER).
    type: str
  impersonate_groups:
    description:
      - Groups to act as, in place of C(as-groups) of the kubeconfig. Also E(K8S_AUTH_IMPERSONATE_GROUPS), separated by commas.
    type: list
    elements: str
requirements:
  - python >= 3.9
  - kubernetes >= 29
  - urllib3 >= 1.26 (comes with kubernetes)
  - websocket-client (comes with kubernetes)
  - PyYAML
"""
