"""What is chosen for the lines of an order, change orders included: a part of several views."""

from __future__ import annotations

from msgspec.structs import replace

from domain.order import events as e
from domain.personal import Plain
from domain.values import Stage
from projections.view import Part


class ChosenOption(Part, frozen=True, kw_only=True):
    line_id: Plain[str]
    option: Plain[str]
    value: Plain[str]
    stage: Plain[Stage]


class OpenChange(Part, frozen=True, kw_only=True):
    """A change order that nobody has answered: a value of None clears the option."""

    change_id: Plain[str]
    line_id: Plain[str]
    option: Plain[str]
    value: Plain[str | None]
    stage: Plain[Stage]


class Choices(Part, frozen=True, kw_only=True):
    """The options as they are now, what may become of them, and the book that they are from."""

    book: Plain[str | None] = None
    options: Plain[tuple[ChosenOption, ...]] = ()
    asked: Plain[tuple[OpenChange, ...]] = ()


Choosing = (
    e.OrderDrafted
    | e.OptionChosen
    | e.OptionCleared
    | e.ChangeOrderRequested
    | e.ChangeOrderApproved
    | e.ChangeOrderRejected
)


def evolve(now: Choices, event: Choosing) -> Choices:
    match event:
        case e.OrderDrafted(book=book):
            return Choices(book=book)
        case e.OptionChosen(line_id=line, option=option, value=value, stage=stage):
            return _chosen(now, line, option, value, stage)
        case e.OptionCleared(line_id=line, option=option, stage=stage):
            return _chosen(now, line, option, None, stage)
        case e.ChangeOrderRequested():
            asked = OpenChange(
                change_id=event.change_id, line_id=event.line_id, option=event.option,
                value=event.value, stage=event.stage,
            )  # fmt: skip
            return replace(now, asked=(*now.asked, asked))
        case e.ChangeOrderApproved(change_id=id) | e.ChangeOrderRejected(change_id=id):
            left = tuple(a for a in now.asked if a.change_id != id)
            if isinstance(event, e.ChangeOrderApproved):
                for a in now.asked:
                    if a.change_id == id:
                        now = _chosen(now, a.line_id, a.option, a.value, a.stage)
            return replace(now, asked=left)


def _chosen(now: Choices, line: str, option: str, value: str | None, stage: Stage) -> Choices:
    options = tuple(c for c in now.options if (c.line_id, c.option) != (line, option))
    if value is not None:
        options += (ChosenOption(line_id=line, option=option, value=value, stage=stage),)
    return replace(now, options=options)
