"""What is done to the register: entering people, binding them to WeChat, their consent, showing sealed data.

A package because there is much of it: `registering`, `binding` and `consenting` are used through this name.
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

__all__ = [
    "BINDING_CODE_LIFE",
    "AlreadyGuardian",
    "AlreadyRegistered",
    "BindingCodeRefused",
    "IssuedCode",
    "Mistyped",
    "MuteEndWrong",
    "NewBeneficiary",
    "NewCadre",
    "NewGuardian",
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
    "reveal_field",
    "unmute_beneficiary",
    "unmute_guardian",
]
