"""Messages as rows: queued, claimed, sent, retried, refused, expired; and the credits that WeChat demands.

A message is one row = one recipient × one channel × one purpose, unique by `dedup_key`. Texts are written
when it is sent, by the feature whose message it is, so rows hold no names.
"""
