# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a kubeconfig (a dictionary, files, or the pod's own account) into a Configuration."""

from __future__ import annotations

import base64
import contextlib
import os
import stat
import typing as t
import urllib.parse

from .._core.errors import AuthError
from .auth_options import header_text, is_file_content, require_path
from .config import Configuration, basic_authentication, plain_address
from .exec_plugin import run_plugin
from .library import yaml
from .renewal import Credential, Renewal, fixed, token_file
from .tls import private_file

_DEFAULT_KUBECONFIG = "~/.kube/config"
_MAX_BYTES = 4 * 1024 * 1024
_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"

_EXTENSION = "client.authentication.k8s.io/exec"
_INSECURE = "insecure-skip-tls-verify"
# What a plug-in receives about its cluster, under the kubeconfig's names.
_CLUSTER_KEYS = ("server", "tls-server-name", "proxy-url", "disable-compression", _INSECURE)
# What a header's name may hold besides (source: RFC 7230); the API server decodes the rest.
_PLAIN_IN_NAME = "!#$&'*+^`|"


class Entry(t.NamedTuple):
    """A kubeconfig, or a context, cluster or user of it, and the folder of its relative paths."""

    content: dict[str, t.Any]
    folder: str


def load_kubeconfig(
    configuration: Configuration,
    kubeconfig: t.Any,
    context: str | None,
    environ: t.Mapping[str, str],
) -> str | None:
    """Fill a configuration.

    :param kubeconfig: a dictionary, or paths separated as in KUBECONFIG; None for KUBECONFIG, the
        default kubeconfig, or else the pod's account.
    :returns: the context's namespace.
    :raises AuthError: none can be used; the message shows no content.
    """
    if isinstance(kubeconfig, dict):
        what = "the kubeconfig given as a dictionary"
    elif _has_lost_path(environ.get("KUBECONFIG") if kubeconfig is None else kubeconfig):
        # Its value may be a whole kubeconfig, by mistake.
        raise AuthError(
            f"{'KUBECONFIG' if kubeconfig is None else 'Option kubeconfig'} names a relative path that does not "
            "exist: it counts from where Ansible runs the module. Give an absolute path."
        )
    elif kubeconfig is None:
        kubeconfig = environ.get("KUBECONFIG") or _DEFAULT_KUBECONFIG
        if not _existing(kubeconfig):
            return _load_in_cluster(configuration, environ)
        what = f"the kubeconfig {kubeconfig}"
    elif isinstance(kubeconfig, str) and _existing(kubeconfig):
        what = f"the kubeconfig {kubeconfig}"
    elif isinstance(kubeconfig, str) and not is_file_content(kubeconfig):
        raise AuthError(
            f"The kubeconfig {kubeconfig} does not exist. Correct its path, which counts where the module runs."
        )
    else:
        raise AuthError(
            "Option kubeconfig must be a path or a dictionary; from the text of a kubeconfig make one "
            "with from_yaml."
        )
    with _refusing(what):
        documents = (
            [Entry(kubeconfig, "")] if isinstance(kubeconfig, dict) else _documents(kubeconfig)
        )
        # As for kubectl, the first one counts.
        current = (document.content.get("current-context") for document in documents)
        name = context or next(filter(None, current), None)
        found = _named(documents, "contexts", name)
        if found is None:
            missing = f"context {name!r}" if name else "current-context"
            raise AuthError(
                f"{_capital(what)} cannot be used: it has no {missing}. Look at: kubectl config get-contexts."
            )
        chosen = found.content
        cluster = _named(documents, "clusters", chosen.get("cluster"))
        if cluster is None:
            raise AuthError(
                f"{_capital(what)} cannot be used: it has no cluster {chosen.get('cluster')!r}, which its "
                "context names."
            )
        user = _named(documents, "users", chosen.get("user")) or Entry({}, "")
        _fill_in(configuration, cluster, user, environ, what)
    namespace = chosen.get("namespace")
    return str(namespace) if namespace else None


@contextlib.contextmanager
def _refusing(what: str) -> t.Iterator[None]:
    """:raises AuthError: in place of whatever unusable content raises."""
    try:
        yield
    except OSError as error:
        raise AuthError(
            f"{_capital(what)} cannot be read: {error.strerror or error}. Check its path and its rights."
        ) from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError):
        # The error's text may hold some of the content.
        raise AuthError(
            f"{_capital(what)} is not valid: it is not YAML, not of a kubeconfig's form, or holds data "
            "that is not base64. Check it with: kubectl config view."
        ) from None


def _existing(paths: str) -> list[str]:
    expanded = (os.path.expanduser(path) for path in paths.split(os.pathsep) if path)
    return [path for path in expanded if os.path.exists(path)]


def _has_lost_path(paths: t.Any) -> bool:
    """Whether a relative path does not exist: without it, another file or the pod's account would be used."""
    if not isinstance(paths, str) or is_file_content(paths):
        return False
    return any(
        not os.path.isabs(os.path.expanduser(path)) and not os.path.exists(path)
        for path in filter(None, paths.split(os.pathsep))
    )


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


def _named(documents: t.Sequence[Entry], section: str, name: str | None) -> Entry | None:
    """A section's entry by name; as for kubectl, the first one counts."""
    for document in documents:
        for entry in document.content.get(section) or ():
            if name is not None and entry.get("name") == name:
                # {"name": ..., "cluster": {...}} and the like.
                content = entry[section.removesuffix("s")]
                return Entry(dict(content or {}), document.folder)
    return None


def _load_in_cluster(configuration: Configuration, environ: t.Mapping[str, str]) -> str | None:
    if "KUBERNETES_SERVICE_HOST" not in environ:
        if environ.get("KUBECONFIG"):
            raise AuthError(
                # Its value may be a whole kubeconfig, by mistake.
                "KUBECONFIG names no file that exists. Correct it, or give kubeconfig or host (as options, or as "
                "K8S_AUTH_* in the environment)."
            )
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


def _fill_in(
    configuration: Configuration,
    cluster: Entry,
    user: Entry,
    environ: t.Mapping[str, str],
    what: str,
) -> None:
    """Take over address, TLS and credentials; runs nothing. :param what: which kubeconfig, for messages."""
    there = cluster.content
    configuration.host = plain_address(there["server"])
    if configuration.host.startswith("https"):
        held = configuration.private_files
        configuration.ssl_ca_cert = _file_of(cluster, "certificate-authority", held)
        configuration.cert_file = _file_of(user, "client-certificate", held)
        configuration.key_file = _file_of(user, "client-key", held)
    configuration.verify_ssl = not _boolean(there, _INSECURE, what)
    configuration.tls_server_name = there.get("tls-server-name")
    configuration.proxy_url = there.get("proxy-url")
    who = user.content
    configuration.impersonation = tuple(_impersonation(who))
    # In client-go's order: token file, token, password, plug-in.
    if who.get("tokenFile"):
        require_path("kubeconfig's tokenFile", who["tokenFile"])
        path = os.path.join(user.folder, who["tokenFile"])
        configuration.renewal = token_file(path, who.get("token"))
    elif who.get("token"):
        configuration.renewal = fixed(f"Bearer {who['token']}")
    elif "username" in who and "password" in who:
        name_and_password = f"{who['username']}:{who['password']}"
        configuration.renewal = fixed(basic_authentication(name_and_password))
    elif who.get("exec"):
        configuration.renewal = Renewal(lambda: _run_plugin(cluster, user, environ, what))
    elif who.get("auth-provider"):
        configuration.renewal = Renewal(lambda: _refuse_auth_provider(who, what))


def _run_plugin(cluster: Entry, user: Entry, environ: t.Mapping[str, str], what: str) -> Credential:
    spec = user.content["exec"]
    if not isinstance(spec, dict) or not spec.get("command"):
        raise AuthError(f"The user's exec in {what} names no command.")
    asks = _boolean(spec, "provideClusterInfo", what)
    with _refusing(what):
        cluster_info = _for_plugin(cluster) if asks else None
    return run_plugin(spec, user.folder, cluster_info, environ, what)


def _refuse_auth_provider(who: t.Mapping[str, t.Any], what: str) -> Credential:
    provider = who["auth-provider"]
    name = provider.get("name") if isinstance(provider, dict) else None
    raise AuthError(
        f"The user in {what} has the auth-provider {name!r}. Kubernetes removed auth-providers in release "
        "1.26: use a credential plug-in (exec) or a token."
    )


def _for_plugin(cluster: Entry) -> dict[str, t.Any]:
    there = cluster.content
    cluster_info = {key: there[key] for key in _CLUSTER_KEYS if there.get(key)}
    data = there.get("certificate-authority-data")
    if not data and there.get("certificate-authority"):
        with open(os.path.join(cluster.folder, there["certificate-authority"]), "rb") as file:
            data = base64.b64encode(file.read()).decode()
    if data:
        cluster_info["certificate-authority-data"] = data
    for extension in there.get("extensions") or ():
        if extension.get("name") == _EXTENSION:
            cluster_info["config"] = extension.get("extension")
    return cluster_info


def _impersonation(who: t.Mapping[str, t.Any]) -> t.Iterator[tuple[str, str]]:
    """The headers of `as` and the like (source: client-go transport/round_trippers.go)."""
    if who.get("as"):
        yield "Impersonate-User", header_text("kubeconfig's as", str(who["as"]))
    for group in who.get("as-groups") or ():
        yield "Impersonate-Group", header_text("kubeconfig's as-groups", str(group))
    if who.get("as-uid"):
        yield "Impersonate-Uid", header_text("kubeconfig's as-uid", str(who["as-uid"]))
    for key, values in (who.get("as-user-extra") or {}).items():
        for value in values:
            name = urllib.parse.quote(key, safe=_PLAIN_IN_NAME)
            text = header_text("kubeconfig's as-user-extra", str(value))
            yield f"Impersonate-Extra-{name}", text


def _boolean(holder: t.Mapping[str, t.Any], key: str, what: str) -> bool:
    """A boolean. kubectl refuses the text "false", which Python would take for true."""
    value = holder.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise AuthError(f"{key} in {what} is {value!r}; it must be true or false, without quotes.")
    return value


def _file_of(entry: Entry, key: str, held: list[t.Any]) -> str | None:
    """The path of a value given as path or base64 data; data win, as with kubectl. Their file is `held`."""
    data = entry.content.get(f"{key}-data")
    if data:
        # It may be wrapped into lines.
        content = base64.b64decode("".join(data.split()), validate=True)
        file, path = private_file(content)
        held.append(file)
        return path
    given = entry.content.get(key)
    if given:
        require_path(f"kubeconfig's {key}", given)
    return os.path.normpath(os.path.join(entry.folder, given)) if given else None
