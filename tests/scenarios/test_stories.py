"""The systems of the seeds, told to a deployment that is up, on both logs."""

from __future__ import annotations

import pytest

from tests.both_logs import LOGS
from tests.conftest import log_of
from tests.frontdoor import Front
from tests.httpdoor import up
from tests.scenarios.stories import STORIES, Teller


@pytest.fixture(scope="module", params=LOGS)
def teller(request, tmp_path_factory):
    front = Front(tmp_path_factory.mktemp("stories") / "home", log_of(request))
    with up(front) as door:
        yield Teller(front, door)


@pytest.mark.parametrize("story", STORIES)
def test_the_story_is_answered(teller, story):
    teller.tell(story)
