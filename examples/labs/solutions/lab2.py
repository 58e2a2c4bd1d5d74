# %% Exercise 2.1: tomorrow's state for lead time 3, where the pipeline holds x_1 and x_2
def next_state(on_hand, pipeline, order, demand):
    """Stock on hand, and the pipeline of tomorrow: two numbers."""
    x_1, x_2 = pipeline
    return max(on_hand - demand, 0.0) + x_1, (x_2, order)


labs.check("2.1", next_state)

# %% Exercise 2.2: the three levels S_0, S_1, S_2
levels = [stats.poisson.ppf(4 / 5, 5.0 * days) for days in (3, 2, 1)]

labs.check("2.2", levels)


# %% Exercise 2.3: the order of the vector base-stock policy for lead time 2
def vector_order(on_hand, arriving, levels):
    """The order for x_0 = on_hand and x_1 = arriving, given (S_0, S_1, S_2)."""
    sums = (on_hand + arriving, arriving, 0.0)
    room = [level - units for level, units in zip(levels, sums, strict=True)]
    return max(min(room), 0.0)


labs.check("2.3", vector_order)

# %% Exercise 2.4: the mean stock when the order arrives
demand = np.arange(40)
probability = stats.poisson.pmf(demand, 5.0)


def projected(on_hand, arriving):
    """E[J] for lead time 2."""
    tomorrow = np.maximum(on_hand - demand[:, None], 0) + arriving
    at_arrival = np.maximum(tomorrow - demand[None, :], 0)
    return probability @ at_arrival @ probability


labs.check("2.4", projected)

# %% Exercise 2.5: your letter
answer = "b"

labs.check("2.5", answer)

# %% Exercise 2.6: by how many percent is the cost of Morton's policy above the optimum for L = 4?
case = poisson_case(4)
morton = case.average_cost(case.rule(baselines.VectorBaseStock.closed_form))
above_optimum = 100.0 * (morton / -case.optimum().gain - 1.0)

labs.check("2.6", above_optimum)

# %% Exercise 2.7: your letter
answer = "b"

labs.check("2.7", answer)
