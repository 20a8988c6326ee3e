"""A subject is written kind/id, and any other text is refused."""

import pytest

from domain.errors import Malformed
from domain.subject import Subject, is_subject, without_kind


@pytest.mark.parametrize("text", ["order/7", "customer/shop:ann", "parked/profile/a/b"])
def test_a_subject_is_read_as_it_was_written(text):
    subject = Subject.parse(text)
    assert str(subject) == text
    assert subject.kind == text[: text.index("/")]
    assert is_subject(text)


@pytest.mark.parametrize("text", ["", "order", "order/", "/7", "/"])
def test_text_without_a_kind_or_an_id_is_no_subject(text):
    with pytest.raises(Malformed) as refusal:
        Subject.parse(text)
    assert refusal.value.field == "subject"


def test_an_id_of_a_customer_or_a_fact_is_no_subject():
    assert not is_subject("6fa459ea-ee8a-5ca4-894e-db77e160355e")


def test_a_key_may_be_written_with_its_kind_or_without():
    assert without_kind("customer/shop:ann", "customer") == "shop:ann"
    assert without_kind("shop:ann", "customer") == "shop:ann"
    assert without_kind("order/7", "customer") == "order/7"
