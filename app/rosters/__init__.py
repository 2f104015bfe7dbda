"""Rosters (花名册): .xlsx uploads of beneficiaries, cadres and pairings.

Every row is judged before anything changes; what is confirmed is applied in one go or not at all.
"""
