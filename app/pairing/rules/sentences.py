"""Why this cadre, in one sentence that a clerk can read to a family; and why nobody."""

from app.pairing.rules.costs import CadreChoice, Geography, PersonChoice, Points, nearest
from app.people.enums import Sex

_BY_HAND = "由管理人员指定"


def pair_sentence(person: PersonChoice, cadre: CadreChoice, *, families: int, geography: Geography) -> str:
    """Return why this cadre was chosen for this person.

    Args:
        person: who is accompanied.
        cadre: by whom.
        families: with how many families he is then.
        geography: where counties lie.
    """
    parts = [
        *([_BY_HAND] if person.is_locked else []),
        _nearness(person, cadre, geography=geography),
        *_wishes(person, cadre),
        _continuity(person, cadre),
        f"该干部共联系{families}户",
    ]
    return "，".join(part for part in parts if part)


def left_over_sentence(person: PersonChoice, *, allowed: int, in_region: int) -> str:
    """Return why a person has nobody.

    Args:
        person: who is left over.
        allowed: how many cadres may be paired with him.
        in_region: how many cadres serve his region, allowed or not.
    """
    if person.is_locked:
        return f"{_BY_HAND}暂不结对"
    if not in_region:
        return "暂未安排：辖区内没有可以参加结对的干部"
    if not allowed:
        return f"暂未安排：辖区内{in_region}名干部均需回避"
    return f"暂未安排：可以结对的{allowed}名干部名额已满，请增加干部或调整户数上限"


def _nearness(person: PersonChoice, cadre: CadreChoice, *, geography: Geography) -> str:
    points, place = nearest(person.place, cadre, geography=geography)
    if place is None:
        return "干部的工作地、居住地未填写"
    if points == Points.SAME_TOWN:
        return f"同在{person.place.town}"
    if points == Points.SAME_COUNTY:
        return "同在一个县（市、区）"
    km = geography.km(person.place.code, place.code)
    return "两地距离不详" if km is None else f"两地相距约{km}公里"


def _wishes(person: PersonChoice, cadre: CadreChoice) -> list[str]:
    told = []
    if person.wished_language:
        is_met = person.wished_language in cadre.languages
        told.append(f"{'会' if is_met else '不会家庭希望的'}{person.wished_language}")
    if person.wished_sex is not None:
        word = "女" if person.wished_sex is Sex.FEMALE else "男"
        is_met = person.wished_sex is cadre.sex
        told.append(f"{'符合' if is_met else '未能满足'}家庭希望{word}干部联系的意愿")
    return told


def _continuity(person: PersonChoice, cadre: CadreChoice) -> str:
    if person.present_cadre_id is None:
        return "新结对"
    if person.present_cadre_id == cadre.id:
        return "原结对已满两年，仍由原干部继续" if person.is_due else "继续原结对"
    return "原结对已满两年，轮换" if person.is_due else "原干部不能继续，更换干部"
