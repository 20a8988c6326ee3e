"""Refusals for programs: codes that never change, and a remedy in the terms of each delivery."""

from __future__ import annotations

import importlib
import pkgutil
import string

import pytest

import consumers
import domain
import infra
from domain.errors import CodedError, ConsentMissing, QuoteLapsed, VersionConflict
from infra.cli import remedies as cli
from infra.http import remedies as http
from tests.vocabulary import files

CODES = [
    "amount-exceeded",
    "approval-missing",
    "book-invalid",
    "book-not-effective",
    "change-order-needed",
    "command-unknown",
    "consent-missing",
    "contents-differ",
    "currency-differs",
    "customer-differs",
    "customer-unknown",
    "decision-published",
    "dropped-meanwhile",
    "event-type-unknown",
    "id-taken",
    "instruction-open",
    "internal-fault",
    "interpreter-failed",
    "key-lost",
    "log-ahead-of-store",
    "log-behind-reader",
    "log-broken",
    "log-differs",
    "log-forged",
    "log-hole",
    "log-type-unknown",
    "maintenance-running",
    "malformed",
    "name-unknown",
    "not-allowed",
    "not-found",
    "not-parked",
    "option-withdrawn",
    "owner-differs",
    "poison-event",
    "price-input-missing",
    "price-missing",
    "quote-expired",
    "quote-outdated",
    "quote-unknown",
    "refused",
    "report-not-held",
    "rules-conflict",
    "status-forbids",
    "store-behind-log",
    "stream-busy",
    "version-conflict",
    "view-busy",
    "view-outdated",
]
"""Clients decide by these: one may be added, none renamed or removed."""


def errors() -> list[type[CodedError]]:
    """Every coded error of the packages."""
    for package in (domain, consumers, infra):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    classes, pending = [], CodedError.__subclasses__()
    while pending:
        classes.append(error := pending.pop())
        pending += error.__subclasses__()
    return classes


def test_every_error_has_a_code_of_its_own():
    codes = [vars(error)["code"] for error in errors()]
    assert sorted(codes) == CODES


@pytest.mark.parametrize("remedies", [cli.REMEDIES, http.REMEDIES], ids=["cli", "http"])
def test_a_delivery_has_a_remedy_for_exactly_the_errors_that_need_one(remedies):
    assert set(remedies) == {error.code for error in errors() if error.has_remedy}


def test_a_remedy_holds_the_data_of_its_error_and_placeholders_for_the_rest():
    refusal = ConsentMissing("c1", ["personalize", "analyse"])
    assert "consent grant c1 analyse,personalize --policy" in cli.explain(refusal)
    assert "/v1/customers/c1/grant-consent" in http.explain(refusal)
    assert "consent grant CUSTOMER fulfil" in cli.explain(ConsentMissing(None, ["fulfil"]))


def test_a_sentence_without_a_remedy_stays_as_it_is():
    conflict = VersionConflict("order/7", 1, 2)
    assert cli.explain(conflict) == http.explain(conflict) == str(conflict)


def test_data_and_field_go_with_the_sentence():
    refusal = QuoteLapsed("quote Q1 expired", "quote_id", quote_id="Q1")
    assert (str(refusal), refusal.field) == ("quote Q1 expired", "quote_id")
    assert refusal.data == {"quote_id": "Q1"}


def test_no_command_line_stands_in_the_domain_or_in_consumers():
    for path in files("domain/*.py", "consumers/*.py"):
        text = path.read_text(encoding="utf-8")
        assert "`ordermade" not in text, path
        assert "ORDERMADE_" not in text, path


def test_a_template_names_data_only():
    for template in (*cli.REMEDIES.values(), *http.REMEDIES.values()):
        names = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        assert all(name.isidentifier() for name in names)
