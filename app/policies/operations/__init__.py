"""What happens to policies and to what they mean for people; a package, used through this name."""

from app.policies.operations.answering import (
    AnswerWrong,
    FactUnknown,
    ReasonMissing,
    answer_fact,
    mark_step,
)
from app.policies.operations.drafting import (
    Author,
    ContentChanged,
    NotOurs,
    OwnDraft,
    RulesWrong,
    VersionTaken,
    WrongState,
    create_draft,
    edit_draft,
    faults_in,
    publish,
    submit,
    withdraw,
)
from app.policies.operations.examples import example_drafts, plant_examples
from app.policies.operations.recomputing import recompute_step

__all__ = [
    "AnswerWrong",
    "Author",
    "ContentChanged",
    "FactUnknown",
    "NotOurs",
    "OwnDraft",
    "ReasonMissing",
    "RulesWrong",
    "VersionTaken",
    "WrongState",
    "answer_fact",
    "create_draft",
    "edit_draft",
    "example_drafts",
    "faults_in",
    "mark_step",
    "plant_examples",
    "publish",
    "recompute_step",
    "submit",
    "withdraw",
]
