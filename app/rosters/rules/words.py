"""Words that county offices write for the closed lists of the register, and what each of them means."""

from app.people.enums import CadreRank, CertificateStatus, GuardianRelation, Relief, Residence
from app.rosters.rules.columns import word_key

RELIEF_OFFERED = {
    "低保（城镇）": Relief.DIBAO_URBAN,
    "低保（农村）": Relief.DIBAO_RURAL,
    "特困（分散）": Relief.TEKUN_DISPERSED,
    "特困（集中）": Relief.TEKUN_CENTRAL,
    "低保边缘": Relief.DIBAO_EDGE,
    "刚性支出困难": Relief.RIGID,
    "防返贫监测": Relief.POVERTY_MONITORED,
    "无": Relief.NONE,
}
# 低保 alone, whose kind the residence tells.
DIBAO = "dibao"
RELIEF_WORDS: dict[str, Relief | str] = {
    **{word_key(word): relief for word, relief in RELIEF_OFFERED.items()},
    **{relief.label: relief for relief in Relief},
    "低保": DIBAO,
    "低保户": DIBAO,
    "低保对象": DIBAO,
    "农村低保户": Relief.DIBAO_RURAL,
    "城镇低保": Relief.DIBAO_URBAN,
    "城镇低保户": Relief.DIBAO_URBAN,
    "低保城市": Relief.DIBAO_URBAN,
    "分散特困": Relief.TEKUN_DISPERSED,
    "特困分散供养": Relief.TEKUN_DISPERSED,
    "分散供养": Relief.TEKUN_DISPERSED,
    "集中特困": Relief.TEKUN_CENTRAL,
    "特困集中供养": Relief.TEKUN_CENTRAL,
    "集中供养": Relief.TEKUN_CENTRAL,
    "低保边缘家庭": Relief.DIBAO_EDGE,
    "刚性支出困难家庭": Relief.RIGID,
    "防返贫监测对象": Relief.POVERTY_MONITORED,
}
RESIDENCE_OFFERED = {"农村": Residence.RURAL, "城镇": Residence.URBAN}
RESIDENCE_WORDS = {
    **RESIDENCE_OFFERED,
    "农业": Residence.RURAL,
    "农业户口": Residence.RURAL,
    "农村户口": Residence.RURAL,
    "非农业": Residence.URBAN,
    "非农业户口": Residence.URBAN,
    "非农": Residence.URBAN,
    "城镇户口": Residence.URBAN,
    "城市": Residence.URBAN,
}
STATUS_WORDS = {
    **{status.label: status for status in CertificateStatus},
    "正常": CertificateStatus.VALID,
    "已注销": CertificateStatus.CANCELLED,
    "已冻结": CertificateStatus.FROZEN,
    "已迁出": CertificateStatus.MOVED_OUT,
}
RELATION_WORDS = {word_key(relation.label): relation for relation in GuardianRelation}
RELATION_WORDS |= dict.fromkeys(("夫妻", "丈夫", "妻子", "夫", "妻"), GuardianRelation.SPOUSE)
RELATION_WORDS |= dict.fromkeys(
    ("父亲", "母亲", "爸爸", "妈妈", "父", "母", "父子", "父女", "母子", "母女"), GuardianRelation.PARENT
)
RELATION_WORDS |= dict.fromkeys(("儿子", "女儿", "儿", "女", "子", "长子", "次子"), GuardianRelation.CHILD)
RELATION_WORDS |= dict.fromkeys(
    ("哥哥", "弟弟", "姐姐", "妹妹", "兄", "弟", "姐", "妹", "兄弟", "姐妹", "兄妹", "姐弟"),
    GuardianRelation.SIBLING,
)
RELATION_WORDS |= dict.fromkeys(
    ("祖父", "祖母", "爷爷", "奶奶", "外祖父", "外祖母", "姥爷", "姥姥", "祖父母", "外祖父母", "祖孙"),
    GuardianRelation.GRANDPARENT,
)
RELATION_WORDS |= dict.fromkeys(
    ("亲属", "亲戚", "侄子", "侄女", "叔叔", "儿媳", "女婿", "孙子", "孙女"), GuardianRelation.OTHER_RELATIVE
)
RELATION_WORDS |= dict.fromkeys(
    ("村委会", "居委会", "村委", "居委", "村民委员会", "居民委员会"), GuardianRelation.VILLAGE_COMMITTEE
)

RANK_WORDS = {
    **{rank.label: rank for rank in CadreRank},
    **dict.fromkeys(
        ("厅级", "正厅级", "副厅级", "处级", "正处级", "副处级", "县处级", "县处级正职", "县处级副职"),
        CadreRank.DIVISION,
    ),
    **dict.fromkeys(
        ("正科级", "副科级", "正科", "副科", "乡科级", "乡科级正职", "乡科级副职"), CadreRank.SECTION
    ),
    **dict.fromkeys(("科员", "股级", "一般干部", "工作人员", "办事员"), CadreRank.OTHER),
}
