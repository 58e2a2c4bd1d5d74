# %% Exercise 4.1: the two positions
def positions(net_inventory, pipeline, expedited_lead_time):
    """(expedited position, inventory position); pipeline[0] arrives in one day, and so on."""
    due = net_inventory + sum(pipeline[:expedited_lead_time])
    return due, net_inventory + sum(pipeline)


labs.check("4.1", positions)

# %% Exercise 4.2: the expedited level S_e
expedited_level = stats.poisson.ppf((BACKLOG - (EXPEDITED - REGULAR)) / (BACKLOG + HOLDING), MEAN)

labs.check("4.2", expedited_level)

# %% Exercise 4.3: what a regular unit saves tomorrow
demand = np.arange(60)
probability = stats.poisson.pmf(demand, MEAN)


def saved_tomorrow(y):
    """E[min(premium, b - (b + h) F(y - D))]."""
    saved = BACKLOG - (BACKLOG + HOLDING) * stats.poisson.cdf(y - demand, MEAN)
    return probability @ np.minimum(EXPEDITED - REGULAR, saved)


labs.check("4.3", saved_tomorrow)


# %% Exercise 4.4: the orders of the dual index
def dual_index(expedited_position, inventory_position, expedited_level, regular_level):
    """(regular order, expedited order)."""
    expedited = max(expedited_level - expedited_position, 0.0)
    regular = max(regular_level - inventory_position - expedited, 0.0)
    return regular, expedited


labs.check("4.4", dual_index)

# %% Exercise 4.5: the best regular level among 5, 6, ..., 10
best_level = min(range(5, 11), key=cost_of_dual_index)

labs.check("4.5", best_level)

# %% Exercise 4.6: the best cap among 1, 2, 3, 4 and its cost, in percent above the optimum
costs = {
    cap: product.average_cost(
        baselines.CappedDualIndex(
            problem=product.problem, expedited_level=4.0, regular_level=8.0, cap=cap
        )
    )
    for cap in (1.0, 2.0, 3.0, 4.0)
}
best_cap = min(costs, key=costs.get)
above_optimum = 100.0 * (costs[best_cap] / least - 1.0)

labs.check("4.6", (best_cap, above_optimum))

# %% Exercise 4.7: your letter
answer = "b"

labs.check("4.7", answer)
