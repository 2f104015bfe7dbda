"""The pages of the console (管理后台), made on the server and working without JavaScript.

They ask the very functions that answer /admin/v1, so that every rule stands in one place.
"""
