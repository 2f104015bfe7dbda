"""Lianxin 连心: keeping contact with families of severely disabled people in hardship (直接联系帮扶)."""
