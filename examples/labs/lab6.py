# %% [markdown]
# # Lab 6: DirectBackprop from scratch
#
# **Aims.** You train a network that orders for every product of a shop, also for products that it
# has never seen. You write all of it: what the network sees, how its output becomes an order, and
# the training loop, which sends gradients through the simulator.
#
# **Time.** About 90 minutes. The training itself takes 20 seconds on one core. You need to know
# a little torch. Do lab 1 first; lab 2 helps.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import inv_gym
import labs
from inv_gym import baselines
from inv_gym.products.batch import product_weights

plt.rcParams["figure.constrained_layout.use"] = True

# %% [markdown]
# ## Theory: the gradient of the reward
#
# A policy with parameters $\theta$ orders $q_t = \pi_\theta(x_t, \text{history})$. The reward of an
# episode is
#
# $$R(\theta) = \sum_t \gamma^t r(x_t, q_t, d_t), \qquad x_{t+1} = f(x_t, q_t, d_t).$$
#
# In most of reinforcement learning, $f$ is unknown, and trying is the only way to learn. Here two
# things are special. We know $f$: sales are the smaller of stock and demand. And demand $d_t$ does
# not depend on what we order. So one drawn path of demand tells the reward of *every* policy on
# that path, and the derivative $dR/d\theta$ follows from the chain rule, period by period. There is
# no exploration, no critic and no policy gradient theorem. The method is called DirectBackprop
# (Madeka et al. 2022).
#
# In inv_gym, `rollout` plays a policy on many products at once. If the products are torch tensors,
# gradients flow from the reward back to whatever made the orders.

# %%
task = inv_gym.task("InvLostSalesLeadTime-v0", lead_time=2, horizon=40, products="poisson")


def draw(step, number=256):
    """Fresh products for a training step; the same step always gives the same ones."""
    return task.draw(number, seed=1000 + step).torch()


class OnePolicy:
    """A policy from a function of the observation."""

    knows = "history"

    def __init__(self, function):
        self.function = function

    def __call__(self, observation):
        return self.function(observation)


# %% [markdown]
# First one number alone: a base-stock level, in periods of mean demand. An observation holds
# columns with one number per product: `observation.scale` is the mean demand of the known past, and
# `observation.state.inventory_position` all stock and orders. Orders have the shape
# `[products, 1]`. Use torch (`clamp(min=0)` cuts off at 0), and leave the level a tensor, so that
# gradients can flow to it.


# %% Exercise 6.1: orders of a base-stock policy whose level is `level` periods of mean demand
def base_stock(observation, level):
    """Orders [products, 1], units."""
    return ...


labs.check("6.1", base_stock)

# %%
level = torch.tensor(3.0, requires_grad=True)
products = draw(0)
reward = inv_gym.rollout(
    task, OnePolicy(lambda observation: base_stock(observation, level)), products
).discounted_reward.mean()
reward.backward()
print(f"level 3: reward {reward.item():.1f}, and a higher level earns {level.grad.item():.1f} more")

# %%
tried = np.linspace(2.0, 7.0, 26)
earned = []
for trial in tried:
    policy = OnePolicy(lambda observation, trial=trial: base_stock(observation, trial))
    earned.append(inv_gym.rollout(task, policy, products).discounted_reward.mean().item())
plt.figure(figsize=(6, 3.5))
plt.plot(tried, earned, "o-", label="reward")
slope = level.grad.item()
plt.plot([2.5, 3.5], [reward.item() - 0.5 * slope, reward.item() + 0.5 * slope], "r", lw=3)
plt.xlabel("level, periods of mean demand")
plt.ylabel("reward of an episode")
plt.title("the gradient (red) is the slope of the curve")
plt.show()

# %% [markdown]
# ## What the network sees
#
# One level for all products is too simple: products differ in price, cost and demand. A network can
# look at all that. But a product that sells 50 a day must look like one that sells 5 with the same
# margins. So all quantities are divided by the product's scale, and all money by the sum of its
# prices and costs.
#
# Make these ten columns, in this order, with `torch.stack([...], 1)`:
#
# 1. stock on hand, `observation.state.on_hand`, over the scale,
# 2. what arrives tomorrow, `observation.state.pipeline[0]`, over the scale,
# 3. the mean of the history, `observation.history.mean(0)`, over the scale,
# 4. its standard deviation, `observation.history.std(0)`, over the scale,
# 5. the logarithm of the scale, divided by 3 (the only column that knows the size: small
#    demand varies more),
# 6. (and 7 to 10) the five figures of `observation.economics`, over the sum of the five.


# %% Exercise 6.2: the features of each product
def features(observation):
    """[products, 10]."""
    return ...


labs.check("6.2", features)

# %% [markdown]
# ## From the output to an order
#
# A network with random weights gives numbers near 0. If that were the order, training would start
# from a shop that is always empty, where the gradient says little. So start from a rule that is
# sensible, and let the network correct it:
#
# $$q = \text{scale} \cdot \Big(4 - \frac{\text{inventory position}}{\text{scale}} +
# \text{network}(\text{features})\Big)^+ .$$
#
# With the network at 0, this is a base-stock policy with 4 periods of mean demand.


# %% Exercise 6.3: the order of the network
def order(network, observation):
    """Orders [products, 1], units; uses your features."""
    return ...


labs.check("6.3", order)


# %%
def fresh_network():
    """A small network whose output is 0 at first."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(10, 32), nn.ELU(), nn.Linear(32, 32), nn.ELU(), nn.Linear(32, 1)
    )
    nn.init.zeros_(network[-1].weight)
    nn.init.zeros_(network[-1].bias)
    return network


# %% [markdown]
# ## The training loop
#
# In each step:
#
# 1. draw fresh products: `draw(step)`,
# 2. play the policy: `inv_gym.rollout(task, OnePolicy(...), products)`,
# 3. the loss is **minus** the mean of `product_weights(products) * rollout.discounted_reward`. The
#    weights count money in units of each product, so that expensive products do not outweigh
#    cheap ones,
# 4. set the old gradients to zero, compute the new ones, and let the optimiser take its step,
# 5. keep the loss as a number (`loss.item()`).
#
# `task` and `draw` are arguments, so that the check can try your loop on a small problem.


# %% Exercise 6.4: the training loop
def train(network, task, draw, steps):
    """Train the network, and return the losses of all steps."""
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    losses = []
    for step in range(steps):
        ...
    return losses


labs.check("6.4", (train, order))

# %%
network = fresh_network()
losses = train(network, task, draw, steps=labs.sized(400, 30))
plt.figure(figsize=(6, 3.5))
plt.plot(losses, alpha=0.4, label="each step (other products each time)")
window = max(len(losses) // 20, 1)
smooth = np.convolve(losses, np.ones(window) / window, "valid")
plt.plot(np.arange(len(smooth)) + window, smooth, label=f"mean of {window} steps")
plt.xlabel("step")
plt.ylabel("loss: minus the weighted reward")
plt.legend()
plt.show()

# %% [markdown]
# ## Is it good?
#
# Only products that it has not been trained on can tell. The heuristics of lab 2 see the same
# history. The projected level is left out, because it takes ten seconds.

# %%
test = task.draw(labs.sized(1000, 100), seed=7).torch()
heuristics = baselines.policies(task.problem)
players = {
    "4 periods of mean demand": OnePolicy(lambda observation: base_stock(observation, 4.0)),
    "base-stock": heuristics["base-stock"],
    "vector base-stock": heuristics["vector base-stock"],
    "your network": OnePolicy(lambda observation: order(network, observation)),
}
rewards = {}
with torch.no_grad():
    for name, policy in players.items():
        rewards[name] = inv_gym.rollout(task, policy, test).discounted_reward.mean().item()
        print(f"{name:25s} {rewards[name]:8.1f}")

# %% Exercise 6.5: by how many percent does your network earn more than the base-stock policy?
gain = ...

labs.check("6.5", (gain, players["your network"]))

# %%
# One product, seen with more and more stock on hand: what does the network order?
example = test.rows(slice(0, 1))
observations = []
recorder = OnePolicy(lambda observation: observations.append(observation) or torch.zeros(1, 1))
inv_gym.rollout(task, recorder, example)
now = observations[0]
stocks = torch.linspace(0.0, 6.0, 61) * example.scale
with torch.no_grad():
    orders = [
        order(network, now._replace(state=now.state._replace(on_hand=units[None]))).item()
        for units in stocks
    ]
plt.figure(figsize=(6, 3.5))
plt.plot(stocks, orders)
plt.xlabel("stock on hand, units")
plt.ylabel("order of your network, units")
plt.show()

# %% [markdown]
# Is there a range in which *more* stock means a *larger* order? Theory says that this is never
# right. Lab 7 is about such mistakes.
#
# A friend says: "Drawing fresh products takes time. Draw 256 once, and train on them all the time."
# What happens?
#
# - **a** Nothing: 256 products are enough to set some weights.
# - **b** The loss of training falls further, but test products earn less: the network memorises the
#   demand of the 256.
# - **c** The gradient becomes 0 after one step.

# %% Exercise 6.6: your letter
answer = ...

labs.check("6.6", answer)

# %% [markdown]
# ## More to try
#
# 1. Try it: `train(fresh_network(), task, lambda step: draw(0, 16), steps=400)`, and test.
# 2. Set the lead time to 5. Which features must change? (`labs` will not check that for you.)
# 3. The library has all this with a better encoder, checkpoints and whole orders:
#    `inv_gym.agents.DirectBackprop(task).fit(print)`. How much more does it earn?
#
# ## References
#
# - D. Madeka, K. Torkkola, C. Eisenach, A. Luo, D. P. Foster and S. M. Kakade (2022), *Deep
#   inventory management*, arXiv 2210.03137.
# - A. Maggiar et al. (2025), *Structure-informed deep reinforcement learning for inventory
#   management*, arXiv 2507.22040.
