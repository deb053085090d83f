# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' documentation, argument specs and action group say the same."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

import ansible_collections.kubedirector.connections.plugins.modules.kd_access as access
import ansible_collections.kubedirector.connections.plugins.modules.kd_cluster as cluster
import ansible_collections.kubedirector.connections.plugins.modules.kd_configmeta_info as info
import ansible_collections.kubedirector.connections.plugins.modules.kd_connection as connection
import ansible_collections.kubedirector.connections.plugins.modules.kd_connection_info as connection_info
import ansible_collections.kubedirector.connections.plugins.modules.kd_connections as connections
import ansible_collections.kubedirector.connections.plugins.modules.kd_export_info as export_info
import ansible_collections.kubedirector.connections.plugins.modules.kd_rotate as rotate
from ansible_collections.kubedirector.connections.plugins.doc_fragments import (
    attributes,
    auth,
    selection,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._client.auth_options import (
    AUTH_ARGUMENTS,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._reconcile.desired import (
    parse_desired,
)
from tests.unit.plugins.return_docs import assert_value, returns_of

ROOT = Path(connection.__file__).parents[2]
MODULES = [connection, connections, info, access, cluster, connection_info, export_info, rotate]
# The modules that only read.
READING = (info, connection_info, export_info)
FRAGMENTS = {"auth": auth, "attributes": attributes, "selection": selection}
SELECTING = {
    "label_selectors": ("list", None), "apps": ("list", None), "expect_min": ("int", 1),
    "expect_max": ("int", None),
}  # fmt: skip
# The keys that an option has in the argument spec and in the documentation.
SHARED = ("type", "elements", "required", "default", "choices", "aliases")
# The options of every module (contract: namespace and authentication).
COMMON = {**AUTH_ARGUMENTS, "namespace": {"type": "str"}}


def shared_part(option: dict[str, Any]) -> dict[str, Any]:
    """An option without the keys that only one of the two sides has."""
    part = {key: option[key] for key in SHARED if option.get(key) not in (None, False, [])}
    if option.get("default") is False:
        part["default"] = False
    part.setdefault("type", "str")
    nested = option.get("options", option.get("suboptions"))
    if nested:
        part["options"] = {name: shared_part(inner) for name, inner in nested.items()}
    return part


def documented_options(module: ModuleType) -> dict[str, Any]:
    """A module's documented options, those of its fragments included."""
    documentation = yaml.safe_load(module.DOCUMENTATION)
    own = documentation["options"]
    options: dict[str, Any] = {}
    for fragment in documentation["extends_documentation_fragment"]:
        name = fragment.removeprefix("kubedirector.connections.")
        base, _dot, variant = name.partition(".")
        source = FRAGMENTS[base].ModuleDocFragment
        text = getattr(source, (variant or "documentation").upper())
        options.update(yaml.safe_load(text)["options"])
    # A module's own keys override those of its fragments.
    return {name: {**options.get(name, {}), **own.get(name, {})} for name in {**options, **own}}


def spec_of(module: ModuleType) -> dict[str, Any]:
    """A module's whole argument spec."""
    return {**COMMON, **module.arguments()}


@pytest.mark.parametrize("module", MODULES)
def test_documentation_and_argument_spec_agree(module: ModuleType) -> None:
    documented = {name: shared_part(o) for name, o in documented_options(module).items()}
    spec = {name: shared_part(o) for name, o in spec_of(module).items()}
    assert documented == spec


@pytest.mark.parametrize("module", MODULES)
def test_every_option_and_every_return_value_is_described(module: ModuleType) -> None:
    def described(entries: dict[str, Any], inner: str) -> None:
        for name, entry in entries.items():
            assert entry["description"], name
            described(entry.get(inner, {}), inner)

    described(documented_options(module), "suboptions")
    described(returns_of(module.RETURN), "contains")


@pytest.mark.parametrize("module", MODULES)
def test_every_return_value_has_a_sample_of_its_form(module: ModuleType) -> None:
    for name, entry in returns_of(module.RETURN).items():
        assert entry["sample"] or entry["type"] == "bool", name
        assert_value(entry["sample"], entry, name)


@pytest.mark.parametrize("module", MODULES)
def test_every_example_is_accepted(module: ModuleType) -> None:
    name = f"kubedirector.connections.{module.__name__.rpartition('.')[2]}"
    examples = [e[name] for e in yaml.safe_load(module.EXAMPLES) if name in e]
    assert examples
    for given in examples:
        # A whole list or dictionary may come from a variable.
        forms: dict[str, Any] = {
            k: {} if o.get("type") == "dict" else [{}] for k, o in spec_of(module).items()
        }
        options = {k: forms[k] if str(v).startswith("{{") else v for k, v in given.items()}
        checked = ArgumentSpecValidator(spec_of(module)).validate(options)
        assert checked.error_messages == []
        if module is connection:
            parse_desired(checked.validated_parameters, options["namespace"])


@pytest.mark.parametrize(
    ("option", "hidden"),
    [("kubeconfig", True), ("api_key", True), ("password", True), ("client_key", False)],
)
def test_credentials_are_hidden_and_paths_are_not(option: str, hidden: bool) -> None:
    assert AUTH_ARGUMENTS[option].get("no_log", False) is hidden


def test_values_of_secrets_are_hidden() -> None:
    secrets: Any = connection.arguments()["secrets"]
    assert secrets["options"]["data"]["no_log"] is True
    assert secrets["options"]["string_data"]["no_log"] is True
    assert secrets["options"]["name"].get("no_log", False) is False


def test_the_contracts_options_exist() -> None:
    # Written out from the contract: names, types, defaults.
    expected = {
        "kdcluster": ("list", None), "configmaps": ("list", None), "secrets": ("list", None),
        "clusters": ("list", None), "state": ("str", "present"), "exclusive": ("bool", False),
        "delete_objects": ("bool", False), "wait": ("bool", True), "wait_timeout": ("int", 300),
        "on_reconnect_failure": ("str", "warn"), **SELECTING,
    }  # fmt: skip
    found: dict[str, Any] = connection.arguments()
    assert {n: (o["type"], o.get("default")) for n, o in found.items()} == expected
    assert found["on_reconnect_failure"]["choices"] == ["warn", "fail", "ignore"]
    read: dict[str, Any] = info.arguments()
    assert {n: (o["type"], o.get("default")) for n, o in read.items()} == {
        "kdcluster": ("list", None), "roles": ("list", None), "pods": ("list", None),
        "fields": ("list", None), "secrets": ("str", "masked"), "resolve_refs": ("bool", False),
        "on_member_error": ("str", "fail"), **SELECTING,
    }  # fmt: skip
    looked: dict[str, Any] = connection_info.arguments()
    assert {n: (o["type"], o.get("default")) for n, o in looked.items()} == {
        "namespace": ("list", None), "all_namespaces": ("bool", False), "kdcluster": ("list", None),
        "label_selectors": ("list", None), "apps": ("list", None), "configmap": ("str", None),
        "secret": ("str", None), "cluster": ("str", None), "members": ("bool", False),
        "summary": ("bool", False),
    }  # fmt: skip


def test_the_action_group_holds_every_module() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    modules.discard("__init__")
    assert set(runtime["action_groups"]["kd"]) == modules
    assert runtime["requires_ansible"] == ">=2.16.0"
    assert modules == {module.__name__.rpartition(".")[2] for module in MODULES}


@pytest.mark.parametrize("module", MODULES)
def test_the_attributes_say_how_the_module_is_reached(module: ModuleType) -> None:
    documentation = yaml.safe_load(module.DOCUMENTATION)
    fragments = documentation["extends_documentation_fragment"]
    base = "attributes.info" if module in READING else "attributes"
    assert f"kubedirector.connections.{base}" in fragments
    text = getattr(attributes.ModuleDocFragment, "INFO" if module in READING else "DOCUMENTATION")
    found = yaml.safe_load(text)["attributes"]
    assert found["action_group"]["membership"] == ["kubedirector.connections.kd"]
    assert found["check_mode"]["support"] == "full"
    assert documentation["module"] == module.__name__.rpartition(".")[2]
