"""A WeChat of our own on loopback: the server side of every API the product calls, and two phones to look at.

It knows WeChat from the published documents only and shares no code with the product, so that a
misreading on one side cannot hide behind the same misreading on the other.
"""
