"""What guardians are told when they agree to receive notices, word for word and by version."""

from app.people.enums import ConsentChannel, ConsentPurpose

POLICY_NOTICE_VERSION = "2026-11"

# PIPL 14, 15, 17: what for, by whom, and how to stop. A new wording is a new version beside this one.
CONSENT_TEXTS = {
    "2026-11": (
        "用微信扫描此码并关注服务号，表示您同意残联通过服务号向您发送惠残政策通知。"
        "通知不写姓名、残疾情况和家庭情况。"
        "不想再收到时，在服务号里回复“停”或“退订”，立即停止；之后仍可随时留言找我们。"
    ),
}

# What a guardian is told before he agrees on paper or on the telephone to be sent anything else.
SIGNED_VERSION = "2026-11"
SIGNED_TEXTS = {
    (ConsentPurpose.POLICY_NOTICE, ConsentChannel.SMS): {
        "2026-11": (
            "同意残联向您登记的手机号发送惠残政策短信。短信不写姓名、残疾情况和家庭情况。"
            "不想再收到时，告诉帮扶干部或县残联，或在服务号里回复“停”，立即停止。"
        ),
    },
    (ConsentPurpose.FESTIVAL_GREETING, ConsentChannel.MASS_SEND): {
        "2026-11": (
            "同意残联在节日通过服务号向您发送祝福。家中有丧事时不发。"
            "不想再收到时，告诉帮扶干部或县残联，或在服务号里回复“停”，立即停止。"
        ),
    },
}


def signed_text(purpose: ConsentPurpose, channel: ConsentChannel) -> str | None:
    """Return what is read to a guardian before he agrees, None for what is not agreed to in this way."""
    texts = SIGNED_TEXTS.get((purpose, channel))
    return texts[SIGNED_VERSION] if texts else None


def binding_card() -> str:
    """Return the sentence that stands on the card beside the QR code."""
    return CONSENT_TEXTS[POLICY_NOTICE_VERSION]
