"""What happens to needs, inquiries and opinions; a package, used through this name."""

from app.needs.operations.listening import (
    AlreadyAnswered,
    answer_inquiry,
    answer_opinion,
    give_opinion,
    take_inquiry,
)
from app.needs.operations.raising import ClientIdReused, Raised, TooManyOpen, Wish, raise_need
from app.needs.operations.replying import ReplyWriter, mark_told
from app.needs.operations.stepping import (
    ChangedMeanwhile,
    StepIncomplete,
    StepNotAllowed,
    StepNotPossible,
    take_step,
)

__all__ = [
    "AlreadyAnswered",
    "ChangedMeanwhile",
    "ClientIdReused",
    "Raised",
    "ReplyWriter",
    "StepIncomplete",
    "StepNotAllowed",
    "StepNotPossible",
    "TooManyOpen",
    "Wish",
    "answer_inquiry",
    "answer_opinion",
    "give_opinion",
    "mark_told",
    "raise_need",
    "take_inquiry",
    "take_step",
]
