"""Policies (惠残政策) find their families: what somebody may be entitled to, and what he receives.

官方方案 三(三): 对照当地困难重度残疾人应享受的社会保障政策了解相关情况，推动落实各项惠残政策.
Everything this package says is advice: a cadre or the county confirms it (个人信息保护法 24 条).
"""
