# ruff: noqa: F401
"""What a process of a deployment imports sooner or later, all at once."""

import infra.cli.rebuilt
import infra.kafka.cloudevents
import infra.kafka.intake
import infra.kafka.log
import infra.kafka.offsets
import infra.kafka.writer
import tests.faults.trial
