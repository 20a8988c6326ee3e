"""An order driven at random, compared with a model of sets and numbers after every step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.book.book import OrderLine
from domain.errors import NotAllowed
from domain.order import decide
from domain.order import events as e
from domain.order import reports as r
from domain.order.state import Order, configuration, evolve
from domain.pricing.quote import QuoteLine

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS = {"origin": "direct", "choice_space": "closed", "target": "product"}
STAGES = ["pre_manufacture", "packaging", "delivery", "in_use"]
LINES = {"L1": 2, "L2": 3}
lines = st.sampled_from(sorted(LINES))
stages = st.sampled_from(STAGES)
amounts = st.integers(1, 50).map(Decimal)


class OrderMachine(RuleBasedStateMachine):
    """`self.order` is what is tested; everything else is the model."""

    def __init__(self):
        super().__init__()
        self.order, self.now, self.number = Order(), T0, 0
        self.phase = "new"  # then draft, placed, queued or cancelled
        self.options = {}
        self.quoted = self.placed_at = None  # (configuration, price, expires)
        self.stages_begun = {line: set() for line in LINES}  # stages
        self.operations = {}  # id → [line, state, paused]
        self.checks = {line: [] for line in LINES}  # (passed, quantity, reworked)
        self.changes = {}
        self.price = self.paid = self.refunded = Decimal(0)
        self.delivered = False
        self.execute(decide.draft, lines=[
            OrderLine(line_id=i, product="shirt", quantity=q) for i, q in LINES.items()
        ])  # fmt: skip
        self.phase = "draft"

    # Plumbing.

    def execute(self, decision, **arguments):
        """Decide; return the recorded events, or None for a refusal."""
        before = self.order
        try:
            events = decision(self.order, **arguments)
        except NotAllowed:
            assert self.order is before
            return None
        self.apply(*events)
        again = decision(self.order, **arguments) if decision in _REPEATABLE else []
        assert again == []  # a repetition records nothing
        return events

    def apply(self, *events):
        for event in events:
            self.order = evolve(self.order, event, self.now)

    def new_id(self, prefix):
        self.number += 1
        return f"{prefix}{self.number}"

    @property
    def hash(self):
        return configuration(self.order).hex()

    @property
    def agreed(self):
        return self.phase in ("placed", "queued")

    # Decisions.

    @rule(
        line=lines, option=st.sampled_from(["a", "b"]), value=st.sampled_from("xyz"), stage=stages
    )
    def choose(self, line, option, value, stage):
        choice = e.OptionChosen(line_id=line, option=option, value=value, stage=stage, **FACTS)
        before = self.options.get((line, option))
        frozen = {stage, before[1] if before else stage} & self.stages_begun[line]
        events = self.execute(decide.choose, choice=choice)
        allowed = (self.phase != "cancelled" and not frozen) or before == (value, stage)
        assert (events is not None) == bool(allowed)
        if events:
            self.options[line, option] = value, stage

    @rule(price=amounts, hours=st.integers(1, 24))
    def quote(self, price, hours):
        each = [QuoteLine(line_id=line, amount=price) for line in LINES]
        expires = self.now + timedelta(hours=hours)
        id = self.new_id("Q")
        events = self.execute(
            decide.quote, quote_id=id, lines=each, currency="EUR", expires_at=expires,
            configuration_hash=self.hash, now=self.now,
        )  # fmt: skip
        assert (events is not None) == (self.phase == "draft")
        if events:
            self.quoted = id, dict(self.options), price * len(LINES), expires

    @precondition(lambda self: self.quoted)
    @rule()
    def place(self):
        id, options, price, expires = self.quoted
        events = self.execute(decide.place, quote_id=id, configuration_hash=self.hash, now=self.now)
        good = self.phase == "draft" and self.now < expires and options == self.options
        assert (events is not None) == (good or self.placed_at == id)
        if events:
            self.phase, self.placed_at, self.price = "placed", id, price

    @rule(hours=st.integers(1, 3))
    def time_passes(self, hours):
        self.now += timedelta(hours=hours)
        if self.quoted and self.phase == "draft":
            id, _, _, expires = self.quoted
            events = self.execute(decide.expire_quote, quote_id=id, now=self.now)
            if events:
                assert self.now >= expires

    @rule()
    def queue(self):
        route = [
            e.Step(operation_id=f"{line}-{n}", line_id=line, work_centre="bench")
            for line in LINES for n in range(2)
        ]  # fmt: skip
        events = self.execute(decide.queue, route=route)
        assert (events is not None) == (self.phase == "placed" and not self.operations)
        if events:
            self.phase = "queued"
            self.operations |= {s.operation_id: [s.line_id, "queued", None] for s in route}

    @rule(line=lines, price=amounts)
    def request_change(self, line, price):
        id = self.new_id("X")
        change = e.ChangeOrderRequested(
            change_id=id, line_id=line, option="a", value="z", delta_price=price,
            stage="pre_manufacture", **FACTS,
        )  # fmt: skip
        events = self.execute(decide.request_change, change=change)
        assert (events is not None) == self.agreed
        if events:
            self.changes[id] = line, price
            for operation in self.operations.values():
                if operation[0] == line and operation[1] in ("queued", "started"):
                    operation[2] = operation[2] or id

    @precondition(lambda self: self.changes)
    @rule(data=st.data(), approved=st.booleans())
    def answer_change(self, data, approved):
        id = data.draw(st.sampled_from(sorted(self.changes)))
        decision = decide.approve_change if approved else decide.reject_change
        events = self.execute(decision, change_id=id)
        assert (events is not None) == self.agreed
        if events:
            line, price = self.changes.pop(id)
            if approved:
                self.price += price
                self.options[line, "a"] = "z", "pre_manufacture"
            for operation in self.operations.values():
                if operation[2] == id:
                    operation[2] = None

    @rule(line=lines)
    def rework(self, line):
        failed = [c for c in self.order.progress.checks if c.line_id == line and not c.passed]
        if not failed:
            return
        step = e.Step(operation_id=self.new_id("R"), line_id=line, work_centre="bench")
        last = failed[-1]
        events = self.execute(decide.rework, check_id=last.check_id, route=[step])
        tries = sum(c[2] for c in self.checks[line])
        check = next(c for c in self.checks[line] if c[3] == last.check_id)
        if not events:
            assert check[2] or check[4] or not self.agreed
        elif tries < 3:
            check[2] = True
            self.operations[step.operation_id] = [line, "queued", None]
        else:
            assert isinstance(events[0], e.ReworkEscalated)
            check[4] = True

    @rule(cost=st.none() | amounts)
    def cancel(self, cost):
        if self.number % 7:  # seldom, or nothing else would happen
            return
        events = self.execute(decide.cancel, sunk_cost=cost)
        free = self.phase in ("draft", "placed") and not self.operations
        if self.phase == "cancelled":
            assert events == []
        elif self.stages_begun["L1"] & {"delivery"}:
            assert events is None
        elif events is not None:
            assert (cost is None) == free
            self.phase = "cancelled"
            for operation in self.operations.values():
                if operation[1] in ("queued", "started"):
                    operation[1] = "closed"

    @rule(amount=amounts)
    def refund(self, amount):
        events = self.execute(
            decide.refund, refund_id=self.new_id("F"), amount=amount, currency="EUR"
        )
        assert (events is not None) == (amount <= self.paid - self.refunded)
        if events:
            self.refunded += amount

    # Reports, which are never refused.

    @precondition(lambda self: self.operations)
    @rule(data=st.data(), finished=st.booleans())
    def work(self, data, finished):
        id = data.draw(st.sampled_from(sorted(self.operations)))
        operation = self.operations[id]
        if operation[1] not in ("queued", "started") or operation[2]:
            return
        about = {"operation_id": id, "line_id": operation[0], "work_centre": "bench"}
        self.apply(r.OperationStarted(**about))
        operation[1] = "started"
        self.stages_begun[operation[0]].add("pre_manufacture")
        if finished:
            self.apply(r.OperationCompleted(**about, quantity=1, run_s=60))
            operation[1] = "completed"

    @precondition(lambda self: self.phase == "queued")
    @rule(line=lines, passed=st.booleans())
    def check(self, line, passed):
        open_pieces = LINES[line] - sum(c[1] for c in self.checks[line] if not c[2])
        if open_pieces < 1:
            return
        id = self.new_id("C")
        about = {"check_id": id, "line_id": line, "quantity": 1}
        self.apply(
            r.QualityCheckPassed(**about) if passed
            else r.QualityCheckFailed(**about, defect="thread")
        )  # fmt: skip
        self.checks[line].append([passed, 1, False, id, False])

    @precondition(lambda self: self.phase == "queued")
    @rule(stage=st.sampled_from(["packaging", "delivery"]))
    def go_on(self, stage):
        if self.number % 5:
            return
        self.apply(r.PackagingStarted() if stage == "packaging" else r.OrderShipped())
        for stages_begun in self.stages_begun.values():
            stages_begun.add(stage)

    @precondition(lambda self: self.placed_at)
    @rule(amount=amounts)
    def pay(self, amount):
        self.apply(r.PaymentRecorded(amount=amount, currency="EUR"))
        self.paid += amount

    # After every step.

    @invariant()
    def order_and_model_agree(self):
        progress = self.order.progress
        assert {k: (o.value, o.stage) for k, o in self.order.options.items()} == self.options
        assert progress.total == self.price
        assert (progress.paid, progress.refunded) == (self.paid, self.refunded)
        assert progress.refunded <= progress.paid
        for line in LINES:
            for stage in STAGES:
                assert progress.is_frozen(line, stage) == (stage in self.stages_begun[line])
            tally = progress.line(line)
            assert tally.good == sum(c[1] for c in self.checks[line] if c[0])
            assert tally.scrap == sum(c[1] for c in self.checks[line] if not c[0] and not c[2])
            assert tally.good + tally.scrap + tally.outstanding == LINES[line]
        for operation in progress.operations:
            line, state, paused = self.operations[operation.operation_id]
            assert operation.is_open == (state in ("queued", "started"))
            assert operation.paused_by == paused
        assert (self.order.status == "cancelled") == (self.phase == "cancelled")


_REPEATABLE = (
    decide.choose, decide.quote, decide.place, decide.expire_quote, decide.request_change,
    decide.approve_change, decide.reject_change, decide.rework, decide.cancel, decide.refund,
)  # fmt: skip

TestOrder = OrderMachine.TestCase
TestOrder.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
