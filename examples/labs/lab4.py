# %% [markdown]
# # Lab 4: two sources, one cheap and slow, one expensive and fast
#
# **Aims.** You order from two suppliers at once. You compute the levels that are optimal if the
# lead times differ by one day, and see what rules do, and lose, if they differ by more.
#
# **Time.** About 75 minutes. The code itself runs for a few seconds. Do lab 1 first.

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

import labs
from inv_gym import DualSourcing, baselines

plt.rcParams["figure.constrained_layout.use"] = True

# %% [markdown]
# ## Theory: two positions
#
# A unit of the *regular* source costs $c_r$ and takes $l_r$ days. A unit of the *expedited* source
# costs $c_e > c_r$ and takes only $l_e < l_r$ days. Customers wait: the net inventory $I$ is stock
# on hand less backlog. Each night costs $h$ per unit on hand and $b$ per unit of backlog.
#
# A fast order can only be compared with what arrives as early as itself. So there are two sums:
#
# - the *expedited position*: $I$ and everything that is due within $l_e$ days,
# - the *inventory position*: $I$ and everything on order.


# %% Exercise 4.1: the two positions
def positions(net_inventory, pipeline, expedited_lead_time):
    """(expedited position, inventory position); pipeline[0] arrives in one day, and so on."""
    return ...


labs.check("4.1", positions)

# %% [markdown]
# ## Theory: consecutive lead times
#
# If $l_r = l_e + 1$, two base-stock levels are optimal (Fukuda 1964, Whittemore and Saunders 1977).
# For $l_e = 0$, with the premium $\Delta = c_e - c_r$ and a discount $\gamma$ per day:
#
# $$S_e = \min\Big\{y : F(y) \ge \frac{b - \Delta}{b + h}\Big\}, \qquad
# S_r = \min\Big\{y : E\big[\min(\Delta,\; b - (b + h) F(y - D))\big] \le
# \frac{(1 - \gamma)\,c_r}{\gamma}\Big\}.$$
#
# The first one is a newsvendor who pays the premium for a unit today. The second one compares a
# regular unit with what it saves tomorrow: at most the premium, since one can still expedite then.
#
# We take Poisson demand of mean 5, $c_r = 10$, $c_e = 12$, $h = 1$, $b = 9$ and $\gamma = 0.99$.

# %%
REGULAR, EXPEDITED, HOLDING, BACKLOG, DISCOUNT, MEAN = 10.0, 12.0, 1.0, 9.0, 0.99, 5.0

# %% Exercise 4.2: the expedited level S_e
expedited_level = ...

labs.check("4.2", expedited_level)

# %% [markdown]
# For $S_r$ you need an expectation over the demand $D$ of a day. $F$ is 0 below 0, and
# `stats.poisson.cdf` knows that.

# %% Exercise 4.3: what a regular unit saves tomorrow
demand = np.arange(60)
probability = stats.poisson.pmf(demand, MEAN)


def saved_tomorrow(y):
    """E[min(premium, b - (b + h) F(y - D))]."""
    return ...


labs.check("4.3", saved_tomorrow)

# %%
interest = (1.0 - DISCOUNT) * REGULAR / DISCOUNT
regular_level = next(y for y in range(40) if saved_tomorrow(y) <= interest)
print(f"S_e = {expedited_level:.0f}, S_r = {regular_level}")

# %% [markdown]
# ## Theory: the dual index
#
# If the lead times differ by more, the state matters as a whole. The *dual index* policy
# (Veeraraghavan and Scheller-Wolf 2008) still uses two levels only. First it expedites up to $S_e$
# on the expedited position. Then it orders up to $S_r$ on the inventory position, which the
# expedited order has raised already:
#
# $$q_e = (S_e - \text{expedited position})^+, \qquad
# q_r = (S_r - \text{inventory position} - q_e)^+ .$$


# %% Exercise 4.4: the orders of the dual index
def dual_index(expedited_position, inventory_position, expedited_level, regular_level):
    """(regular order, expedited order)."""
    return ...


labs.check("4.4", dual_index)

# %% [markdown]
# ## A published product
#
# Gijsbrechts et al. (2022): demand is uniform on 0, 1, 2, 3, 4; $l_r = 2$, $l_e = 0$; $c_r = 100$,
# $c_e = 110$; $h = 5$, $b = 495$. Dynamic programming gives the optimum.


# %%
def product_with(expedited_cost):
    """The published product with another expedited cost."""
    problem = DualSourcing(
        regular_lead_time=2, expedited_lead_time=0, discount=1.0, long_run=True, integer_orders=True
    )
    costs = {"regular_cost": 100.0, "holding_cost": 5.0, "shortage_cost": 495.0}
    return labs.case(problem, "discrete_uniform", 2.0, expedited_cost=expedited_cost, **costs)


product = product_with(110.0)
optimum = product.optimum()
least = -optimum.gain
print(f"optimal average cost {least:.4f}, published 219.7333")

NET, DUE = np.meshgrid(np.arange(-2.0, 8.0), np.arange(5.0))
places = optimum.place(np.array([NET.ravel(), DUE.ravel()]))
figure, panels = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for channel, (panel, name) in enumerate(zip(panels, ("regular", "expedited"), strict=True)):
    orders = optimum.orders[0, places, channel].reshape(NET.shape)
    image = panel.imshow(orders, origin="lower", extent=(-2.5, 7.5, -0.5, 4.5), vmin=0, vmax=6)
    for (y, x), units in np.ndenumerate(orders):
        colour = "black" if units > 3 else "white"
        panel.text(x - 2, y, f"{units:.0f}", color=colour, ha="center", va="center")
    panel.set_title(f"optimal {name} order")
    panel.set_xlabel("net inventory")
panels[0].set_ylabel("arrives tomorrow")
figure.colorbar(image, ax=panels, label="units", shrink=0.8)
plt.show()


# %%
def cost_of_dual_index(regular_level):
    """Exact average cost of the dual index with S_e = 4."""
    rule = baselines.DualIndex(
        problem=product.problem, expedited_level=4.0, regular_level=float(regular_level)
    )
    return product.average_cost(rule)


# %% Exercise 4.5: the best regular level among 5, 6, ..., 10
best_level = ...

labs.check("4.5", best_level)

# %% [markdown]
# The left picture shows what the dual index gets wrong: the optimum never orders much from the
# regular source at once. It *smooths*. The *capped* dual index (Sun and Van Mieghem 2019) limits
# the regular order. `baselines.CappedDualIndex` takes one more field, `cap`.

# %% Exercise 4.6: the best cap among 1, 2, 3, 4 and its cost, in percent above the optimum
best_cap = ...
above_optimum = ...

labs.check("4.6", (best_cap, above_optimum))

# %% [markdown]
# ## What a second source is worth
#
# The cost with both sources, beside the cost with one. With the expedited source alone, a
# newsvendor orders every day.

# %%
premiums = np.array([1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0])
both = [-product_with(100.0 + premium).optimum().gain for premium in premiums]
regular_alone = min(
    product.average_cost(baselines.BaseStock(problem=product.problem, level=float(level)))
    for level in range(6, 13)
)
# The fast source delivers at once: 4 units cover every demand of 0 to 4.
expedited_alone = (100.0 + premiums) * 2.0 + 5.0 * (4.0 - 2.0)
plt.figure(figsize=(6, 3.5))
plt.semilogx(premiums, both, "o-", label="both sources, optimal")
plt.semilogx(premiums, expedited_alone, ":", label="expedited source alone")
plt.axhline(regular_alone, color="grey", linestyle="--", label="regular source alone")
plt.ylim(208, 250)
plt.xticks(premiums, [f"{premium:.0f}" for premium in premiums])
plt.minorticks_off()
plt.xlabel("premium of the expedited source")
plt.ylabel("average cost per day")
plt.legend()
plt.show()

# %% [markdown]
# Let the premium grow from 1 to 80. What does the optimum do?
#
# - **a** It uses one source up to a certain premium, and then only the other one.
# - **b** It orders less and less from the fast source, and keeps more stock instead.
# - **c** It orders the same, and pays more.

# %% Exercise 4.7: your letter
answer = ...

labs.check("4.7", answer)

# %% [markdown]
# ## More to try
#
# 1. The *tailored base-surge* orders the same from the regular source every day:
#    `baselines.TailoredBaseSurge(problem=..., expedited_level=4.0, quantity=1.0)`. How far is it
#    from the optimum for premiums 5 and 10?
# 2. Solve the product with $l_r = 4$. Does the gap of the dual index grow?
# 3. Why may the quantity of a base-surge not be 2, the mean of demand? Try it.
#
# ## References
#
# - Y. Fukuda (1964), *Optimal policies for the inventory problem with negotiable leadtime*,
#   Management Science 10.
# - A. S. Whittemore and S. C. Saunders (1977), *Optimal inventory under stochastic demand with two
#   supply options*, SIAM Journal on Applied Mathematics 32.
# - S. Veeraraghavan and A. Scheller-Wolf (2008), *Now or later: a simple policy for effective dual
#   sourcing in capacitated systems*, Operations Research 56.
# - J. Sun and J. A. Van Mieghem (2019), *Robust dual sourcing inventory management*, M&SOM 21.
# - J. Gijsbrechts, R. N. Boute, J. A. Van Mieghem and D. J. Zhang (2022), *Can deep reinforcement
#   learning improve inventory management?*, M&SOM 24.
