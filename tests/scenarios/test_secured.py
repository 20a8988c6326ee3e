"""A Kafka that asks who we are, and whether we know it."""

from __future__ import annotations

import pytest

from tests.frontdoor import Front

pytestmark = pytest.mark.one_log("the other asks for no password")


@pytest.fixture
def front(tmp_path, secured):
    return Front(tmp_path / "home", secured)


def told(front, **more):
    """The same deployment, and told something else of the broker."""
    settings = {f"ORDERMADE_KAFKA{name}": str(value) for name, value in more.items()}
    return Front(front.home, tuple({**dict(front.more), **settings}.items()))


def test_the_other_mechanism_and_a_password_in_a_file_are_as_good(front, own_broker, tmp_path):
    file = tmp_path / "password"
    file.write_text(f"{own_broker.password}\n")
    other = told(front, _PASSWORD_FILE=file, _PASSWORD="wrong", _MECHANISM="SCRAM-SHA-256")
    other.ok("order", "draft", "7", "--line", "L1=shirt")
    assert [r["head"] for r in front.rows("lag") if r["group"] == "relay"].count(1) == 1


def test_a_certificate_is_as_good_where_the_broker_asks_for_one(front, own_broker):
    home = own_broker.home
    bare = told(front, _SECURITY="SSL", **{"": own_broker.certified})
    assert "certificate are right" in bare.refused("init")
    known = told(bare, _CERTIFICATE_FILE=home / "client.pem", _KEY_FILE=home / "client.key")
    known.ok("init")
    odd = told(known, _KEY_FILE=home / "broker.pem")
    assert "cannot be read or do not belong together" in odd.refused("init")


def test_a_wrong_password_looks_like_a_broker_that_is_away_and_both_are_said(front):
    said = told(front, _PASSWORD="hunter2-wrong").refused("init")
    assert "check that it runs" in said
    assert "a wrong password has the same effect" in said
    assert "hunter2" not in said


def test_a_broker_that_is_not_trusted_is_said(front, own_broker):
    said = told(front, _CA_FILE=own_broker.home / "stranger.pem").refused("init")
    assert "the certificate of Kafka at 127.0.0.1:" in said
    assert "is not trusted" in said
    assert "ORDERMADE_KAFKA_CA_FILE" in said


def test_a_setting_that_does_not_exist_is_named_and_not_shown(front):
    said = told(front, _MECHANISM="hunter2").refused("init")
    assert "ORDERMADE_KAFKA_MECHANISM: Input should be 'SCRAM-SHA-512' or" in said
    assert "hunter2" not in said
