"""This room describes the machine that is measured. Files of the kernel and the system come in; a
``Device`` and the reasons to doubt its timings go out.
"""
