# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets a member up: configmeta.json, the app config package, and its first configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from tests.kubedirector_simulator import app_catalog, facts, start_script
from tests.kubedirector_simulator.member_shell import MemberError, MemberShell
from tests.kubedirector_simulator.objects import Json


class SetupFailed(Exception):
    """The member's setup has ended in an error."""


class Setup(Enum):
    """The progress of a member's setup."""

    ONGOING = auto()
    DONE = auto()


@dataclass(frozen=True)
class MemberSetup:
    """One member's setup. configmeta is None while ready members have not got theirs yet."""

    shell: MemberShell
    app: Json
    role: str
    package: app_catalog.SetupPackage
    detail: Json
    generation: int
    configmeta: Mapping[str, str] | None

    async def proceed(self) -> Setup:
        """Continues the setup as far as possible. Raises SetupFailed or MemberError.

        Source: appConfig in members.go.
        """
        if "configErrorDetail" in self.detail:
            # This container replaces one whose setup failed: what it left does not count.
            for field in ("configErrorDetail", "lastSetupGeneration", "pendingNotifyCmds"):
                self.detail.pop(field, None)
        else:
            known = await self._known_result()
            if known is not None:
                return known
        if self.configmeta is None:
            return Setup.ONGOING
        await self.shell.create_file(
            facts.CONFIGMETA_FILE, self.configmeta[self.shell.pod], self.package.new_layout
        )
        self.detail["lastConfigDataGeneration"] = self.generation
        # `test -f` knows no patterns, so the package is fetched every time, as upstream.
        if not await self.shell.file_exists(facts.START_SCRIPT):
            await self.shell.run_script("app config setup", start_script.install(self.package.url))
        if not app_catalog.wants_event(self.app, self.role, "configure"):
            return Setup.DONE
        await self.shell.run_script("app config", start_script.configure(self.shell.container_id))
        return Setup.ONGOING

    async def _known_result(self) -> Setup | None:
        """What configure.status says; None when the setup is (again) to be started."""
        text = await self.shell.read_file(facts.CONFIGURE_STATUS)
        if text is None:
            return None
        record = start_script.parse_configure_status(text)
        if record is None:
            raise SetupFailed("configure failed with malformed status file")
        container_id, code = record
        same_container = container_id == self.shell.container_id
        if not code:
            return Setup.ONGOING if same_container else None
        if same_container:
            if "lastConfigDataGeneration" in self.detail:
                self.detail["lastSetupGeneration"] = self.detail["lastConfigDataGeneration"]
            self.detail.pop("pendingNotifyCmds", None)
        if code != "0":
            raise SetupFailed(f"configure failed with exit status {{{code}}}")
        return Setup.DONE


async def note_script_output(shell: MemberShell, detail: Json, app: Json, role: str) -> None:
    """Copies the end of the start script's output into the member's stateDetail."""
    definition = app_catalog.role_of(app, role) or {}
    max_size = definition.get("maxLogSizeDump", facts.DEFAULT_MAX_LOG_SIZE)
    if max_size == 0:
        return
    for path, field in (
        (facts.CONFIGURE_STDOUT, "startScriptStdoutMessage"),
        (facts.CONFIGURE_STDERR, "startScriptStderrMessage"),
    ):
        try:
            text = await shell.read_file(path)
        except MemberError:
            continue  # the container cannot be asked: the last known message stays
        detail[field] = start_script.last_lines(text or "", max_size)
