"""Demand: families of distributions, the distribution of a batch, processes over time, ranges
to draw from.
"""
