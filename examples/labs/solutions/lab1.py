# %% Exercise 1.1: the critical ratio
ratio = SHORTAGE / (SHORTAGE + HOLDING)

labs.check("1.1", ratio)

# %% Exercise 1.2: the best level, in loaves
level = stats.poisson.ppf(ratio, MEAN)

labs.check("1.2", level)

# %% Exercise 1.3: the expected cost of a level
demand = np.arange(60)
probability = stats.poisson.pmf(demand, MEAN)


def expected_cost(level):
    """The expected cost C(S) of one day."""
    left = np.maximum(level - demand, 0)
    short = np.maximum(demand - level, 0)
    return (probability * (HOLDING * left + SHORTAGE * short)).sum()


labs.check("1.3", expected_cost)


# %% Exercise 1.4: the orders of a base-stock policy
def order(on_hand, level):
    """The orders for an array of stocks on hand, units."""
    return np.maximum(level - on_hand, 0.0)


labs.check("1.4", order)


# %% Exercise 1.5: the critical ratio of many days
def critical_ratio(price, unit_cost, holding_cost, shortage_cost, discount):
    """The probability of no shortage that the best level reaches."""
    gain = price + shortage_cost
    return (gain - unit_cost) / (gain + holding_cost - discount * unit_cost)


labs.check("1.5", critical_ratio)

# %% Exercise 1.6: how many percent of the profit does it cost not to know the distribution?
price_of_not_knowing = -table.set_index("policy").loc["base-stock", "gap"]

labs.check("1.6", price_of_not_knowing)

# %% Exercise 1.7: your letter, such as "a"
answer = "c"

labs.check("1.7", answer)
