"""What the solver does with each event, by subject. Every function is total: odd input is answered or
ignored.
"""
