"""Who may knock at which door: every route × role × region, against a table that people review."""
