"""Kafka over TLS, with a password or a certificate of the client."""

from __future__ import annotations

import pytest

from tests.frontdoor import Front

pytestmark = pytest.mark.one_log("the embedded log has no broker")


@pytest.fixture
def front(tmp_path, secured):
    return Front(tmp_path / "home", secured)


def with_settings(front, **more):
    """The same deployment with other settings of Kafka."""
    settings = {f"ORDERMADE_KAFKA{name}": str(value) for name, value in more.items()}
    return Front(front.home, tuple({**dict(front.more), **settings}.items()))


def test_the_other_mechanism_and_a_password_in_a_file_work(front, own_broker, tmp_path):
    file = tmp_path / "password"
    file.write_text(f"{own_broker.password}\n")
    other = with_settings(front, _PASSWORD_FILE=file, _PASSWORD="wrong", _MECHANISM="SCRAM-SHA-256")
    other.ok("order", "draft", "7", "--line", "L1=shirt")
    assert [r["head"] for r in front.rows("lag") if r["group"] == "relay"].count(1) == 1


def test_a_client_certificate_works_where_the_broker_requires_one(front, own_broker):
    home = own_broker.home
    bare = with_settings(front, _SECURITY="SSL", **{"": own_broker.certified})
    assert "certificate are right" in bare.refused("init")
    certified = with_settings(
        bare, _CERTIFICATE_FILE=home / "client.pem", _KEY_FILE=home / "client.key"
    )
    certified.ok("init")
    mismatched = with_settings(certified, _KEY_FILE=home / "broker.pem")
    assert "cannot be read or do not belong together" in mismatched.refused("init")


def test_the_message_about_a_wrong_password_has_both_causes(front):
    output = with_settings(front, _PASSWORD="hunter2-wrong").refused("init")
    assert "check that it runs" in output
    assert "a wrong password has the same effect" in output
    assert "hunter2" not in output


def test_a_broker_with_an_untrusted_certificate_is_reported(front, own_broker):
    output = with_settings(front, _CA_FILE=own_broker.home / "stranger.pem").refused("init")
    assert "the certificate of Kafka at 127.0.0.1:" in output
    assert "is not trusted" in output
    assert "ORDERMADE_KAFKA_CA_FILE" in output


def test_an_invalid_setting_is_named_without_its_value(front):
    output = with_settings(front, _MECHANISM="hunter2").refused("init")
    assert "ORDERMADE_KAFKA_MECHANISM: Input should be 'SCRAM-SHA-512' or" in output
    assert "hunter2" not in output
