"""This room counts how often the gate breaks a promise. A number of tries or minutes comes in; how
many tries broke a rule, left a pin active or did not come back goes out.
"""
