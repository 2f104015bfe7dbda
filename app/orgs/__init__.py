"""The tree of federations (残联): province, city, county, by division code (行政区划代码)."""
