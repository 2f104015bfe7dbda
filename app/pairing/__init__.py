"""Pairing (结对): which cadre accompanies which beneficiary, from which day until which day."""
