"""Closed lists of words: an English name in the code and the database, a Chinese label for people."""

from enum import StrEnum
from typing import Self


class Labelled(StrEnum):
    """A word of the domain: the value is stored, the 中文 ``label`` is shown and read aloud."""

    label: str

    # The label has a default only so that type checkers allow the look-up by value, Relief("none").
    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member
