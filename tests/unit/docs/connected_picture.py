# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw docs/connected.svg: the task of README.md, and what configmeta.json holds after it."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import yaml

from tests.harness.documentation import marked_blocks
from tests.kubedirector_simulator.configmeta import ConfigmetaSource, compose
from tests.kubedirector_simulator.connected_objects import Connected, NamedObject
from tests.kubedirector_simulator.secret_keys import SecretKeys, new_master_key
from tests.unit.docs import svg

Json = dict[str, Any]
_LINE, _PAD, _ARROW, _TOP = 20, 14, 120, 30


def task_lines() -> list[str]:
    """The task, without the play around it."""
    lines = marked_blocks("README.md")["connect"].splitlines()
    return [line[4:] for line in lines[lines.index("  tasks:") + 1 :]]


def configmap() -> Json:
    """The ConfigMap that the task creates."""
    (task,) = yaml.safe_load("\n".join(task_lines()))
    (entry,) = task["kubedirector.connections.kd_connection"]["configmaps"]
    labels = {"kubedirector.hpe.com/cmType": entry["type"]}
    return {"metadata": {"name": entry["name"], "labels": labels}, "data": entry["data"]}


def held(configmeta: Json) -> list[str]:
    """The ConfigMaps of a configmeta, as lines without null values.

    :param configmeta: with one ConfigMap.
    """
    ((kind, (entry,)),) = configmeta["connections"]["configmaps"].items()
    parts = [f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in entry.items() if v is not None]
    inner = ",\n".join(parts).splitlines()
    return ['{"connections": {"configmaps": {', f"  {json.dumps(kind)}: [{{", *inner, "  }]", "}}}"]


def draw(left: list[str], right: list[str], same: list[str]) -> str:
    """The picture.

    :param same: the words that are on both sides.
    """
    widths = [max(map(len, lines)) * svg.CHARACTER + 2 * _PAD for lines in (left, right)]
    tall = max(len(left), len(right)) * _LINE + 2 * _PAD
    second = widths[0] + _ARROW
    middle, y = widths[0] + _ARROW / 2, _TOP + tall / 2
    parts = [
        *_panel(0, widths[0], tall, "The task", left, same),
        svg.arrow(middle - 48, y, (middle + 48, y)),
        svg.text(middle, y - 12, "KubeDirector", "what", "mid"),
        *_panel(second, widths[1], tall, "configmeta.json in the notebook (in part)", right, same),
    ]
    title = "A task, and what it puts into configmeta.json"
    return svg.document(title, second + widths[1], _TOP + tall, parts)


def _panel(
    x: float, wide: float, tall: float, head: str, lines: list[str], same: list[str]
) -> list[str]:
    marked = re.compile("|".join(re.escape(html.escape(word)) for word in same))
    parts = [
        svg.text(x, 16, head, "head"),
        svg.box(x, _TOP, wide, tall),
    ]
    for number, line in enumerate(lines, 1):
        text = line.lstrip()
        # By position: SVG does not draw leading blanks.
        left = x + _PAD + (len(line) - len(text)) * svg.CHARACTER
        shown = marked.sub(r'<tspan class="same">\g<0></tspan>', html.escape(text))
        parts.append(f'<text x="{left:g}" y="{_TOP + _PAD + number * _LINE - 5:g}">{shown}</text>')
    return parts


def configmeta() -> Json:
    """What the operator writes for a notebook that connects to the ConfigMap."""
    member: Json = {"pod": "notebook-0", "nodeID": 1, "service": "s", "state": "configured"}
    role: Json = {"id": "controller", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}
    source = ConfigmetaSource(
        cluster={
            "metadata": {"name": "jupyter-notebook", "namespace": "team-a", "uid": "1"},
            "spec": {"app": "notebook-app", "roles": [role]},
            "status": {"clusterService": "kdhs-1", "roles": [{"id": "controller", "members": [member]}]},
        },
        app={
            "metadata": {"name": "notebook-app", "namespace": "team-a"},
            "spec": {
                "distroID": "example/notebook", "version": "1", "configSchemaVersion": 8, "services": [],
                "roles": [{"id": "controller", "cardinality": "1"}], "config": {"roleServices": []},
            },
        },
        members_for_role={"controller": [member]},
        connected=Connected([], [NamedObject("training-data", configmap())], []),
        apps_of_connected={},
        secret_keys=SecretKeys(new_master_key()),
        service_domain=".svc.cluster.local",
    )  # fmt: skip
    parsed: Json = json.loads(compose(source)["notebook-0"])
    return parsed


def picture() -> str:
    """The picture, from README.md."""
    made = configmap()
    words = [
        made["metadata"]["name"],
        *made["metadata"]["labels"].values(),
        *made["data"].values(),
    ]
    return draw(task_lines(), held(configmeta()), words)
