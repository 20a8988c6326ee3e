"""Refusals. Each is one sentence that names what is wrong and what would mend it.

A sentence may carry names of fields and pseudonymous ids, never a personal value: it is printed,
logged and stored beside what was refused.
"""

from __future__ import annotations

from collections.abc import Iterable


class Refusal(Exception):
    """Something was asked that may not happen. `field` names the culprit where there is one."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Malformed(Refusal):
    """Not an event that we understand."""


class NotFound(Refusal):
    """What a question or an action names does not exist."""


class VersionConflict(Refusal):
    def __init__(self, stream: str, expected: int, current: int) -> None:
        super().__init__(
            f"{stream} is at version {current}, not {expected}: read it again and decide anew"
        )
        self.stream, self.expected, self.current = stream, expected, current


class ContentsDiffer(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "this id was used before with other contents: send what is new under a new id", "id"
        )


class ConsentMissing(Refusal):
    def __init__(self, owner: str, purposes: Iterable[str]) -> None:
        wanted = ",".join(sorted(purposes))
        super().__init__(
            f"customer {owner} has not consented to {wanted}: record it with "
            f"`ordermade consent grant`, or name {wanted} as the basis of what is taken in",
            "customerid",
        )


class OwnerDiffers(Refusal):
    def __init__(self, stream: str) -> None:
        super().__init__(
            f"{stream} belongs to another customer, and an owner is fixed for ever: "
            "check the subject, or leave customerid out",
            "customerid",
        )


class KeyLost(Refusal):
    def __init__(self, owner: str) -> None:
        super().__init__(
            f"the key of {owner} was lost when the store was restored, and nothing can be sealed "
            "for them: restore anew, into an empty database, with --keys and a backup that has it",
            "customerid",
        )


class NotAllowed(Refusal):
    """A decision said no."""
