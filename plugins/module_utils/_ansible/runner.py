# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Ansible side of every module: options, access, warnings, and errors as fail_json."""

from __future__ import annotations

import os
import sys
import time
import typing as t

from .python_version import require_python

# What is imported below fails on an older Python.
require_python()

from ansible.module_utils.basic import AnsibleModule

from .._client.auth_options import AUTH_ARGUMENTS, AUTH_SECRECY, NAMESPACE_ARGUMENT
from .._client.library import require_library
from .._core.display import shown_through
from .._core.errors import CollectionError, internal_error_message
from .._core.redaction import Redactor
from .no_log import Options, names_in
from .option_forms import form_problems
from .reserved_keys import with_plain_keys

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.argument_spec import ArgumentSpec, SecrecyTable
    from .task import Task

Prepare = t.Callable[[dict[str, t.Any]], dict[str, t.Any]]

DEFAULT_NAMESPACE = "default"
_LONGEST_SECONDS = 1e9


class _Module(AnsibleModule):
    """Masks options itself: Ansible masks too little and too much, in time quadratic in the options."""

    params: dict[str, t.Any]
    no_log_values: t.AbstractSet[str]

    def __init__(
        self,
        arguments: ArgumentSpec,
        prepare: Prepare,
        secrecy: SecrecyTable,
        in_full: ArgumentSpec,
    ) -> None:
        self._secrecy = secrecy
        self._in_full = in_full
        self._divided: tuple[t.Mapping[str, t.Any], Options] | None = None
        self._takes_options = True
        self._prepare = prepare
        try:
            super().__init__(argument_spec=arguments, supports_check_mode=True)
        except OverflowError:
            self.fail_json(msg="Infinity was given to an option that takes a whole number.")
        self._takes_options = False
        self.no_log_values = frozenset()

    def divided(self, params: t.Mapping[str, t.Any]) -> Options:
        """Divide options; the same ones only once."""
        if self._divided is None or self._divided[0] is not params:
            self._divided = params, Options(params, self._in_full, self._secrecy)
        return self._divided[1]

    def _load_params(self) -> None:
        super()._load_params()
        # Ansible's own hold the module's name, which messages show.
        own = {key: self.params[key] for key in self.params if key.startswith("_ansible_")}
        self._given = self._prepare({k: v for k, v in self.params.items() if k not in own})
        self.params = {**self._given, **own}

    def _log_invocation(self) -> None:
        params = self.params
        self.params, self.no_log_values = self.divided(params).shown, frozenset()
        super()._log_invocation()
        self.params = params

    def fail_json(self, msg: str, **kwargs: t.Any) -> None:
        """End the task with an error."""
        if self._takes_options:
            problems = list(form_problems(self._given, self._in_full))
            if problems:
                name = self._name.rpartition(".")[2]
                msg = f"Unsupported parameters for ({name}) module: {' '.join(problems)}"
            given = self.divided(self._given)
            # Ansible's message on a wrong option may quote a whole list.
            redactor = Redactor(given.secret, given.clear)
            msg, kwargs = redactor.message(msg), redactor.tree(kwargs)
            self.params, self.no_log_values = self.divided(self.params).shown, frozenset()
        super().fail_json(msg, **kwargs)


def run_module(
    arguments: ArgumentSpec,
    make_task: type[Task],
    prepare: Prepare = dict,
    *,
    secrecy: SecrecyTable | None = None,
    in_full: ArgumentSpec | None = None,
) -> None:
    """Run a module: parse the options, find the API server, run the task, exit.

    :param arguments: the module's own; authentication and namespace are added.
    :param prepare: brings given options into the form of `arguments`.
    :param secrecy: what is secret besides no_log options.
    :param in_full: options with suboptions that the task itself checks.
    """
    common = {**AUTH_ARGUMENTS, **NAMESPACE_ARGUMENT}
    module = _Module(
        {**common, **arguments},
        prepare,
        {**AUTH_SECRECY, **(secrecy or {})},
        {**common, **arguments, **(in_full or {})},
    )
    params, options = module.params, module.divided(module.params)
    module.params = options.shown
    redactor = Redactor(options.secret, options.clear)

    def warn(text: str) -> None:
        module.warn(redactor.message(text))

    try:
        require_library(sys.executable)
        api, namespace = _connect(params, redactor, warn)
    except CollectionError as error:
        module.fail_json(msg=redactor.message(str(error)))
    task = make_task(
        api, params, namespace, check_mode=module.check_mode, warn=warn, redactor=redactor
    )
    failure = None
    began = time.monotonic()
    try:
        with shown_through(redactor.message):
            task.run()
    except CollectionError as error:
        failure = str(error)
    except Exception as error:
        failure = internal_error_message(error)
    result = dict(task.result)
    if module._diff and task.diff is not None:
        result["diff"] = task.diff
    result = with_plain_keys(result)
    if "wait_timeout" in params:
        result["duration"] = int(time.monotonic() - began)
    redactor.allow(names_in(result))
    # After the handler: Ansible may be set to show the traceback, with the error's text.
    if failure is not None:
        if not task.says_what_was_done:
            failure = _with_what_was_done(failure, result)
        failure = redactor.message(failure)
        module.fail_json(msg=failure, **redactor.tree(result))
    module.exit_json(**redactor.tree(result))


def _connect(
    params: dict[str, t.Any], redactor: Redactor, warn: t.Callable[[str], None]
) -> tuple[Api, str]:
    # Imported late: require_library reports a missing library without a traceback.
    from .._client.api import Api
    from .._client.merged_auth import resolve_client_config

    access = resolve_client_config(params, os.environ)
    if not access.verified:
        warn(
            f"The TLS certificate of {access.configuration.host} is not verified: validate_certs is false, or the kubeconfig says insecure-skip-tls-verify."
        )
    # What the API server says may repeat the request; results never hold its headers.
    own = Redactor(access.configuration.credential().secrets)
    access.configuration.renewal.on_read = lambda credential: own.add(credential.secrets)
    api = Api(access, lambda text: redactor.message(own.message(text)), warn)
    if params.get("wait_timeout") is not None:
        # The task refuses what no clock can count to.
        api.repeat_until(time.monotonic() + min(params["wait_timeout"], _LONGEST_SECONDS))
    given = params.get("namespace")
    # Several namespaces are for the task itself.
    one = given if isinstance(given, str) else None
    return api, one or access.namespace or DEFAULT_NAMESPACE


def _with_what_was_done(message: str, result: dict[str, t.Any]) -> str:
    """Never leave a half-done change unmentioned."""
    done = [
        f"{item.get('kind', 'KDCluster')} {item['name']} {item['action']}"
        for item in (*result.get("objects", ()), *result.get("kdclusters", ()))
        if item.get("action", "unchanged") not in ("unchanged", "absent")
    ]
    return f"{message} Done before: {', '.join(done)}." if done else message
