# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Ansible side of every module: options, access, warnings, and errors as fail_json, in one place."""

from __future__ import annotations

import os
import sys
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values

from .._client.auth_options import (
    AUTH_ARGUMENTS,
    NAMESPACE_ARGUMENT,
)
from .._client.library import (
    require_library,
)
from .._core.errors import (
    CollectionError,
    internal_error_message,
)
from .no_log import (
    masked_words,
    without_secrets,
    words_at_first,
)
from .option_forms import form_problems
from .reserved_keys import with_plain_keys

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .task import Task

Prepare = t.Callable[[dict[str, t.Any]], dict[str, t.Any]]

DEFAULT_NAMESPACE = "default"


class _Module(AnsibleModule):
    """Keeps to itself what Ansible would say of secrets before `run_module` can choose what is masked:
    in its log line, and in errors of options whose form is wrong."""

    params: dict[str, t.Any]
    no_log_values: t.AbstractSet[str]

    def __init__(self, arguments: dict[str, dict[str, t.Any]], prepare: Prepare) -> None:
        self._takes_options = True
        self._prepare = prepare
        super().__init__(argument_spec=arguments, supports_check_mode=True)
        self._takes_options = False

    def _load_params(self) -> None:
        super()._load_params()
        # Ansible's own parameters hold the module's name, which is to be seen in messages.
        own = {key: self.params[key] for key in self.params if key.startswith("_ansible_")}
        self._given = self._prepare({k: v for k, v in self.params.items() if k not in own})
        self.params = {**self._given, **own}

    def _log_invocation(self) -> None:
        params = self.params
        self.params = without_secrets(params)
        super()._log_invocation()
        self.params = params

    def fail_json(self, msg: str, **kwargs: t.Any) -> None:
        """End the task with an error."""
        if self._takes_options:
            problems = list(form_problems(self._given, self.argument_spec))
            if problems:
                name = self._name.rpartition(".")[2]
                msg = f"Unsupported parameters for ({name}) module: {' '.join(problems)}"
            self.no_log_values = words_at_first(self._given, self.argument_spec, self.no_log_values)
            self.params = without_secrets(self.params)
        super().fail_json(msg, **kwargs)


def run_module(
    arguments: dict[str, dict[str, t.Any]], make_task: type[Task], prepare: Prepare = dict
) -> None:
    """Run a module: parse the options, find the API server, run the task, exit.

    :param arguments: the module's own options; those for authentication and namespace are added.
    :param prepare: makes of the options as they were given the form that `arguments` describes.
    """
    module = _Module({**AUTH_ARGUMENTS, **NAMESPACE_ARGUMENT, **arguments}, prepare)
    params = dict(module.params)
    secret_words = frozenset(module.no_log_values)
    module.no_log_values = masked_words(params, secret_words)
    module.params.update(without_secrets(params))

    def warn(text: str) -> None:
        # ansible-core 2.19 and newer mask results only.
        module.warn(remove_values(text, module.no_log_values))

    try:
        require_library(sys.executable)
        api, namespace = _connect(module, params, warn)
    except CollectionError as error:
        module.fail_json(msg=str(error))

    task = make_task(api, params, namespace, check_mode=module.check_mode, warn=warn)
    failure = None
    try:
        task.run()
    except CollectionError as error:
        failure = str(error)
    except Exception as error:
        failure = internal_error_message(error)
    result = _with_diff(module, task)
    module.no_log_values = masked_words(params, secret_words, result)
    # Not while the error is handled: Ansible can be told to show its traceback, words and all.
    if failure is not None:
        module.fail_json(msg=_with_what_was_done(failure, result), **result)
    module.exit_json(**result)


def _connect(
    module: AnsibleModule, params: dict[str, t.Any], warn: t.Callable[[str], None]
) -> tuple[Api, str]:
    # Imported here so that a missing library is told by require_library, not by a traceback.
    from .._client.api import Api
    from .._client.auth import (
        resolve_client_config,
    )

    access = resolve_client_config(params, os.environ)
    if not access.verified:
        module.warn(
            f"The TLS certificate of {access.configuration.host} is not verified (validate_certs is false)."
        )
    api = Api(access, warn)
    if params.get("wait_timeout") is not None:
        api.repeat_until(time.monotonic() + params["wait_timeout"])
    return api, params.get("namespace") or access.namespace or DEFAULT_NAMESPACE


def _with_diff(module: AnsibleModule, task: Task) -> dict[str, t.Any]:
    result = dict(task.result)
    if module._diff and task.diff is not None:
        result["diff"] = task.diff
    return t.cast("dict[str, t.Any]", with_plain_keys(result))


def _with_what_was_done(message: str, result: dict[str, t.Any]) -> str:
    """Never leave a half-done change unmentioned."""
    done = [
        f"{item['kind']} {item['name']} {item['action']}"
        for item in result.get("objects", ())
        if item["action"] != "unchanged"
    ]
    done += [
        f"KDCluster {item['name']} {item['action']}"
        for item in result.get("kdclusters", ())
        if item.get("action", "unchanged") != "unchanged"
    ]
    return f"{message} Done before: {', '.join(done)}." if done else message
