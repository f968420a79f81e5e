"""The catalogue's lint: one file per check or small family; what it finds over all items; overlaps and levels.

A check is a pure function: an item's content on a day and the facts around it -> findings. It repairs nothing.
``catalogue.py`` lists the checks and their codes.
"""
