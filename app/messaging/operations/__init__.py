"""What happens to messages; a package because there is much of it, used through this name.

`claiming` takes turns and counts quotas (`quotas`); `fuses` holds back what one person has had enough of;
`leasing` begins, gives back and recovers; `masses` sends thousands with one call, `rejoining` says who of
them is left when it is repeated; `settling` writes down answers and receipts; `receiving` takes many receipts
at once; `reconciling` finds out whose receipt it is when the answer was lost; `crediting` counts
subscriptions; `sweeping` looks for what does not add up; `windows` counts what people let us write by
客服消息; `calling` keeps the calls that cadres are asked to make; `restoring` drops what was held in a
backup.
"""

from app.messaging.operations.calling import cancel_calls, end_calls, report_call
from app.messaging.operations.claiming import Pace, claim
from app.messaging.operations.crediting import grant_credits
from app.messaging.operations.fuses import Fused, pass_fuses
from app.messaging.operations.leasing import (
    begin,
    cancel_messages,
    expire_overdue,
    give_back,
    recover_leases,
    set_aside,
    wake_messages,
)
from app.messaging.operations.masses import take_mass_result
from app.messaging.operations.quotas import (
    check_quotas,
    close_quota,
    forget_people,
    forget_quotas,
    take_calls,
    uncount_call,
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
from app.messaging.operations.windows import close_windows, forget_windows, open_window

__all__ = [
    "Fused",
    "Outcome",
    "Pace",
    "Receipt",
    "apply_receipt",
    "apply_receipts",
    "begin",
    "cancel_calls",
    "cancel_messages",
    "check_credits",
    "check_quotas",
    "claim",
    "close_quota",
    "close_windows",
    "end_calls",
    "end_overdue",
    "expire_overdue",
    "find_stuck",
    "forget_people",
    "forget_quotas",
    "forget_tally",
    "forget_windows",
    "give_back",
    "grant_credits",
    "note_tally",
    "open_window",
    "pass_fuses",
    "recover_leases",
    "report_call",
    "set_aside",
    "settle",
    "take_calls",
    "take_mass_result",
    "take_receipt",
    "uncount_call",
    "wake_messages",
]
