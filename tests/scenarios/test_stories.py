"""The stories of real companies on a running deployment, on both logs."""

from __future__ import annotations

import pytest

from tests.both_logs import LOGS
from tests.conftest import log_of
from tests.frontdoor import Front
from tests.httpdoor import up
from tests.scenarios.stories import STORIES, StoryRunner


@pytest.fixture(scope="module", params=LOGS)
def stories(request, tmp_path_factory):
    front = Front(tmp_path_factory.mktemp("stories") / "home", log_of(request))
    with up(front) as door:
        yield StoryRunner(front, door)


@pytest.mark.parametrize("story", STORIES)
def test_the_views_answer_as_the_story_expects(stories, story):
    stories.run(story)
