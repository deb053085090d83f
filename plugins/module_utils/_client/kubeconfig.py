# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a kubeconfig (a dictionary, files, or the pod's own account) into a Configuration."""

from __future__ import annotations

import os
import stat
import typing as t

from .._core.errors import AuthError
from .auth_options import is_kubeconfig_text
from .config import (
    Configuration,
)
from .credentials import (
    Entry,
    fill_in,
)
from .library import yaml
from .renewal import token_file

_DEFAULT_KUBECONFIG = "~/.kube/config"
_MAX_BYTES = 4 * 1024 * 1024
_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


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
        documents = (
            [Entry(kubeconfig, "")] if isinstance(kubeconfig, dict) else _documents(kubeconfig)
        )
        name = context or _current_context(documents)
        chosen = _context(documents, name, what)
        user = _named(documents, "users", chosen.get("user")) or Entry({}, "")
        fill_in(configuration, _cluster(documents, chosen, what), user, environ, what)
    except OSError as error:
        raise AuthError(
            f"{_capital(what)} cannot be read: {error.strerror or error}. Check its path and its rights."
        ) from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError):
        # Whatever comes of content of another form; the error's text may hold some of it.
        raise AuthError(
            f"{_capital(what)} is not valid: it is not YAML, not of a kubeconfig's form, or holds data "
            "that is not base64. Check it with: kubectl config view."
        ) from None
    namespace = chosen.get("namespace")
    return str(namespace) if namespace else None


def _context(documents: t.Sequence[Entry], name: str | None, what: str) -> dict[str, t.Any]:
    found = _named(documents, "contexts", name)
    if found is None:
        desired = f"no context {name!r}" if name else "no current-context"
        raise AuthError(
            f"{_capital(what)} cannot be used: it has {desired}. Look at: kubectl config get-contexts."
        )
    return found.content


def _cluster(documents: t.Sequence[Entry], context: dict[str, t.Any], what: str) -> Entry:
    found = _named(documents, "clusters", context.get("cluster"))
    if found is None:
        raise AuthError(
            f"{_capital(what)} cannot be used: it has no cluster {context.get('cluster')!r}, which its "
            "context names."
        )
    return found


def _existing(paths: str) -> list[str]:
    expanded = (os.path.expanduser(path) for path in paths.split(os.pathsep) if path)
    return [path for path in expanded if os.path.exists(path)]


def _documents(paths: str) -> list[Entry]:
    documents = []
    for path in _existing(paths):
        with open(path, encoding="utf-8") as file:
            text = file.read(_MAX_BYTES)
            if not text and stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
                raise AuthError(
                    f"The kubeconfig {path} is a pipe, which can be read only once, and it is empty now: an "
                    "earlier task has read it. Write the kubeconfig into a file."
                )
            document = yaml.safe_load(text)
        if document is not None:
            documents.append(Entry(document, os.path.dirname(os.path.abspath(path))))
    return documents


def _current_context(documents: t.Sequence[Entry]) -> str | None:
    """The first file that names one counts, as for kubectl."""
    named = (document.content.get("current-context") for document in documents)
    return next((name for name in named if name), None)


def _named(documents: t.Sequence[Entry], section: str, name: str | None) -> Entry | None:
    """A section's entry of that name; the first file that has one counts, as for kubectl."""
    for document in documents:
        for entry in document.content.get(section) or ():
            if name is not None and entry.get("name") == name:
                # {"name": ..., "cluster": {...}} and the like.
                content = entry[section.removesuffix("s")]
                return Entry(dict(content or {}), document.folder)
    return None


def _load_in_cluster(configuration: Configuration, environ: t.Mapping[str, str]) -> str | None:
    if "KUBERNETES_SERVICE_HOST" not in environ:
        raise AuthError(
            "No API server is known: give kubeconfig or host (as options, or as K8S_AUTH_* in the "
            "environment), set KUBECONFIG, or run inside a pod."
        )
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT", "443")
    configuration.host = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    configuration.ssl_ca_cert = os.path.join(_SERVICE_ACCOUNT, "ca.crt")
    # Kubernetes replaces the token before it expires.
    configuration.renewal = token_file(os.path.join(_SERVICE_ACCOUNT, "token"))
    try:
        with open(os.path.join(_SERVICE_ACCOUNT, "namespace"), encoding="utf-8") as file:
            return file.read(256).strip() or None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuthError(
            f"The pod's own service account cannot be used: {error.strerror}. Have its token mounted, or "
            "give kubeconfig or host."
        ) from None


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
