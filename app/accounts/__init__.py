"""Who is calling: cadres and guardians inside WeChat, staff (管理员) in the console, and what each may touch.

`Scope` (in `rules`) says in which regions a caller may act, find people by name, and count.
"""
