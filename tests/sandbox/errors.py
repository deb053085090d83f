# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error that the sandbox shows to people."""

from __future__ import annotations

OTHER_WAYS = (
    "Other ways to get a cluster: set KD_TEST_KUBECONFIG to the kubeconfig of a cluster that has "
    "KubeDirector, or start a Docker engine and put `kind` on PATH."
)


class SandboxError(Exception):
    """What is wrong, and what to do about it, as one sentence for people."""


class MissingPart(SandboxError):
    """This machine lacks something for a node of its own; the message names the alternatives.

    `sentence` does not have them.
    """

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(f"{sentence} {OTHER_WAYS}")
