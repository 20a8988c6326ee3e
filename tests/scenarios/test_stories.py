"""The systems of the seeds, told to a deployment that is up, on both logs."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.both_logs import LOGS
from tests.frontdoor import Front
from tests.httpdoor import up
from tests.scenarios.stories import STORIES, Teller

pytestmark = pytest.mark.xdist_group("stories")  # they share a deployment


@pytest.fixture(scope="module", params=LOGS)
def teller(request, tmp_path_factory):
    kafka = ()
    if request.param == "kafka":
        broker = request.getfixturevalue("broker")
        kafka = ("ORDERMADE_KAFKA", broker), ("ORDERMADE_KAFKA_TOPICS", f"test-{uuid4().hex}")
    front = Front(tmp_path_factory.mktemp("stories") / "home", kafka)
    with up(front) as door:
        yield Teller(front, door)


@pytest.mark.parametrize("story", STORIES)
def test_the_story_is_answered(teller, story):
    teller.tell(story)
