"""A fixed cast of invented persons.

Their ID numbers pass every check and belong to nobody: no county ever had the code 379999.
"""

from dataclasses import dataclass

INVENTED_REGION = "379999"


def id_number(born_on: str, sequence: int) -> str:
    """Return an ID number of nobody; `born_on` is YYYYMMDD, an odd sequence is a man's."""
    digits = f"{INVENTED_REGION}{born_on}{sequence:03d}"
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits))
    return digits + "10X98765432"[total % 11]


@dataclass(frozen=True)
class Person:
    name: str
    phone: str
    id_number: str = ""
    certificate: str = ""
    masked: str = ""


# 刘桂英, born 1958, limb, grade 1.
LIU_GUIYING = Person(
    name="刘桂英",
    phone="13805310001",
    id_number=id_number("19580312", 24),
    certificate=id_number("19580312", 24) + "41",
    masked="刘*英",
)
# 王小四, a boy born 2014, intellectual, grade 2.
WANG_XIAOSI = Person(
    name="王小四",
    phone="13805310002",
    id_number=id_number("20140601", 17),
    certificate=id_number("20140601", 17) + "52",
    masked="王*四",
)
# 欧阳明德, born 1971, vision, grade 1, certificate reissued once.
OUYANG_MINGDE = Person(
    name="欧阳明德",
    phone="13805310003",
    id_number=id_number("19711120", 33),
    certificate=id_number("19711120", 33) + "11B1",
    masked="欧**德",
)

# 孙建国, section chief of 历下区残联.
SUN_JIANGUO = Person(name="孙建国", phone="13905310011", masked="孙*国")
# 赵敏, of 市中区残联 next door.
ZHAO_MIN = Person(name="赵敏", phone="13905310012", masked="*敏")

# 王秀兰, mother of 王小四.
WANG_XIULAN = Person(name="王秀兰", phone="13705310021", masked="王*兰")
# 刘海涛, son of 刘桂英.
LIU_HAITAO = Person(name="刘海涛", phone="13705310022", masked="刘*涛")
