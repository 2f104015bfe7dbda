"""What a family reads when a person answered it."""

_LONGEST_QUOTE = 20


def reply_text(*, asked: str | None, answer: str) -> str:
    """Return an answer as a message of its own: at most 500 characters of it, below WeChat's 2,048 bytes.

    Args:
        asked: what the guardian wrote, None for what was spoken and not understood.
        answer: in the words of who answered.
    """
    quoted = " ".join((asked or "").split())
    if len(quoted) > _LONGEST_QUOTE:
        quoted = quoted[: _LONGEST_QUOTE - 1] + "…"
    lines = ["您的留言有了回复。", f"您说：{quoted}" if quoted else "", f"回复：{answer}"]
    # WeChat makes a link of <a href=…>; what somebody wrote must not become one.
    return "\n".join(line for line in lines if line).replace("<", "＜")
