"""The options chosen for the lines of an order: a part of the rows of `backlog` and `quality`."""

from __future__ import annotations

from msgspec.structs import replace

from domain.order.events import (
    ChangeOrderApproved,
    ChangeOrderRejected,
    ChangeOrderRequested,
    OptionChosen,
    OptionCleared,
    OrderDrafted,
)
from domain.personal import Plain
from domain.values import Stage
from projections.view import Part


class ChosenOption(Part, frozen=True, kw_only=True):
    line_id: Plain[str]
    option: Plain[str]
    value: Plain[str]
    stage: Plain[Stage]


class OpenChange(Part, frozen=True, kw_only=True):
    """A change order that is neither approved nor rejected. A value of None clears the option."""

    change_id: Plain[str]
    line_id: Plain[str]
    option: Plain[str]
    value: Plain[str | None]
    stage: Plain[Stage]


class Choices(Part, frozen=True, kw_only=True):
    """The options of all lines as they are now, the open changes to them, and the order's book."""

    book: Plain[str | None] = None
    options: Plain[tuple[ChosenOption, ...]] = ()
    open_changes: Plain[tuple[OpenChange, ...]] = ()


ChoiceEvent = (
    OrderDrafted
    | OptionChosen
    | OptionCleared
    | ChangeOrderRequested
    | ChangeOrderApproved
    | ChangeOrderRejected
)
"""Events that change the choices of an order."""


def changed_choices(choices: Choices, event: ChoiceEvent) -> Choices:
    """The choices after an event. An approved change order changes its option."""
    match event:
        case OrderDrafted(book=book):
            return Choices(book=book)
        case OptionChosen(line_id=line, option=option, value=value, stage=stage):
            return _with_option(choices, line, option, value, stage)
        case OptionCleared(line_id=line, option=option, stage=stage):
            return _with_option(choices, line, option, None, stage)
        case ChangeOrderRequested():
            change = OpenChange(
                change_id=event.change_id, line_id=event.line_id, option=event.option,
                value=event.value, stage=event.stage,
            )  # fmt: skip
            return replace(choices, open_changes=(*choices.open_changes, change))
        case ChangeOrderApproved(change_id=id):
            for change in choices.open_changes:
                if change.change_id == id:
                    choices = _with_option(
                        choices, change.line_id, change.option, change.value, change.stage
                    )
            return _closed(choices, id)
        case ChangeOrderRejected(change_id=id):
            return _closed(choices, id)


def without_option(
    options: tuple[ChosenOption, ...], line_id: str, option: str
) -> tuple[ChosenOption, ...]:
    return tuple(c for c in options if (c.line_id, c.option) != (line_id, option))


def _with_option(
    choices: Choices, line_id: str, option: str, value: str | None, stage: Stage
) -> Choices:
    options = without_option(choices.options, line_id, option)
    if value is not None:
        options += (ChosenOption(line_id=line_id, option=option, value=value, stage=stage),)
    return replace(choices, options=options)


def _closed(choices: Choices, change_id: str) -> Choices:
    return replace(
        choices, open_changes=tuple(c for c in choices.open_changes if c.change_id != change_id)
    )
