"""Demand: families of laws, the distribution of a batch, processes over time, ranges
to draw from.
"""
