"""This room measures a whole machine in order, and keeps what was measured after each part. A
``Plan`` and a meter come in; a ``Report`` and its raw log in a folder go out.
"""
