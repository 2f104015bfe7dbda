"""When people expect to be thought of: festivals of sun, moon and week, days for the disabled, and workdays.

Everything is computed; what the State Council announces year by year is in ``data/workdays.json``.
"""
