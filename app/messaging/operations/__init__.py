"""What happens to messages; a package because there is much of it, used through this name.

`leasing` claims, begins, gives back and recovers; `settling` writes down answers and receipts; `reconciling`
finds out whose receipt it is when the answer was lost; `crediting` counts subscriptions; `sweeping` looks for
what does not add up.
"""

from app.messaging.operations.crediting import grant_credits
from app.messaging.operations.leasing import (
    begin,
    cancel_messages,
    claim,
    expire_overdue,
    give_back,
    recover_leases,
    set_aside,
    wake_messages,
)
from app.messaging.operations.receiving import Receipt, apply_receipts
from app.messaging.operations.reconciling import take_receipt
from app.messaging.operations.settling import Outcome, apply_receipt, settle
from app.messaging.operations.sweeping import (
    check_credits,
    end_overdue,
    find_stuck,
    forget_tally,
    note_tally,
)

__all__ = [
    "Outcome",
    "Receipt",
    "apply_receipt",
    "apply_receipts",
    "begin",
    "cancel_messages",
    "check_credits",
    "claim",
    "end_overdue",
    "expire_overdue",
    "find_stuck",
    "forget_tally",
    "give_back",
    "grant_credits",
    "note_tally",
    "recover_leases",
    "set_aside",
    "settle",
    "take_receipt",
    "wake_messages",
]
