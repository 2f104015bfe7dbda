"""What happens to messages; a package because there is much of it, used through this name.

`leasing` claims, begins, gives back and recovers; `settling` writes down answers and receipts; `crediting`
counts subscriptions.
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
from app.messaging.operations.settling import Outcome, apply_receipt, settle

__all__ = [
    "Outcome",
    "apply_receipt",
    "begin",
    "cancel_messages",
    "claim",
    "expire_overdue",
    "give_back",
    "grant_credits",
    "recover_leases",
    "set_aside",
    "settle",
    "wake_messages",
]
