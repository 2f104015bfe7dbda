"""What guardians are told when they agree to receive notices, word for word and by version."""

POLICY_NOTICE_VERSION = "2026-11"

# PIPL 14, 15, 17: what for, by whom, and how to stop. A new wording is a new version beside this one.
CONSENT_TEXTS = {
    "2026-11": (
        "用微信扫描此码并关注服务号，表示您同意残联通过服务号向您发送惠残政策通知。"
        "通知不写姓名、残疾情况和家庭情况。"
        "不想再收到时，在服务号里回复“停”或“退订”，立即停止；之后仍可随时留言找我们。"
    ),
}


def binding_card() -> str:
    """Return the sentence that stands on the card beside the QR code."""
    return CONSENT_TEXTS[POLICY_NOTICE_VERSION]
