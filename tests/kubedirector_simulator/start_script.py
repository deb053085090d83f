# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell scripts that are run inside a member, and what its log files say.

The scripts put the same files, with the same content and mode, in the same places as the real
operator's: configure.status holds "<container ID>=" while the start script runs and
"<container ID>=<exit code>" afterwards.
"""

from __future__ import annotations

import shlex

from tests.kubedirector_simulator import facts


def install(package_url: str) -> str:
    """Fetches the app config package into its directory."""
    folder = facts.APP_CONFIG_DIR
    steps = (
        f"mkdir -p {folder}",
        f"chmod 700 {folder}",
        f"cd {folder}",
        f"rm -rf {folder}/*",
        f"curl -L {shlex.quote(package_url)} -o appconfig.tgz",
        "tar xzf appconfig.tgz",
        f"chmod u+x {facts.START_SCRIPT}",
        f"rm -rf {folder}/appconfig.tgz",
    )
    return " && ".join(steps)


def _in_background(container_id: str, event: str) -> str:
    run = (
        f"{facts.START_SCRIPT} --{event}"
        f" 2>{facts.CONFIGURE_STDERR} 1>{facts.CONFIGURE_STDOUT};"
        f" echo -n $? >> {facts.CONFIGURE_STATUS}"
    )
    note = f"echo -n {shlex.quote(container_id + '=')} > {facts.CONFIGURE_STATUS}"
    return f"{note} && nohup sh -c {shlex.quote(run)} &"


def configure(container_id: str) -> str:
    """Starts the first configuration in the background, with no trace of an earlier one."""
    clean = f"rm -f {facts.APP_CONFIG_DIR}/configure.*"
    return f"{clean} && {_in_background(container_id, 'configure')}"


def reconnect(container_id: str) -> str:
    """Notifies the app in the background that its connections changed."""
    return _in_background(container_id, "reconnect")


def notify(arguments: list[str]) -> str:
    """Notifies the app of members that came or went; not in the background."""
    return f"{facts.START_SCRIPT} {' '.join(arguments)}"


def parse_configure_status(text: str) -> tuple[str, str] | None:
    """Container ID and exit code ("" while it runs); None when the text is not such a record."""
    container_id, equals, code = text.rpartition("=")
    return (container_id, code) if equals else None


def last_lines(text: str, max_size: int) -> str:
    """The last whole lines within max_size bytes, as upstream counts them (GetLastLines)."""
    data = text.encode()
    if len(data) <= max_size:
        return text
    start = len(data) - (max_size + 1)
    newline = data.find(b"\n", start, len(data) - 1)
    return data[newline + 1 if newline >= 0 else start :].decode(errors="replace")
