# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the operator under test may take: the suite's only knowledge of which one it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Bounds in seconds, all from the operator's poll period (KubeDirector's is 30 s)."""

    poll_seconds: float

    @property
    def settle_seconds(self) -> float:
        """An edit has reached every member: at the latest by the second poll, and slack for a command in a
        member, which took half a minute while three sandboxes started all their pods."""
        return 2 * self.poll_seconds + 90

    @property
    def configure_seconds(self) -> float:
        """All of a session's new KDClusters are configured, on a small machine."""
        return 3 * self.poll_seconds + 90

    @property
    def noticed_by_poll_seconds(self) -> float:
        """What only the poll notices has reached every member."""
        return 2 * self.poll_seconds + 60

    @property
    def event_seconds(self) -> float:
        """What an event announces has been seen; no poll is needed for it."""
        return 10

    @property
    def file_seconds(self) -> float:
        """A file that is being written can be read whole."""
        return 5

    @property
    def script_seconds(self) -> float:
        """A start script that was just begun has ended."""
        return 20

    @property
    def quiet_seconds(self) -> float:
        """Long enough for a whole poll to have passed."""
        return self.poll_seconds + 3

    @property
    def stuck_seconds(self) -> float:
        """A KDCluster that looks stuck for this long is stuck: the operator's retries double from 1 s."""
        return 4

    @property
    def unstuck_seconds(self) -> float:
        """A stuck operator has been restarted, or has recovered, and caught up."""
        return 2 * self.poll_seconds + 60
