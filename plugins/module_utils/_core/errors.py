# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every error of the collection. Its message says what is wrong and what to do; it holds no secret."""

from __future__ import annotations

import os
import traceback

SERVER_ERRORS = 500
# Busy, or starting.
_PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})


class CollectionError(Exception):
    """Base of all errors that a task reports through fail_json.

    :ivar maybe_done: the failed write may have been done.
    :ivar passes: the API server may answer the next time.
    """

    maybe_done = False
    passes = False


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
    """The error for a KDCluster deleted during a task."""
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
    """No usable address or credentials of an API server were found."""


class UnreachableError(CollectionError):
    """The API server did not answer, or its certificate could not be verified."""

    passes = True

    def __init__(self, message: str, *, maybe_done: bool = False) -> None:
        super().__init__(message)
        self.maybe_done = maybe_done


class AnswerTooLongError(UnreachableError):
    """The API server's answer is too long."""


class ApiError(CollectionError):
    """The API server answered with an error.

    :param status: of HTTP.
    :param reason: machine-readable, such as NotFound.
    :param server_message: the API server's own words.
    :ivar retry_after: seconds, if the API server says so.
    """

    def __init__(self, message: str, *, status: int, reason: str, server_message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.server_message = server_message
        self.retry_after: float | None = None
        # The server may have failed after the write.
        self.maybe_done = status >= SERVER_ERRORS
        self.passes = status in _PASSING_STATUSES


class NotFoundError(ApiError):
    """The object does not exist (404)."""


class ConflictError(ApiError):
    """Others changed or created the object meanwhile (409)."""


class ExpiredError(ApiError):
    """The watch is too old to go on (410)."""


class AdmissionError(ApiError):
    """An admission webhook refused the write."""


class DryRunUnsupportedError(ApiError):
    """An admission webhook takes no dry run, so the API server refuses one (400)."""


class OperatorDownError(ApiError):
    """The operator's admission webhook does not answer: the operator is down or hangs."""


class StalledError(CollectionError):
    """The KDCluster cannot settle by itself."""


class WaitTimeoutError(CollectionError):
    """The change was written but did not reach every member in time."""


class OverwrittenError(CollectionError):
    """Others undid the task's change meanwhile."""


class MemberError(CollectionError):
    """A command in a member could not be run, or its output could not be used."""

    def __init__(self, message: str, *, passes: bool = False) -> None:
        super().__init__(message)
        self.passes = passes


class MemberReplacedError(MemberError):
    """A member's container is new, and not set up by the operator yet."""


class ReconnectFailedError(CollectionError):
    """A start script failed, and the task's options make that a failure."""


class RotationFailedError(CollectionError):
    """Not every member took the new values. The message says which are where."""
