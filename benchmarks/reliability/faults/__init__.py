"""This room tries what users and attackers may hand to the command. Seeds come in; commands that
crash, hang, print a traceback or take too much memory go out.
"""
