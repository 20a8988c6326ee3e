"""The fields that events, their parts and commands had in the first release. Never edited.

Digests of that release cover these fields, whether they were filled or not:
docs/adr/0018-digests.md.
"""

from __future__ import annotations

_EVENTS = {
    "catalogue.book-drafted.v1": "book version currency rounding places products author",
    "catalogue.options-drafted.v1": "options",
    "catalogue.inputs-drafted.v1": "inputs",
    "catalogue.constraints-drafted.v1": "constraints",
    "catalogue.prices-drafted.v1": "prices",
    "catalogue.phrases-drafted.v1": "phrases",
    "catalogue.book-approved.v1": "version approver",
    "catalogue.book-published.v1": "version effective_from rules_hash approver",
    "catalogue.option-withdrawn.v1": "option values",
    "customer.preference-stated.v1": (
        "origin choice_space target stage collaboration effort_s attribute value polarity"
    ),
    "customer.behaviour-observed.v1": "kind item duration_s",
    "customer.attribute-appended.v1": (
        "origin choice_space target stage collaboration effort_s attribute value vendor "
        "vendor_as_of licence"
    ),
    "customer.preference-inferred.v1": (
        "origin choice_space target stage collaboration effort_s attribute value confidence "
        "evidence model_version previous expires_at"
    ),
    "customer.preference-confirmed.v1": "attribute inference_id",
    "customer.preference-rejected.v1": "attribute inference_id value",
    "customer.preference-retracted.v1": "attribute",
    "customer.preference-conflict-detected.v1": "attribute events",
    "customer.measurement-submitted.v2": (
        "origin choice_space target stage collaboration effort_s measurement_id name mm"
    ),
    "customer.measurement-submitted.v1": (
        "origin choice_space target stage collaboration effort_s measurement_id name cm"
    ),
    "customer.intake-started.v1": "intake_id questions",
    "customer.intake-answered.v1": (
        "origin choice_space target stage collaboration effort_s intake_id question_id answer "
        "prefilled_from"
    ),
    "customer.intake-skipped.v1": "intake_id question_id",
    "customer.intake-abandoned.v1": "intake_id last_question_id",
    "customer.setting-changed.v1": (
        "origin choice_space target stage collaboration effort_s path old new"
    ),
    "customer.service-option-activated.v1": (
        "origin choice_space target stage collaboration effort_s option"
    ),
    "customer.service-option-deactivated.v1": "option",
    "customer.content-contributed.v1": (
        "origin choice_space target stage collaboration effort_s kind item_id portable content"
    ),
    "customer.content-reused.v1": "kind item_id",
    "customer.content-removed.v1": "kind item_id",
    "customer.personalization-applied.v1": (
        "origin choice_space target stage collaboration effort_s inference_id setting actions_saved"
    ),
    "customer.personalization-overridden.v1": "inference_id setting",
    "customer.principal-recognised.v1": "device probability",
    "customer.principal-corrected.v1": "device recognition_id",
    "customer.experiment-assigned.v1": "experiment arm",
    "customer.consent-granted.v1": "purposes policy_version",
    "customer.consent-withdrawn.v1": "purposes policy_version",
    "order.order-adopted.v1": "lines total currency origin",
    "order.order-line-adopted.v1": (
        "line_id product quantity unit_price currency origin description market"
    ),
    "order.order-adjusted.v1": "amount currency cause origin",
    "order.payment-recorded.v1": "amount currency method",
    "order.operation-queued.v1": "operation_id line_id work_centre",
    "order.operation-started.v1": "operation_id line_id work_centre",
    "order.operation-completed.v1": "operation_id line_id work_centre quantity run_s",
    "order.quality-check-passed.v1": "check_id line_id quantity",
    "order.quality-check-failed.v1": "check_id line_id quantity defect instruction_id",
    "order.packaging-started.v1": "",
    "order.order-packaged.v1": "",
    "order.order-shipped.v1": "carrier",
    "order.order-delivered.v1": "",
    "order.customization-applied-in-use.v1": "line_id option value",
    "order.return-received.v1": "return_id lines",
    "order.return-reported.v1": "lines currency against origin",
    "order.order-drafted.v1": "lines from_design book",
    "order.option-chosen.v1": (
        "origin choice_space target stage collaboration effort_s line_id option value text "
        "measurements"
    ),
    "order.option-cleared.v1": (
        "origin choice_space target stage collaboration effort_s line_id option"
    ),
    "order.special-instruction-given.v1": (
        "origin choice_space target stage collaboration effort_s instruction_id line_id text"
    ),
    "order.special-instruction-interpreted.v1": (
        "instruction_id operations confidence by meanings currency understood unsure"
    ),
    "order.special-instruction-accepted.v1": "instruction_id",
    "order.special-instruction-declined.v1": "instruction_id cause",
    "order.quote-issued.v1": (
        "quote_id lines total currency inputs inputs_hash configuration_hash engine_version trace "
        "expires_at"
    ),
    "order.quote-expired.v1": "quote_id",
    "order.order-placed.v1": "quote_id total currency",
    "order.promise-made.v1": "p50 p90 basis",
    "order.promise-revised.v1": "p50 p90 basis",
    "order.promise-kept.v1": "promised delivered",
    "order.promise-missed.v1": "promised delivered",
    "order.change-order-requested.v1": (
        "origin choice_space target stage collaboration effort_s change_id line_id option value "
        "text delta_price delta_days requote"
    ),
    "order.change-order-approved.v1": "change_id",
    "order.change-order-rejected.v1": "change_id",
    "order.operations-paused.v1": "change_id operations",
    "order.operations-resumed.v1": "change_id operations",
    "order.order-queued.v1": "route",
    "order.rework-ordered.v1": "check_id route",
    "order.rework-escalated.v1": "check_id tries",
    "order.order-cancelled.v1": "sunk_cost currency",
    "order.return-requested.v1": "return_id lines",
    "order.refund-issued.v1": "refund_id amount currency return_id",
    "design.configuration-started.v1": "book lines",
    "design.option-chosen.v1": (
        "origin choice_space target stage collaboration effort_s line_id option value text "
        "measurements"
    ),
    "design.option-cleared.v1": (
        "origin choice_space target stage collaboration effort_s line_id option"
    ),
    "design.configuration-validated.v1": "rules_version valid broken",
    "view.event-dropped.v1": "view key number error",
}
_PARTS = {
    "AdoptedLine": "line_id product quantity unit_price",
    "Constraint": "rule_id words kind when then at_least at_most range stages",
    "Erased": "sealed",
    "Evidence": "event_id weight",
    "Input": "name option question obtained",
    "Meaning": "operations amount",
    "Option": "option label stage target choice_space values range text_limit products",
    "OrderLine": "line_id product quantity",
    "Phrase": "words operations amount confidence",
    "PriceRule": (
        "rule_id words step when amount share per free from_quantity starts ends from_load "
        "within_days cost currency"
    ),
    "QuoteInput": "name value",
    "QuoteLine": "line_id amount",
    "Range": "minimum maximum unit",
    "Rate": "currency rate",
    "Requote": "lines before total currency inputs inputs_hash engine_version trace",
    "ReturnLine": "line_id product quantity unit_price",
    "Step": "operation_id line_id work_centre",
    "Term": "option values",
    "TraceLine": "rule_id basis amount line_id step cost",
}
_COMMANDS = {
    "order draft": "lines from_design book",
    "order choose": "choice",
    "order clear": "choice",
    "order instruct": "instruction",
    "order interpret": "instruction_id operations confidence by amount currency",
    "order accept": "instruction_id",
    "order decline": "instruction_id cause",
    "order quote": "quote_id lines currency expires_at load lead_days rates",
    "order expire-quote": "quote_id",
    "order place": "quote_id",
    "order promise": "p50 p90 basis",
    "order settle-promise": "",
    "order request-change": "change",
    "order approve-change": "change_id",
    "order reject-change": "change_id",
    "order cancel": "sunk_cost currency",
    "order queue": "route",
    "order rework": "check_id route most",
    "order request-return": "return_id lines",
    "order refund": "refund_id amount currency return_id",
    "design start": "lines book",
    "design choose": "choice",
    "design clear": "choice",
    "design validate": "",
    "catalogue draft": (
        "currency products rounding places options inputs constraints prices phrases"
    ),
    "catalogue approve": "version",
    "catalogue publish": "version effective_from",
    "catalogue withdraw": "option values",
    "customer grant-consent": "purposes policy_version",
    "customer withdraw-consent": "purposes policy_version",
}

FIRST_FIELDS: dict[str, tuple[str, ...]] = {
    name: tuple(fields.split()) for name, fields in (_EVENTS | _PARTS | _COMMANDS).items()
}
"""By the wire name of an event, the class name of a part, or the name of a command."""
