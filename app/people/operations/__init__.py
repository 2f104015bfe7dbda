"""What is done to the register: entering people, binding them to WeChat, their consent, showing sealed data.

A package because there is much of it, used through this name: `registering`, `binding`, `consenting` of
followers, `signing` on paper, `muting` families on festivals, `revealing`.
"""

from app.people.operations.binding import (
    BINDING_CODE_LIFE,
    BindingCodeRefused,
    IssuedCode,
    PhoneNotInRoster,
    bind_cadre_by_phone,
    bind_guardian_by_code,
    bind_guardian_by_phone,
    issue_binding_code,
)
from app.people.operations.consenting import mute_guardian, note_follow, note_unfollow, unmute_guardian
from app.people.operations.muting import MuteEndWrong, mute_beneficiary, unmute_beneficiary
from app.people.operations.registering import (
    AlreadyGuardian,
    AlreadyRegistered,
    Mistyped,
    NewBeneficiary,
    NewCadre,
    NewGuardian,
    OutsideRegion,
    PhoneTaken,
    change_cadre_status,
    create_beneficiary,
    create_cadre,
    create_guardian,
)
from app.people.operations.revealing import NothingToReveal, ReasonMissing, reveal_field
from app.people.operations.signing import (
    Agreement,
    GuardianMuted,
    NotSigned,
    record_consent,
    withdraw_consent,
)

__all__ = [
    "BINDING_CODE_LIFE",
    "Agreement",
    "AlreadyGuardian",
    "AlreadyRegistered",
    "BindingCodeRefused",
    "GuardianMuted",
    "IssuedCode",
    "Mistyped",
    "MuteEndWrong",
    "NewBeneficiary",
    "NewCadre",
    "NewGuardian",
    "NotSigned",
    "NothingToReveal",
    "OutsideRegion",
    "PhoneNotInRoster",
    "PhoneTaken",
    "ReasonMissing",
    "bind_cadre_by_phone",
    "bind_guardian_by_code",
    "bind_guardian_by_phone",
    "change_cadre_status",
    "create_beneficiary",
    "create_cadre",
    "create_guardian",
    "issue_binding_code",
    "mute_beneficiary",
    "mute_guardian",
    "note_follow",
    "note_unfollow",
    "record_consent",
    "reveal_field",
    "unmute_beneficiary",
    "unmute_guardian",
    "withdraw_consent",
]
