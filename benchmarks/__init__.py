"""The figures that the project promises, each measured against its floor.

A time by itself tells of the machine it was taken on. So every module here measures
two things in turns, in the same run: what `pysched serve` takes, and the least that
could do the same work. Their ratio is what is compared from release to release.
"""
