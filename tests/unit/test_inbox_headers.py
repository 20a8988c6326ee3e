"""Headers of a message: a publisher may repeat one, and then no value may win silently."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from consumers.ports.inbox import ReceivedMessage
from domain.errors import Malformed
from infra.http import cloudevents as http
from infra.kafka import cloudevents as kafka

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["ce_id", "basis", "content-type"])
def test_a_header_that_occurs_twice_in_a_record_is_refused(name):
    headers = (("ce_id", b"1"), (name, b"a"), (name, b"b"))
    with pytest.raises(Malformed, match=f"{name}: the header occurs twice"):
        kafka.inbox_message(ReceivedMessage(0, 0, NOW, None, headers, b"{}"))


def test_headers_that_are_not_read_may_repeat():
    headers = (("ce_id", b"1"), ("trace", b"a"), ("trace", b"b"))
    message = kafka.inbox_message(ReceivedMessage(0, 0, NOW, None, headers, b"{}"))
    assert b'"id":"1"' in message.line


def test_a_header_that_occurs_twice_in_a_request_is_refused():
    headers = [("ce-id", "1"), ("ce-id", "2"), ("accept", "a"), ("accept", "b")]
    with pytest.raises(Malformed, match="ce-id: the header occurs twice"):
        http.messages("application/json", headers, b"{}")
