# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every error of the collection. Its message says what is wrong and what to do; it holds no secret."""

from __future__ import annotations

import os
import traceback

SERVER_ERRORS = 500
_PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})


class CollectionError(Exception):
    """Base of all errors that a task reports through fail_json."""

    @property
    def maybe_done(self) -> bool:
        """Whether the write that failed with it may have been done all the same."""
        return False

    @property
    def passes(self) -> bool:
        """Whether the API server may answer the next time."""
        return False


class InvalidInputError(CollectionError):
    """An option is wrong. Nothing was written."""


class PreconditionError(CollectionError):
    """The snapshot does not allow the desired state. Nothing was written.

    :param problems: one sentence per reason.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def deleted_meanwhile(namespace: str, name: str) -> PreconditionError:
    """Return the error for a KDCluster that disappears during a task."""
    return PreconditionError(
        [
            f"KDCluster {namespace}/{name} was deleted during this task. Create it again, then run the task again."
        ]
    )


def internal_error_message(error: Exception) -> str:
    """Name an unexpected error and its place, without its text, which may hold a secret."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"Internal error in kubedirector.connections ({type(error).__name__} in line {frame.lineno} of "
        f"{os.path.basename(frame.filename)}). Please report it."
    )


class LibraryError(CollectionError):
    """The Python library `kubernetes` is absent or too old."""


class AuthError(CollectionError):
    """No usable address or credentials of an API server could be found."""


class UnreachableError(CollectionError):
    """The API server did not answer, or its certificate could not be verified.

    :param maybe_done: the request may have reached the server, which may have done what it asks.
    """

    def __init__(self, message: str, *, maybe_done: bool = False) -> None:
        super().__init__(message)
        self._maybe_done = maybe_done

    @property
    def maybe_done(self) -> bool:
        """The request may have reached the server."""
        return self._maybe_done

    @property
    def passes(self) -> bool:
        """A network may come back."""
        return True


class AnswerTooLongError(UnreachableError):
    """The API server's answer is longer than what is read of one."""


class ApiError(CollectionError):
    """The API server answered with an error.

    :param status: HTTP status.
    :param reason: the API server's machine-readable reason, such as NotFound or Conflict.
    :param message: a whole sentence for people.
    :param server_message: what the API server itself said.
    :ivar retry_after: after how many seconds the API server wants to be asked again, if it says so.
    """

    def __init__(self, message: str, *, status: int, reason: str, server_message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.server_message = server_message
        self.retry_after: float | None = None

    @property
    def maybe_done(self) -> bool:
        """A server that fails may have done it before."""
        return self.status >= SERVER_ERRORS

    @property
    def passes(self) -> bool:
        """Busy, or starting."""
        return self.status in _PASSING_STATUSES


class NotFoundError(ApiError):
    """The object does not exist (404)."""


class ConflictError(ApiError):
    """Others changed or created the object meanwhile (409)."""


class ExpiredError(ApiError):
    """The watch is too old to go on (410)."""


class AdmissionError(ApiError):
    """An admission webhook refused the write."""


class DryRunUnsupportedError(ApiError):
    """An admission webhook takes no dry run, so the API server refuses to try this write (400)."""


class OperatorDownError(ApiError):
    """The operator's admission webhook does not answer, so the operator itself is down or hangs."""


class StalledError(CollectionError):
    """The KDCluster cannot settle by itself. The message says what to do."""


class WaitTimeoutError(CollectionError):
    """The change was written but did not reach every member in time."""


class OverwrittenError(CollectionError):
    """Others undid the task's change meanwhile."""


class MemberError(CollectionError):
    """A command in a member could not be run, or its output could not be used."""


class MemberReplacedError(MemberError):
    """A member's container is a new one, which the operator has not set up yet."""


class ReconnectFailedError(CollectionError):
    """A start script failed, and the task's options make that a failure."""


class RotationFailedError(CollectionError):
    """Not every member took the new values. The message says which values are where now."""
