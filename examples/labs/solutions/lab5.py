# %% Exercise 5.1: the lower level
lower = stats.poisson.ppf((SHORTAGE - COST) / (SHORTAGE + HOLDING - DISCOUNT * COST), MEAN)

labs.check("5.1", lower)


# %% Exercise 5.2: the orders and removals of an interval
def keep_within(stock, lower, upper):
    """(order, removal) for one stock, units."""
    return max(lower - stock, 0.0), max(stock - upper, 0.0)


labs.check("5.2", keep_within)

# %% Exercise 5.3: the upper level, the largest stock at which nothing is removed
upper = max(stock for stock in range(MOST) if orders(stock)[1] == 0.0)

labs.check("5.3", upper)

# %% Exercise 5.4: how much money does the right to remove save, from 80 units?
never = baselines.BaseStock(problem=shop.problem, level=lower)
saved = shop.discounted_cost(never, 1000, stock=80.0) + optimum.value(80.0)

labs.check("5.4", saved)

# %% Exercise 5.5: your letter
answer = "a"

labs.check("5.5", answer)

# %% Exercise 5.6: how many units are removed in period 10 if 40 are on hand then?
removed = season_orders(10, 40)[1]

labs.check("5.6", removed)
