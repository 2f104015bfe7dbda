"""What is done to the register: entering people, binding them to WeChat, their consent, showing sealed data.

A package because there is much of it, used through this name: `registering`, `binding` by
card and number, by six digits (`pins`), `unbinding`, `linking` one person's accounts, `consenting` of
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
from app.people.operations.linking import identities_to_ask, link_unionid
from app.people.operations.muting import MuteEndWrong, mute_beneficiary, unmute_beneficiary
from app.people.operations.pins import (
    PIN_LIFE,
    IssuedPin,
    NoGuardian,
    NoPinFree,
    PinRefused,
    TooManyTries,
    bind_guardian_by_pin,
    forget_pins,
    issue_pins,
)
from app.people.operations.registering import (
    AlreadyGuardian,
    AlreadyRegistered,
    Mistyped,
    NewBeneficiary,
    NewCadre,
    NewGuardian,
    OutsideRegion,
    PhoneTaken,
    create_beneficiary,
    create_cadre,
    create_guardian,
    let_phones_go,
)
from app.people.operations.revealing import NothingToReveal, ReasonMissing, reveal_field
from app.people.operations.signing import (
    Agreement,
    GuardianMuted,
    NotSigned,
    record_consent,
    withdraw_consent,
)
from app.people.operations.unbinding import (
    forget_mini_user,
    unbind_by_follower,
    unbind_guardian,
    unbind_own_guardian,
)

__all__ = [
    "BINDING_CODE_LIFE",
    "PIN_LIFE",
    "Agreement",
    "AlreadyGuardian",
    "AlreadyRegistered",
    "BindingCodeRefused",
    "GuardianMuted",
    "IssuedCode",
    "IssuedPin",
    "Mistyped",
    "MuteEndWrong",
    "NewBeneficiary",
    "NewCadre",
    "NewGuardian",
    "NoGuardian",
    "NoPinFree",
    "NotSigned",
    "NothingToReveal",
    "OutsideRegion",
    "PhoneNotInRoster",
    "PhoneTaken",
    "PinRefused",
    "ReasonMissing",
    "TooManyTries",
    "bind_cadre_by_phone",
    "bind_guardian_by_code",
    "bind_guardian_by_phone",
    "bind_guardian_by_pin",
    "create_beneficiary",
    "create_cadre",
    "create_guardian",
    "forget_mini_user",
    "forget_pins",
    "identities_to_ask",
    "issue_binding_code",
    "issue_pins",
    "let_phones_go",
    "link_unionid",
    "mute_beneficiary",
    "mute_guardian",
    "note_follow",
    "note_unfollow",
    "record_consent",
    "reveal_field",
    "unbind_by_follower",
    "unbind_guardian",
    "unbind_own_guardian",
    "unmute_beneficiary",
    "unmute_guardian",
    "withdraw_consent",
]
