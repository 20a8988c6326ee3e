"""Questions about a view that is shown in another version than this release reads."""

from __future__ import annotations

import pytest

from consumers.questions.books import affected_choices
from consumers.questions.instructions import waiting_instructions
from consumers.questions.rows import ViewOutdated, readable_view
from infra.cli import remedies
from projections import discover


class LiveViews:
    """The names and groups of the live views, as the port `ViewReader` returns them; no rows."""

    stream = select = None

    def __init__(self, **groups):
        self._groups = {p.name: p.group for p in discover().values()} | groups

    def live(self):
        return self._groups


def test_a_view_in_the_version_of_this_release_can_be_read():
    assert readable_view("demand", LiveViews()) is discover()["demand"]


@pytest.mark.parametrize(
    ("view", "ask"),
    [
        ("demand", lambda views: waiting_instructions(views, 10)),
        ("backlog", lambda views: affected_choices("tailor", "fabric", ["silk"], views)),
    ],
)
def test_a_question_about_rows_of_another_version_names_the_rebuild(view, ask):
    with pytest.raises(ViewOutdated) as refusal:
        ask(LiveViews(**{view: f"{view}_v0"}))
    group = discover()[view].group
    assert f"the view {view} is shown as {view}_v0, and this release reads {group}" in str(
        refusal.value
    )
    assert f"`ordermade rebuild {view} --accept`" in remedies.explain(refusal.value)
