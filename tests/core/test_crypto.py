"""Personal data at rest."""

import base64

import pytest

from app.core import sql
from app.core.crypto import Keyring, SealBroken
from app.people.models import Beneficiary
from tests.people.factories import make_beneficiary


def key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


def ring(field_keys: str) -> Keyring:
    return Keyring.parse(field_keys=field_keys, index_key="index", secret_key="secret")


def test_a_sealed_value_opens_in_its_column_only() -> None:
    keys = ring(f"a:{key('a')}")
    sealed = keys.seal("13800138000", place="cadre.phone")

    assert keys.open(sealed, place="cadre.phone") == "13800138000"
    with pytest.raises(SealBroken):
        keys.open(sealed, place="guardian.phone")


def test_a_changed_character_does_not_open() -> None:
    keys = ring(f"a:{key('a')}")
    sealed = keys.seal("13800138000", place="cadre.phone")
    broken = sealed[:-3] + ("A" if sealed[-3] != "A" else "B") + sealed[-2:]

    with pytest.raises(SealBroken):
        keys.open(broken, place="cadre.phone")


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    old = ring(f"a:{key('a')}").seal("x", place="t.c")
    rotated = ring(f"b:{key('b')},a:{key('a')}")

    assert rotated.open(old, place="t.c") == "x"
    assert rotated.seal("x", place="t.c").startswith("enc:v1:b:")


def test_equal_values_have_unequal_seals_and_equal_indexes() -> None:
    keys = ring(f"a:{key('a')}")

    assert keys.seal("x", place="t.c") != keys.seal("x", place="t.c")
    assert keys.blind_index("x", label="phone") == keys.blind_index("x", label="phone")
    assert keys.blind_index("x", label="phone") != keys.blind_index("x", label="id_number")


@pytest.mark.parametrize("bad", ["a:short", "a:!!!", f"a:{base64.b64encode(b'x' * 16).decode()}"])
def test_a_key_that_is_not_32_bytes_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="field key 1"):
        ring(bad)


async def test_the_database_never_holds_an_id_number_in_clear(db: None) -> None:
    liu = await make_beneficiary()

    (row,) = await sql.fetch("SELECT * FROM beneficiary")

    assert liu.id_number not in str(row)
    assert (await Beneficiary.get()).id_number == liu.id_number


def test_a_wrong_field_key_is_named_by_its_place_and_not_shown() -> None:
    without_id = key("k")

    with pytest.raises(ValueError, match="field key 2") as refused:
        ring(f"a:{key('a')},{without_id}")

    assert without_id not in str(refused.value)


async def test_a_text_that_looks_sealed_is_sealed_like_any_other(db: None) -> None:
    person = await make_beneficiary()

    await Beneficiary.filter(id=person.id).update(address="enc:v1:nothing")

    assert (await Beneficiary.get(id=person.id)).address == "enc:v1:nothing"
