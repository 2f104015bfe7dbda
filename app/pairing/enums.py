"""Words of this feature."""

from app.core.labels import Labelled


class EndReason(Labelled):
    """Why a pairing ended, by 官方方案 四(三)."""

    POST_CHANGED = "post_changed", "干部岗位或职务变化"
    RETIRED = "retired", "干部退休"
    LEFT = "left", "干部离岗"
    ROTATION = "rotation", "两年调整"
    BENEFICIARY_DECEASED = "beneficiary_deceased", "帮扶对象去世"
    BENEFICIARY_MOVED = "beneficiary_moved", "帮扶对象迁出"
    NO_LONGER_ELIGIBLE = "no_longer_eligible", "帮扶对象不再符合条件"
    FAMILY_WISH = "family_wish", "尊重家庭意愿"
    ENTERED_BY_MISTAKE = "entered_by_mistake", "录入有误"
