# %% [markdown]
# # Lab 7: structure-informed networks
#
# **Aims.** Theory says how an optimal order responds to stock. You measure how often networks break
# these laws, punish it in training, and build outputs that cannot break them. Then you ask what all
# that brings.
#
# **Time.** About 75 minutes. The code itself runs for 20 seconds. Do labs 2 and 6 first.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import inv_gym
import labs
from inv_gym import agents
from inv_gym.products.batch import product_weights
from inv_gym.structure import violations, wide_states
from inv_gym.structure.violations import observation_of

plt.rcParams["figure.constrained_layout.use"] = True

# %% [markdown]
# ## Theory: slopes of the order
#
# In lab 2 you saw it in a picture, and Zipkin (2008) proves it. With lost sales and lead time $L$,
# the slopes $g_l = \partial q / \partial x_l$ of an optimal order form a chain,
#
# $$0 \ge g_0 \ge g_1 \ge \dots \ge g_{L-1} \ge -1 .$$
#
# More stock never means a larger order; one unit more takes at most one unit off; a later unit
# takes more off than an earlier one. A network knows none of this. It may learn it where it has
# been, and be wrong where it has not.
#
# `torch.autograd.grad(y.sum(), x, create_graph=True)[0]` gives the derivative of each $y_i$ with
# respect to the row $x_i$. With `create_graph=True` the derivative itself can be differentiated:
# training with a penalty on slopes needs that.


# %% Exercise 7.1: the slopes of an order function
def slopes(order, states):
    """[N, n] for states [N, n]; `order` takes states and gives orders [N]."""
    states = states.detach().requires_grad_()
    return ...


labs.check("7.1", slopes)

# %% [markdown]
# ## A penalty
#
# Turn each inequality of the chain into a punishment of its violation. With $n$ columns,
#
# $$P = \text{mean over states of } \Big[ \big(g_0^+\big)^2 + \sum_{l} \big((g_{l+1} - g_l)^+\big)^2
# + \big((-1 - g_{n-1})^+\big)^2 \Big].$$
#
# If neighbours are in order and both ends are right, all the others are right too.


# %% Exercise 7.2: the penalty
def penalty(g):
    """One number for slopes g [N, n]."""
    return ...


labs.check("7.2", penalty)

# %% [markdown]
# ## By construction
#
# A penalty makes violations rare. One can also make them impossible. Let the network give any
# numbers $z$, shape `[N, n]`, and turn them into slopes that keep the chain, whatever $z$ is.
# `torch.sigmoid` maps any number into $(0, 1)$, and products of numbers in $(0, 1)$ fall.
# `torch.cumprod(x, 1)` multiplies along the columns; `x.flip(1)` reverses them.


# %% Exercise 7.3: slopes that keep the chain
def ordered_slopes(z):
    """[N, n] slopes with 0 >= g_0 >= g_1 >= ... >= -1, from any numbers z [N, n]."""
    return ...


labs.check("7.3", ordered_slopes)

# %% [markdown]
# ## Networks that come with the library
#
# For lead time 5 there are three trained networks: a plain one, one that was trained with the
# penalty, and one with slopes that are right by construction. `wide_states` draws states of all
# kinds, also such as a good policy hardly ever visits. `violations(...)` measures the slopes there;
# its `share()` is the share of states in which some inequality is broken by more than 0.02. (The
# library has more networks for this problem; they are left out here.)

# %%
task5 = inv_gym.task("InvLostSalesLeadTime-v0")
products5 = task5.draw(500, seed=1)
states5 = wide_states(task5.problem, np.random.default_rng(2), 500) * products5.scale[:, None]
NETWORKS = ("DirectBackprop", "DirectBackprop, penalised", "DirectBackprop, constructed")
shipped = agents.policies(task5.problem)
trained = {name: shipped[name] for name in NETWORKS}

# %% Exercise 7.4: in how many percent of the states does the plain network break the chain?
share = ...

labs.check("7.4", share)

# %%
# One product, one period's demand in each place of the pipeline, more and more stock on hand.
first = products5.rows(slice(0, 1))
stocks = np.linspace(0.0, 12.0, 121)
columns = np.column_stack([stocks, *np.ones((4, 121))]) * first.scale
same_product = products5.rows(np.zeros(121, int))
plt.figure(figsize=(6, 3.5))
for name, agent in trained.items():
    observation = observation_of(
        task5.problem, same_product.torch(), torch.tensor(columns, dtype=torch.float32), 0
    )
    with torch.no_grad():
        orders = agent.unclipped(observation)[:, 0].numpy()
    plt.plot(stocks, orders / first.scale, label=name)
plt.axhline(0.0, color="grey", linewidth=0.8)
plt.xlabel("stock on hand, periods of mean demand")
plt.ylabel("order before it is cut off at 0")
plt.legend()
plt.show()

# %%
table = inv_gym.evaluate(
    task5, trained, number=labs.sized(1000, 100), reference="DirectBackprop"
).frame
columns = ["policy", "reward", "gap", "gap_low", "gap_high"]
print(table[columns].to_string(index=False, float_format="%.3f"))

# %% [markdown]
# Look at the gaps and at their intervals. What does the structure do for the *mean reward* here?
#
# - **a** It raises it much: by several percent.
# - **b** Next to nothing: less than one percent in either direction.
# - **c** It ruins it: a network under constraints earns far less.

# %% Exercise 7.5: your letter
answer = ...

labs.check("7.5", answer)

# %% [markdown]
# So why bother? No planner trusts a network that orders less because stock is lower. A network that
# keeps the laws makes sense in every state, also in those that training never showed, and its
# orders can be explained.
#
# ## Train one yourself
#
# The network of lab 6, with lead time 2. `free_order` is its order before it is cut off at 0: the
# cut would hide wrong slopes wherever nothing is ordered.

# %%
task = inv_gym.task("InvLostSalesLeadTime-v0", lead_time=2, horizon=30, products="poisson")
problem = task.problem


def features(observation):
    """The ten columns of lab 6."""
    scale, state, history = observation.scale, observation.state, observation.history
    quantities = [state.on_hand, state.pipeline[0], history.mean(0), history.std(0)]
    money = sum(observation.economics)
    figures = [figure / money for figure in observation.economics]
    return torch.stack([*(units / scale for units in quantities), scale.log() / 3, *figures], 1)


class Networked:
    """A policy that corrects a base-stock policy."""

    knows = "history"

    def __init__(self, seed):
        torch.manual_seed(seed)
        self.network = nn.Sequential(
            nn.Linear(10, 32), nn.ELU(), nn.Linear(32, 32), nn.ELU(), nn.Linear(32, 1)
        )
        nn.init.zeros_(self.network[-1].weight)
        nn.init.zeros_(self.network[-1].bias)

    def unclipped(self, observation):
        """Orders [products, 1] before the cut at 0."""
        position = observation.state.inventory_position / observation.scale
        correction = self.network(features(observation).to(torch.float32))
        return observation.scale[:, None] * (4.0 - position[:, None] + correction)

    def __call__(self, observation):
        return self.unclipped(observation).clamp(min=0)


def free_order(policy, products, states):
    """Orders [N] before the cut at 0, for products and states [N, 2] in units."""
    return policy.unclipped(observation_of(problem, products, states, 0))[:, 0]


def broken(policy):
    """Share of 500 wide states in which the policy breaks the chain."""
    products = task.draw(500, seed=5)
    states = wide_states(problem, np.random.default_rng(6), 500) * products.scale[:, None]
    return violations(problem, policy, products, states).share()


# %% [markdown]
# The loss of a step has two parts: minus the weighted reward, as in lab 6, and `weight` times the
# penalty of the slopes in states that are drawn widely. Write it with your `slopes` and `penalty`.
# `slopes` wants a function of the states alone: use
# `lambda states: free_order(policy, products, states)`.


# %% Exercise 7.6: the loss of a structure-informed network
def loss_of(policy, products, wide, weight):
    """Minus the weighted reward, plus weight times the penalty in the states `wide` [N, 2]."""
    reward = inv_gym.rollout(problem, policy, products).discounted_reward
    return ...


labs.check("7.6", (loss_of, Networked))


# %%
def train(weight, steps):
    """A trained policy, and the share of broken states over the training."""
    policy, curve = Networked(seed=0), []
    optimiser = torch.optim.Adam(policy.network.parameters(), lr=5e-3)
    rng = np.random.default_rng(3)
    for step in range(steps):
        products = task.draw(256, seed=1000 + step).torch()
        states = torch.tensor(wide_states(problem, rng, 256), dtype=torch.float32)
        loss = loss_of(policy, products, states * products.scale[:, None], weight)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 10 == 9:
            curve.append(broken(policy))
    return policy, curve


steps = labs.sized(200, 20)
plain, plain_curve = train(weight=0.0, steps=steps)
# The reward sums 30 periods, so a weight of 30 lets the penalty count once a period.
informed, informed_curve = train(weight=30.0, steps=steps)

plt.figure(figsize=(6, 3.5))
places = np.arange(10, steps + 1, 10)
plt.plot(places, np.array(plain_curve) * 100, label="plain")
plt.plot(places, np.array(informed_curve) * 100, label="with the penalty")
plt.xlabel("step of training")
plt.ylabel("states with a broken law, %")
plt.legend()
plt.show()

test = task.draw(labs.sized(1000, 100), seed=7).torch()
with torch.no_grad():
    for name, policy in (("plain", plain), ("with the penalty", informed)):
        reward = inv_gym.rollout(problem, policy, test).discounted_reward.mean().item()
        print(f"{name:17s} reward {reward:.1f}, broken {100 * broken(policy):.1f} %")

# %% [markdown]
# ## More to try
#
# 1. Set the weight to 1, 10, 100, 1000. When are laws still broken, when does the reward suffer?
# 2. Build a policy of lead time 2 with your `ordered_slopes`: an order that is
#    $q = a + \int$ of slopes along the state. Why is `a + (slopes * states).sum(1)` not enough?
#    (The slopes depend on the state too.) `agents/network/constructed_head.py` shows a way.
# 3. Take dual sourcing, `inv_gym.task("InvDualSourcing-v0")`: which laws are broken most often?
#    `violations(...).rows()` lists them.
#
# ## References
#
# - P. Zipkin (2008), *On the structure of lost-sales inventory models*, Operations Research 56.
# - A. Maggiar et al. (2025), *Structure-informed deep reinforcement learning for inventory
#   management*, arXiv 2507.22040.
# - `docs/structure.md` has measurements of all problems, also under shocks, where the structure did
#   not help.
