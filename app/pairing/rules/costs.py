"""What makes one pair better than another, in points; the fewer the better.

Four levels, each of which outweighs everything below it together, whatever the numbers:

1. **Nobody is left over** while a place is free that may be used, and if somebody must be, then whoever has
   the fewest reasons to be first. Somebody who has a cadre is not left over to make place for others.
2. **What stands stays**: a pairing that is not due for rotation is broken only by the first level.
3. **The points of `Points`**, added up over all pairs: nearness, wishes, rotation, and an even load.

The levels are made of the size of the task (`levels_for`), so that they hold exactly and not only usually.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.accounts.rules import is_county, region_prefix
from app.people.enums import Sex

# 官方方案 二: 每名干部直接联系帮扶至少1名. How many at most is for each federation to say, else it is this.
DEFAULT_CAPACITY = 5
LARGEST_CAPACITY = 50
# Reasons to be first that a person can have (`PriorityFlag`), and one more rank for who has a cadre today.
ACCOMPANIED_RANK = 5
_EARTH_KM = 6371.0
# Farther is equally out of reach; 山东 is about 700 km wide.
_LONGEST_KM = 700


class Points:
    """The one table of weights. Each says what it is worth in the others."""

    # 官方方案 四(二): 就近就便, 在工作地、居住地确定直接联系帮扶对象. The nearer of work and home counts.
    SAME_TOWN = 0
    SAME_COUNTY = 100
    # Over the county's border it is one band more, and every 10 km another one.
    OTHER_COUNTY = 200
    PER_KM = 10
    # Nobody says where he works or lives in the region of his federation.
    PLACE_UNKNOWN = 1500
    # 官方方案 四(四): 充分尊重意愿. Being understood outweighs 40 km, a wish for a woman or a man 30 km.
    LANGUAGE_UNMET = 400
    SEX_UNMET = 300
    # 官方方案 二: 原则上每2年调整一次: one who is due stays only where another one is clearly worse.
    ROTATION_DUE = 250
    # 官方方案 二: 每名干部至少1名: the second family of one costs more than the way from town to
    # county, so that a cadre without any comes first; each further one costs 50 more, so loads even out.
    SECOND_FAMILY = 150
    EACH_FURTHER = 50


@dataclass(frozen=True, slots=True)
class Place:
    """A county (or city, where no more is known) and the name of a town in it, empty when unknown."""

    code: str
    town: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CadreChoice:
    """A cadre who takes part.

    Args:
        id: which one.
        org_code: his federation; he serves its region only.
        places: where he works, where he lives, as far as known.
        sex: None when nobody said.
        languages: dialects, languages and 手语 beside Mandarin.
        capacity: with how many families at most.
        other_load: families that are his and not part of this task.
        takes_new: False for who retired and goes on with the families he has (官方方案 四(三)).
    """

    id: int
    org_code: str
    places: tuple[Place, ...]
    sex: Sex | None = None
    languages: frozenset[str] = frozenset()
    capacity: int = DEFAULT_CAPACITY
    other_load: int = 0
    takes_new: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChoice:
    """A beneficiary who is to have a cadre.

    Args:
        id: which one.
        place: county and town.
        rank: how many reasons he has to be first, 0 to 4.
        present_cadre_id: who accompanies him today.
        is_due: that pairing has lasted two years.
        wished_sex: the family wishes for a woman or a man.
        wished_language: the family speaks this.
        barred: cadres who must not be his, with the reason: relatives, conflicts, whom the family declined.
        locked_cadre_id: somebody has decided this one by hand.
        is_locked: the decision stands, also when it is to leave him without.
    """

    id: int
    place: Place
    rank: int = 0
    present_cadre_id: int | None = None
    is_due: bool = False
    wished_sex: Sex | None = None
    wished_language: str = ""
    barred: Mapping[int, str] = field(default_factory=dict)
    locked_cadre_id: int | None = None
    is_locked: bool = False

    @property
    def keeps(self) -> bool:
        """Tell whether the present pairing is to stay."""
        return self.present_cadre_id is not None and not self.is_due

    def by_hand(self, cadre_id: int | None) -> "PersonChoice":
        """Return the same person, decided by hand."""
        return replace(self, locked_cadre_id=cadre_id, is_locked=True)


@dataclass(frozen=True, slots=True)
class Geography:
    """Centres of counties as (longitude, latitude); the datum does not matter at this scale."""

    centres: Mapping[str, tuple[float, float]]

    def km(self, one: str, other: str) -> int | None:
        """Return the distance of two counties in whole kilometres, None when one is unknown."""
        here, there = self.centres.get(one), self.centres.get(other)
        if here is None or there is None:
            return None
        (lng, lat), (to_lng, to_lat) = here, there
        x = math.radians(to_lng - lng) * math.cos(math.radians((lat + to_lat) / 2))
        y = math.radians(to_lat - lat)
        return min(round(_EARTH_KM * math.hypot(x, y)), _LONGEST_KM)


def serves(cadre: CadreChoice, *, county: str) -> bool:
    """Tell whether a cadre may have families of a county: his own, or one below his federation."""
    return county.startswith(region_prefix(cadre.org_code))


def distance_points(place: Place, other: Place, *, geography: Geography) -> int:
    """Return how far a family is from one place of a cadre: same town, same county, then kilometres."""
    if place.code == other.code:
        return Points.SAME_TOWN if place.town and place.town == other.town else Points.SAME_COUNTY
    km = geography.km(place.code, other.code)
    return Points.PLACE_UNKNOWN if km is None else Points.OTHER_COUNTY + Points.PER_KM * km


def nearest(person: Place, cadre: CadreChoice, *, geography: Geography) -> tuple[int, Place | None]:
    """Return the points of the nearer one of a cadre's places, and which one it is; None when none is known.

    Of a county's cadre it is known at least that he works in the county.
    """
    places = cadre.places or ((Place(cadre.org_code),) if is_county(cadre.org_code) else ())
    found = [(distance_points(person, place, geography=geography), place) for place in places]
    return min(found, key=lambda item: item[0]) if found else (Points.PLACE_UNKNOWN, None)


def soft_points(person: PersonChoice, cadre: CadreChoice, *, geography: Geography) -> int:
    """Return the points of a pair apart from load and from whom the person has today."""
    points, _ = nearest(person.place, cadre, geography=geography)
    if person.wished_language and person.wished_language not in cadre.languages:
        points += Points.LANGUAGE_UNMET
    if person.wished_sex is not None and person.wished_sex is not cadre.sex:
        points += Points.SEX_UNMET
    return points


def load_points(families: int) -> int:
    """Return what the last of so many families of one cadre costs, more than the one before it."""
    if families <= 1:
        return 0
    return Points.SECOND_FAMILY + Points.EACH_FURTHER * (families - 2)


@dataclass(frozen=True, slots=True)
class Levels:
    """The price of breaking a pairing, and of leaving one person over per rank."""

    broken: int
    left_over: int

    def leaving(self, person: PersonChoice) -> int:
        """Return what it costs that this person has nobody."""
        rank = ACCOMPANIED_RANK if person.keeps else min(person.rank, ACCOMPANIED_RANK - 1)
        return self.left_over * (1 + rank)


# The most that one pair can cost on the level of `Points`.
MOST_POINTS = (
    Points.OTHER_COUNTY
    + Points.PER_KM * _LONGEST_KM
    + Points.LANGUAGE_UNMET
    + Points.SEX_UNMET
    + Points.ROTATION_DUE
    + load_points(LARGEST_CAPACITY)
)


def levels_for(people: int) -> Levels:
    """Return prices by which one step of a level outweighs all that `people` pairs can cost below it."""
    broken = people * MOST_POINTS + 1
    return Levels(broken=broken, left_over=people * (broken + MOST_POINTS) + 1)
