# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a kubeconfig's credential plug-in (`exec`) by the rules of client-go.

Source: the Kubernetes documentation on authentication, "client-go credential plugins", and client-go
plugin/pkg/client/auth/exec. Ansible has no terminal for a plug-in, so none is ever interactive.
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


class ExecPlugin:
    """One user's plug-in.

    :param spec: the user's `exec`.
    :param folder: what a relative path of the command starts from.
    :param cluster: what the plug-in hears of the API server, where it asks for that.
    :param what: which kubeconfig, for messages.
    :raises AuthError: the kubeconfig says something that no plug-in may be run with.
    """

    def __init__(
        self,
        spec: t.Mapping[str, t.Any],
        folder: str,
        cluster: t.Mapping[str, t.Any] | None,
        environ: t.Mapping[str, str],
        what: str,
    ) -> None:
        self._version = spec.get("apiVersion")
        command = str(spec["command"])
        self._command = os.path.join(folder, command) if os.sep in command else command
        self._name = f"The credential plug-in {command!r} of {what}"
        self._hint = str(spec.get("installHint") or "").strip()
        if self._version not in _VERSIONS:
            raise AuthError(
                f"{self._name} has the apiVersion {self._version!r}; it must be one of {', '.join(_VERSIONS)}."
            )
        beta = self._version != _VERSIONS[0]
        mode = spec.get("interactiveMode") or ("IfAvailable" if beta else None)
        if mode not in _MODES:
            raise AuthError(
                f"{self._name} has the interactiveMode {mode!r}; it must be one of {', '.join(_MODES)}."
            )
        if mode == "Always":
            raise AuthError(
                f"{self._name} asks for a terminal (interactiveMode Always), and a task has none: use other "
                "credentials, such as a service account's token."
            )
        self._arguments = [str(argument) for argument in spec.get("args") or ()]
        information: dict[str, t.Any] = {"interactive": False}
        if cluster is not None:
            information["cluster"] = cluster
        self._environ = {
            **environ,
            **{str(one["name"]): str(one["value"]) for one in spec.get("env") or ()},
            "KUBERNETES_EXEC_INFO": json.dumps(
                {"kind": "ExecCredential", "apiVersion": self._version, "spec": information}
            ),
        }

    def run(self) -> Credential:
        """Run the plug-in. Nothing that it prints gets into a message. :raises AuthError: it gives no credential."""
        printed = self._output()
        try:
            answer = json.loads(printed)
            if answer["kind"] != "ExecCredential" or answer["apiVersion"] != self._version:
                raise ValueError
            return _credential(answer["status"])
        except (ValueError, TypeError, KeyError, AttributeError):
            raise AuthError(
                f"{self._name} did not print an ExecCredential of {self._version} with a token, or with a "
                "client certificate and its key. Run it by hand to see why."
            ) from None

    def _output(self) -> bytes:
        try:
            # The client does not know Ansible, whose run_command has no bound on time.
            plugin = subprocess.Popen(  # pylint: disable=ansible-bad-function
                [self._command, *self._arguments],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # Without a terminal of its own, and with all that it starts in one group.
                start_new_session=True,
            )
        except OSError as error:
            raise AuthError(
                f"{self._name} cannot be run: {error.strerror or error}. {self._hint or 'Install it, or correct its path.'}"
            ) from None
        try:
            printed, _none = plugin.communicate(timeout=PLUGIN_SECONDS)
        except subprocess.TimeoutExpired:
            raise AuthError(
                f"{self._name} did not end within {PLUGIN_SECONDS} seconds; it may be waiting for a person to "
                "log in. Run it by hand first."
            ) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                if plugin.returncode is None:
                    os.killpg(plugin.pid, signal.SIGKILL)
                    plugin.communicate()
        if plugin.returncode != 0:
            raise AuthError(
                f"{self._name} ended with {plugin.returncode} and gave no credentials. Run it by hand to see why."
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
    # Python before 3.11 does not read a Z, nor parts of a second of any length.
    whole = datetime.datetime.strptime(timestamp[:19], "%Y-%m-%dT%H:%M:%S")
    zone = timestamp[19:].lstrip(".0123456789")
    offset = "+0000" if zone in ("Z", "z") else zone.replace(":", "")
    zoned = datetime.datetime.strptime(f"{whole:%Y-%m-%dT%H:%M:%S}{offset}", "%Y-%m-%dT%H:%M:%S%z")
    return zoned.timestamp()
