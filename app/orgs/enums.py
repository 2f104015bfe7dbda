"""Words of this feature."""

from app.core.labels import Labelled


class OrgLevel(Labelled):
    """Level of a federation."""

    PROVINCE = "province", "省级"
    CITY = "city", "市级"
    COUNTY = "county", "县级"
