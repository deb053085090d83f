# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a kubeconfig's credential plug-in (`exec`) by the rules of client-go.

Source: Kubernetes documentation, "client-go credential plugins", and client-go plugin/pkg/client/auth/exec. None is
interactive: Ansible has no terminal.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import signal
import subprocess
import typing as t

from .._core.errors import AuthError
from .renewal import Credential

_GROUP = "client.authentication.k8s.io"
_VERSIONS = (f"{_GROUP}/v1", f"{_GROUP}/v1beta1")
_MODES = ("Never", "IfAvailable", "Always")
PLUGIN_SECONDS = 60


def run_plugin(
    spec: t.Mapping[str, t.Any],
    folder: str,
    cluster: t.Mapping[str, t.Any] | None,
    environ: t.Mapping[str, str],
    what: str,
) -> Credential:
    """Run a user's plug-in. No message shows its output.

    :param spec: the user's `exec`.
    :param folder: what a relative path of the command is relative to.
    :param cluster: what the plug-in receives about the API server, if it asks.
    :param what: which kubeconfig, for messages.
    :raises AuthError: it may not be run, or gives no credential.
    """
    version, command = spec.get("apiVersion"), str(spec["command"])
    name = f"The credential plug-in {command!r} of {what}"
    if version not in _VERSIONS:
        raise AuthError(
            f"{name} has the apiVersion {version!r}; it must be one of {', '.join(_VERSIONS)}."
        )
    beta = version != _VERSIONS[0]
    mode = spec.get("interactiveMode") or ("IfAvailable" if beta else None)
    if mode not in _MODES:
        raise AuthError(
            f"{name} has the interactiveMode {mode!r}; it must be one of {', '.join(_MODES)}."
        )
    if mode == "Always":
        raise AuthError(
            f"{name} asks for a terminal (interactiveMode Always), and a task has none: use other "
            "credentials, such as a service account's token."
        )
    information: dict[str, t.Any] = {"interactive": False}
    if cluster is not None:
        information["cluster"] = cluster
    asked = {"kind": "ExecCredential", "apiVersion": version, "spec": information}
    try:
        arguments = [str(argument) for argument in spec.get("args") or ()]
        variables = {str(one["name"]): str(one["value"]) for one in spec.get("env") or ()}
        variables = {**environ, **variables, "KUBERNETES_EXEC_INFO": json.dumps(asked)}
    except (TypeError, KeyError):
        raise AuthError(
            f"The user's exec in {what} is not of the right form. Check it with: kubectl config view."
        ) from None
    path = os.path.join(folder, command) if os.sep in command else command
    hint = str(spec.get("installHint") or "").strip() or "Install it, or correct its path."
    printed = _output(name, [path, *arguments], variables, hint)
    try:
        answer = json.loads(printed)
        if answer["kind"] != "ExecCredential" or answer["apiVersion"] != version:
            raise ValueError
        return _credential(answer["status"])
    except (ValueError, TypeError, KeyError, AttributeError):
        raise AuthError(
            f"{name} did not print an ExecCredential of {version} with a token, or with a "
            "client certificate and its key. Run it by hand to see why."
        ) from None


def _output(name: str, command: list[str], environ: t.Mapping[str, str], hint: str) -> bytes:
    try:
        # Ansible's run_command has no timeout.
        plugin = subprocess.Popen(  # pylint: disable=ansible-bad-function
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # No terminal, and one group with all that it starts.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        # ValueError: a NUL in its arguments or variables.
        why = getattr(error, "strerror", None) or error
        raise AuthError(f"{name} cannot be run: {why}. {hint}") from None
    try:
        printed, _none = plugin.communicate(timeout=PLUGIN_SECONDS)
    except subprocess.TimeoutExpired:
        raise AuthError(
            f"{name} did not end within {PLUGIN_SECONDS} seconds; it may be waiting for a person to "
            "log in. Run it by hand first."
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            if plugin.returncode is None:
                os.killpg(plugin.pid, signal.SIGKILL)
                plugin.communicate()
    if plugin.returncode != 0:
        raise AuthError(
            f"{name} ended with {plugin.returncode} and gave no credentials. Run it by hand to see why."
        )
    return printed


def _credential(status: t.Mapping[str, t.Any]) -> Credential:
    token = status.get("token")
    certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
    if (certificate is None) != (key is None) or not (token or certificate):
        raise ValueError
    expires = status.get("expirationTimestamp")
    return Credential(
        f"Bearer {token.strip()}" if token else None,
        (certificate.encode(), key.encode()) if certificate and key else None,
        _seconds_of(expires) if expires else None,
    )


def _seconds_of(timestamp: str) -> float:
    # Python before 3.11 reads neither Z nor every fraction of a second.
    whole = datetime.datetime.strptime(timestamp[:19], "%Y-%m-%dT%H:%M:%S")
    zone = timestamp[19:].lstrip(".0123456789")
    offset = "+0000" if zone in ("Z", "z") else zone.replace(":", "")
    zoned = datetime.datetime.strptime(f"{whole:%Y-%m-%dT%H:%M:%S}{offset}", "%Y-%m-%dT%H:%M:%S%z")
    return zoned.timestamp()
