"""Former versions of commands, which clients may still send.

An optional parameter can be added to a decision. A change that would misread the commands of
earlier clients (a parameter is renamed, removed or newly required; a type is narrowed) makes a new
version of the command. The former version then stays here, as a function: its keyword parameters
are the arguments of that version, and it returns the arguments of the next one. `order.draft.v1`
would stay as

    def draft_v1(*, lines: Sequence[OrderLine] = (), book: Name | None = None) -> dict[str, Any]:
        return {"lines": lines, "catalogue": book}

    FORMER_COMMANDS = {("order", "draft"): (draft_v1,)}

and the decision itself becomes `order.draft.v2`. docs/extend/command.md has the whole procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Upcaster = Callable[..., Mapping[str, Any]]

FORMER_COMMANDS: dict[tuple[str, str], Sequence[Upcaster]] = {}
"""The upcasters from version 1 on, by kind of stream and name of the decision."""
