"""Wrong settings of authentication at Kafka are refused before a connection is made."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.kafka.access import Access
from infra.kafka.errors import KafkaUnusable


@pytest.mark.parametrize(
    ("access", "sentence"),
    [
        (Access("SASL_SSL", user="ann"), "SASL_SSL needs a user and a password: set ORDERMADE_"),
        (Access("SASL_PLAINTEXT", password=SecretStr("p")), "ORDERMADE_KAFKA_USER"),
        (Access("SSL", ca_file=Path("no.pem")), "_CA_FILE, no.pem, cannot be read"),
        (Access("SSL", ca_file=Path(__file__)), "cannot be read as certificates in PEM"),
        (Access("SSL", certificate_file=Path("no.pem")), "_CERTIFICATE_FILE, no.pem, and the key"),
        (
            Access("SASL_SSL", user="ann", password_file=Path("no.txt")),
            "_PASSWORD_FILE, no.txt, cannot be read",
        ),
    ],
)
def test_an_unusable_setting_is_named(access, sentence):
    with pytest.raises(KafkaUnusable, match=sentence):
        _ = access.client


def test_the_password_is_in_no_repr():
    access = Access("SASL_PLAINTEXT", user="ann", password=SecretStr("hunter2"))
    assert access.client["sasl_plain_password"] == "hunter2"
    assert "hunter2" not in f"{access} {access.client}"
