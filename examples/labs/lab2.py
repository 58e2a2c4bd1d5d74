# %% [markdown]
# # Lab 2: lead times, or why lost sales are hard
#
# **Aims.** You write down the state of a stock whose orders take days to arrive. You meet four
# rules for it, look at the optimal orders, and measure how far each rule is from the optimum.
#
# **Time.** About 75 minutes. The code itself runs for 20 seconds. Do lab 1 first.

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

import labs
from inv_gym import LostSales, baselines

plt.rcParams["figure.constrained_layout.use"] = True

# %% [markdown]
# ## Theory: the state
#
# An order arrives after $L$ days. Demand that finds no stock is lost. The state is a vector
# $x = (x_0, x_1, \dots, x_{L-1})$: $x_0$ is on hand after today's arrival, and $x_l$ arrives in
# $l$ days. With the order $q$ and the demand $d$, tomorrow's state is
#
# $$x' = \big((x_0 - d)^+ + x_1,\; x_2,\; \dots,\; x_{L-1},\; q\big).$$
#
# If customers would wait, the sum of all $x_l$ would be all that matters, and a base-stock policy
# would be optimal. With lost sales it is not: a unit on hand may be sold before the order arrives,
# and a unit that arrives late will still be there. So the best order depends on the whole vector.
# The number of vectors grows fast with $L$.


# %% Exercise 2.1: tomorrow's state for lead time 3, where the pipeline holds x_1 and x_2
def next_state(on_hand, pipeline, order, demand):
    """Stock on hand, and the pipeline of tomorrow: two numbers."""
    x_1, x_2 = pipeline
    return ...


labs.check("2.1", next_state)

# %% [markdown]
# ## Theory: the vector base-stock policy
#
# Let $v_l = x_l + x_{l+1} + \dots + x_{L-1}$ be what arrives in $l$ days or later, and $v_L = 0$.
# Morton (1969) limits each of these sums:
#
# $$q = \min_{l} (S_l - v_l)^+, \qquad S_l = \text{the } \frac{p}{p + h} \text{ quantile of the
# demand of } L - l + 1 \text{ days}.$$
#
# Here $p$ is all that a lost sale costs. No optimal order is ever larger (Zipkin 2008). We take
# $L = 2$, Poisson demand of mean 5, $h = 1$ and $p = 4$. The demand of $n$ days is Poisson of mean
# $5n$.

# %% Exercise 2.2: the three levels S_0, S_1, S_2
levels = ...

labs.check("2.2", levels)


# %% Exercise 2.3: the order of the vector base-stock policy for lead time 2
def vector_order(on_hand, arriving, levels):
    """The order for x_0 = on_hand and x_1 = arriving, given (S_0, S_1, S_2)."""
    return ...


labs.check("2.3", vector_order)

# %% [markdown]
# ## Theory: the projected inventory level
#
# A newer idea (van Jaarsveld & Arts) asks one question: how much will be on hand when the order
# arrives? Call it $J$. It is random, because demand until then is. The rule orders up to a level on
# its mean,
#
# $$q = (U - E[J])^+ .$$
#
# For $L = 2$, two days of demand $D_1, D_2$ pass before the order arrives:
#
# $$J = \big((x_0 - D_1)^+ + x_1 - D_2\big)^+ .$$
#
# `demand` holds 0 to 39 and `probability` how likely each is. `demand[:, None]` is a column and
# `demand[None, :]` a row, so an expression with both gives a table of all pairs.

# %% Exercise 2.4: the mean stock when the order arrives
demand = np.arange(40)
probability = stats.poisson.pmf(demand, 5.0)


def projected(on_hand, arriving):
    """E[J] for lead time 2."""
    return ...


labs.check("2.4", projected)

# %% [markdown]
# ## The optimum as a picture
#
# With lead time 2 there are few enough states to find the optimal order of each by dynamic
# programming. `labs.case` makes one product, `optimum` solves it.

# %%
COSTS = {"holding_cost": 1.0, "shortage_cost": 4.0}


def poisson_case(lead_time):
    """Zipkin's product with a lead time: average cost, whole orders."""
    problem = LostSales(lead_time=lead_time, discount=1.0, long_run=True, integer_orders=True)
    return labs.case(problem, "poisson", 5.0, **COSTS)


case = poisson_case(2)
optimum = case.optimum()
print(f"optimal average cost {-optimum.gain:.4f}, published 4.40")


def optimal_order(on_hand, arriving):
    """The optimal order in a state."""
    return optimum.orders[0, optimum.place(np.array([[on_hand], [arriving]]))[0], 0]


base_stock = case.best(baselines.BaseStock)
ON_HAND, ARRIVING = np.arange(13.0), np.arange(6.0)
maps = {
    f"optimal, cost {-optimum.gain:.3f}": [
        [optimal_order(x, y) for x in ON_HAND] for y in ARRIVING
    ],
    f"best base-stock, cost {case.average_cost(base_stock):.3f}": [
        [max(float(base_stock.level[0]) - x - y, 0.0) for x in ON_HAND] for y in ARRIVING
    ],
}
figure, panels = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for panel, (title, orders) in zip(panels, maps.items(), strict=True):
    image = panel.imshow(orders, origin="lower", vmin=0, vmax=8)
    for (y, x), units in np.ndenumerate(np.array(orders)):
        colour = "black" if units > 5 else "white"
        panel.text(x, y, f"{units:.0f}", color=colour, ha="center", va="center")
    panel.set_title(title)
    panel.set_xlabel("on hand, x_0")
panels[0].set_ylabel("arrives tomorrow, x_1")
figure.colorbar(image, ax=panels, label="order, units", shrink=0.8, extend="max")
plt.show()

# %% [markdown]
# Walk through the left picture. Take one unit more on hand (a step to the right). Then take one
# unit more that arrives tomorrow (a step up). Which of them takes more off the order?
#
# - **a** A unit on hand.
# - **b** A unit that arrives tomorrow.
# - **c** Both the same, as in the right picture.

# %% Exercise 2.5: your letter
answer = ...

labs.check("2.5", answer)

# %% [markdown]
# Zipkin (2008) proves it for every lead time:
#
# $$0 \ge \frac{\partial q}{\partial x_0} \ge \frac{\partial q}{\partial x_1} \ge \dots \ge
# \frac{\partial q}{\partial x_{L-1}} \ge -1 .$$
#
# ## Cost over lead time
#
# `case.best(kind)` finds the best rule of a kind, and `case.average_cost(rule)` gives its exact
# cost. `case.rule(baselines.VectorBaseStock.closed_form)` is Morton's policy.

# %%
lead_times = range(1, labs.sized(4, 2) + 1)
KINDS = {
    "best base-stock": baselines.BaseStock,
    "best constant order": baselines.ConstantOrder,
    "best projected level": baselines.ProjectedLevel,
}
costs = {name: [] for name in ("optimal", *KINDS)}
for lead_time in lead_times:
    case = poisson_case(lead_time)
    costs["optimal"].append(-case.optimum().gain)
    for name, kind in KINDS.items():
        costs[name].append(case.average_cost(case.best(kind)))

plt.figure(figsize=(6, 3.5))
for name, line in costs.items():
    plt.plot(lead_times, line, "o-", label=name)
plt.xticks(list(lead_times))
plt.xlabel("lead time L, days")
plt.ylabel("average cost per day")
plt.legend()
plt.show()

# %% Exercise 2.6: by how many percent is the cost of Morton's policy above the optimum for L = 4?
above_optimum = ...

labs.check("2.6", above_optimum)

# %% [markdown]
# The constant order costs 5.27 for every lead time: it does not look at the state at all. Let the
# lead time grow without end. Which rule has a cost that comes as near to the optimum as you like?
#
# - **a** The vector base-stock policy, because it looks at the whole state.
# - **b** The constant order, because a state of today says nothing of the day of arrival.
# - **c** The best base-stock policy, because it is optimal if customers wait.

# %% Exercise 2.7: your letter
answer = ...

labs.check("2.7", answer)

# %% [markdown]
# ## More to try
#
# 1. Set the shortage cost to 39. Which rules come nearer to the optimum? Why does backlog become a
#    good picture of lost sales?
# 2. Take the projected level with lead time 2 and draw its orders beside the two maps above.
# 3. Solve lead time 5 (three seconds) and 6 (a minute). How many states are there?
#
# ## References
#
# - T. E. Morton (1969), *Bounds on the solution of the lagged optimal inventory equation with no
#   demand backlogging and proportional costs*, SIAM Review 11.
# - P. Zipkin (2008), *Old and new methods for lost-sales inventory systems*, Operations Research
#   56; *On the structure of lost-sales inventory models*, Operations Research 56.
# - W. van Jaarsveld and J. Arts, *Projected inventory-level policies for lost sales inventory
#   systems*, Operations Research, doi 10.1287/opre.2021.0032.
# - D. A. Goldberg et al. (2016), *Asymptotic optimality of constant-order policies for lost sales
#   inventory models with large lead times*, Mathematics of Operations Research 41.
