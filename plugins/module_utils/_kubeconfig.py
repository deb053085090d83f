# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a kubeconfig (a dictionary, files, or the pod's own account) into a Configuration."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.kubedirector.connections.plugins.module_utils._errors import AuthError
from ansible_collections.kubedirector.connections.plugins.module_utils._kubernetes import (
    Configuration,
    kubernetes_config,
    yaml,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._secrecy import (
    is_kubeconfig_text,
)

_DEFAULT_KUBECONFIG = "~/.kube/config"
_MAX_BYTES = 4 * 1024 * 1024
_NAMESPACE_IN_POD = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


def load_kubeconfig(
    configuration: Configuration,
    kubeconfig: t.Any,
    context: str | None,
    environ: t.Mapping[str, str],
) -> str | None:
    """Fill a configuration.

    :param kubeconfig: a dictionary, or paths separated as in KUBECONFIG; None for KUBECONFIG, the
        default kubeconfig or, in a pod without one, the pod's own account.
    :returns: the context's namespace, or None.
    :raises AuthError: there is none, or it cannot be used; the message holds nothing of its content.
    """
    if isinstance(kubeconfig, dict):
        what = "the kubeconfig given as a dictionary"
    elif kubeconfig is None:
        kubeconfig = environ.get("KUBECONFIG") or _DEFAULT_KUBECONFIG
        if not _existing(kubeconfig):
            return _load_in_cluster(configuration, environ)
        what = f"the kubeconfig {kubeconfig}"
    elif isinstance(kubeconfig, str) and not is_kubeconfig_text(kubeconfig):
        if not _existing(kubeconfig):
            raise AuthError(f"The kubeconfig {kubeconfig} does not exist.")
        what = f"the kubeconfig {kubeconfig}"
    else:
        raise AuthError(
            "Option kubeconfig must be a path or a dictionary; from the text of a kubeconfig make one "
            "with from_yaml."
        )
    try:
        documents = [kubeconfig] if isinstance(kubeconfig, dict) else _documents(kubeconfig)
        name = context or _current_context(documents)
        _load(configuration, kubeconfig, name)
        chosen = _named(documents, "contexts", name).get("context") or {}
        _require_credentials(configuration, documents, chosen, what)
    except kubernetes_config.ConfigException as error:
        raise AuthError(f"{_capital(what)} cannot be used: {str(error).rstrip('.')}.") from None
    except OSError as error:
        raise AuthError(f"{_capital(what)} cannot be read: {error.strerror or error}.") from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError):
        # Whatever the library makes of content of another form; its text may hold some of it.
        raise AuthError(
            f"{_capital(what)} is not valid: it is not YAML, not of a kubeconfig's form, or holds data "
            "that is not base64. Check it with: kubectl config view."
        ) from None
    namespace = chosen.get("namespace")
    return str(namespace) if namespace else None


def _load(configuration: Configuration, kubeconfig: t.Any, context: str | None) -> None:
    if isinstance(kubeconfig, dict):
        kubernetes_config.load_kube_config_from_dict(
            kubeconfig, context=context, client_configuration=configuration, persist_config=False
        )
        return
    kubernetes_config.load_kube_config(
        config_file=os.pathsep.join(_existing(kubeconfig)),
        context=context,
        client_configuration=configuration,
        persist_config=False,
    )


def _existing(paths: str) -> list[str]:
    expanded = (os.path.expanduser(path) for path in paths.split(os.pathsep) if path)
    return [path for path in expanded if os.path.exists(path)]


def _documents(paths: str) -> list[dict[str, t.Any]]:
    documents = []
    for path in _existing(paths):
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file.read(_MAX_BYTES))
        if document is not None:
            documents.append(document)
    return documents


def _current_context(documents: t.Sequence[dict[str, t.Any]]) -> str | None:
    """The first file that names one counts, as for kubectl; release 29 of the library wants it in the
    first file."""
    return next((d["current-context"] for d in documents if d.get("current-context")), None)


def _named(
    documents: t.Sequence[dict[str, t.Any]], section: str, name: str | None
) -> dict[str, t.Any]:
    for document in documents:
        for entry in document.get(section) or ():
            if entry.get("name") == name:
                return dict(entry)
    return {}


def _require_credentials(
    configuration: Configuration,
    documents: t.Sequence[dict[str, t.Any]],
    context: dict[str, t.Any],
    what: str,
) -> None:
    """The library only logs when a credential plug-in fails, and goes on as system:anonymous."""
    user = _named(documents, "users", context.get("user")).get("user") or {}
    plugin = user.get("exec")
    if plugin and not configuration.cert_file and not configuration.auth_settings():
        raise AuthError(
            f"{_capital(what)} gets its credentials from the command {plugin.get('command')!r}, which gave "
            "none: run it by hand to see why."
        )


def _load_in_cluster(configuration: Configuration, environ: t.Mapping[str, str]) -> str | None:
    if "KUBERNETES_SERVICE_HOST" not in environ:
        raise AuthError(
            "No API server is known: give kubeconfig or host (as options, or as K8S_AUTH_* in the "
            "environment), set KUBECONFIG, or run inside a pod."
        )
    try:
        kubernetes_config.load_incluster_config(client_configuration=configuration)
    except kubernetes_config.ConfigException as error:
        raise AuthError(
            f"The pod's own service account cannot be used: {str(error).rstrip('.')}."
        ) from None
    if not os.path.exists(_NAMESPACE_IN_POD):
        return None
    with open(_NAMESPACE_IN_POD, encoding="utf-8") as file:
        return file.read(256).strip() or None


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
