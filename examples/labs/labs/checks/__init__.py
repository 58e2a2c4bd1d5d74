"""The judges of all exercises. A judge computes the right answer from the library where it can."""

from labs.answers import judges_of
from labs.checks import lab1, lab2, lab3, lab4, lab5, lab6, lab7, lab8, lab9

JUDGES = judges_of([lab1, lab2, lab3, lab4, lab5, lab6, lab7, lab8, lab9])
"""By the number of the exercise, such as ``2.3``."""
