"""Contacts (联系) and visits (入户走访): one tap records one, yearly progress says who is owed one.

At least 4 contacts and 2 home visits per person and calendar year (官方方案 三(一)(二)). Nothing is asked
that the plan does not need: no place, no photo, no minimum text (四(五) 不搞过度留痕).
"""
