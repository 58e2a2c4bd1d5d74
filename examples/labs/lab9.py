# %% [markdown]
# # Lab 9: model-free learning
#
# **Aims.** You train PPO, a widely used method of reinforcement learning, on many products at once.
# You see why it fails on raw units and learns on scaled ones, compute its advantages by hand,
# convert its returns into the numbers of the leaderboard, and count how much data it needs.
#
# **Time.** About 75 minutes. The trainings take half a minute. You need the extra `rl`
# (`pip install -e '.[rl]'`). Do lab 6 first.

# %%
import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np
from stable_baselines3 import PPO

import inv_gym
import labs
from inv_gym import baselines
from inv_gym.agents import DirectBackprop, TrainingConfig
from inv_gym.agents.sb3.vec_env import SB3VecEnv

plt.rcParams["figure.constrained_layout.use"] = True

# %% [markdown]
# ## Theory: learning without a model
#
# Lab 6 used the derivative of the simulator. PPO (Schulman et al. 2017) needs none: it tries
# actions at random around its policy, and makes those more likely that did better than expected.
# "Better than expected" is the *advantage*. With a critic $V$ that predicts what is still to come,
#
# $$\delta_t = r_t + \gamma V(s_{t+1}) - V(s_t), \qquad
# A_t = \delta_t + \gamma \lambda A_{t+1},$$
#
# where $A$ is 0 after the last step (generalised advantage estimation, Schulman et al. 2016).
# $\lambda = 0$ trusts the critic fully, $\lambda = 1$ only what was earned. The $\gamma$ is that of
# the problem, `problem.discount`: it belongs to the task, and is not yours to tune.


# %% Exercise 9.1: the advantages of an episode
def advantages(rewards, values, last_value, gamma, lam):
    """[T] from rewards [T] and values V(s_0) .. V(s_{T-1}) [T]; last_value is V(s_T)."""
    return ...


labs.check("9.1", advantages)

# %% [markdown]
# ## Scaling
#
# Networks like numbers near 1. A product here sells between 1 and 50 units a day, and prices lie
# between 2 and 20. So one product's observation is ten times another's, and its reward a hundred
# times. And PPO's Gaussian tries actions of about -1 to 1: as *units*, that is an order of nothing
# for every product.
#
# So let an action $a$ in $[-1, 1]$ stand for an order between 0 and `reach` periods of mean demand.


# %% Exercise 9.2: the order that an action stands for
def order_of(action, scale, reach=6.0):
    """Orders [B, 1], units, for actions [B, 1] and scales [B]; beyond [-1, 1] actions are cut."""
    return ...


labs.check("9.2", order_of)

# %% [markdown]
# Observations come as vectors. These are the names of their entries:

# %%
HORIZON = 30
OPTIONS = {"products": "poisson", "horizon": HORIZON}
task = inv_gym.task("InvLostSales-v0", **OPTIONS)
env = gym.make_vec(task.name, num_envs=4, **OPTIONS)
names = env.unwrapped.observation_names
print(names[0], "..", names[32:])

# %% [markdown]
# `on_hand` and the 32 demands are in units. `price` to `salvage_value` are five figures in money.
# Write the scaled observation: units over `scale`, and the scale itself too, which is 1 then; money
# over the sum of the five figures; `horizon_left` as it is. So with 40 entries, entries 0 to 32 and
# 38 (the scale) are in units, and 33 to 37 in money.


# %% Exercise 9.3: a scaled observation
def scaled(observations):
    """[B, 40] from observations [B, 40] of the environment."""
    result = np.array(observations, dtype=np.float32)
    ...
    return result


labs.check("9.3", scaled)

# %% [markdown]
# An environment does the same with `units="scale"`. Compare:

# %%
shown = [
    gym.make_vec(task.name, num_envs=4, units=units, **OPTIONS).reset(seed=1)[0]
    for units in ("pieces", "scale")
]
print("the same as yours:", np.allclose(scaled(shown[0]), shown[1], rtol=1e-4))

# %% [markdown]
# ## Train
#
# Two trainings. The first is what many people try: stable-baselines3 on the environment as it is.
# The second is on 64 products at once with `units="scale"`: observations as your `scaled` gives
# them, and rewards in units of each product too. `SB3VecEnv` also scales actions, just as your
# `order_of`. This PPO starts with less noise than usual: a standard deviation of 1 would try all
# orders from nothing to six days of demand.
#
# `profit` plays a policy on 300 products that no training has seen.


# %%
def profit(act):
    """Mean discounted reward of an episode, for act(observations [B, n]) -> orders [B, 1]."""
    shops = gym.make_vec(task.name, num_envs=300, **OPTIONS)
    observations, _ = shops.reset(seed=12345)
    earned = 0.0
    for period in range(HORIZON):
        observations, rewards, *_ = shops.step(act(observations).astype(np.float32))
        earned += task.problem.discount**period * rewards.mean()
    return earned


def base_stock_profit():
    """The same for the base-stock policy that knows the history, on the same products."""
    shops = gym.make_vec(task.name, num_envs=300, **OPTIONS)
    shops.reset(seed=12345)
    rule = baselines.policies(task.problem)["base-stock"]
    played = inv_gym.rollout(task.problem, rule, shops.unwrapped.products)
    return played.discounted_reward.mean()


reference = base_stock_profit()
scale_entry = names.index("scale")


def gap(act):
    """Percent of the base-stock policy's reward that is missing (negative) or gained."""
    return 100.0 * (profit(act) / reference - 1.0)


def raw_act(model):
    """Orders of a model that was trained on raw units."""
    return lambda observations: model.predict(observations, deterministic=True)[0].clip(0)


def scaled_act(model):
    """Orders of a model that was trained on scaled observations and actions."""

    def act(observations):
        action = model.predict(scaled(observations), deterministic=True)[0]
        return order_of(action, observations[:, scale_entry])

    return act


# %%
raw = PPO(
    "MlpPolicy", gym.make(task.name, **OPTIONS), gamma=0.99, seed=0, device="cpu", n_steps=512
)
raw_curve = [(0, gap(raw_act(raw)))]
for _ in range(4):
    raw.learn(labs.sized(5120, 512), reset_num_timesteps=False)
    raw_curve.append((raw.num_timesteps, gap(raw_act(raw))))

shop = SB3VecEnv(64, task=task.name, units="scale", **OPTIONS)
ppo = PPO(
    "MlpPolicy",
    shop,
    learning_rate=1e-3,
    n_steps=HORIZON,
    batch_size=480,
    gamma=0.99,
    gae_lambda=0.9,
    policy_kwargs={"log_std_init": -1.0},
    seed=0,
    device="cpu",
)
ppo_curve = [(0, gap(scaled_act(ppo)))]
for _ in range(labs.sized(10, 2)):
    ppo.learn(labs.sized(15_000, 1920), reset_num_timesteps=False)
    ppo_curve.append((ppo.num_timesteps, gap(scaled_act(ppo))))


# %%
def draw(curves):
    """Gaps over the data that they took, for curves by name."""
    plt.figure(figsize=(6, 3.5))
    for name, curve in curves.items():
        periods, gaps = np.array(curve).T
        plt.plot(periods / 1000.0, gaps, "o-", label=name)
    plt.axhline(0.0, color="grey", linestyle=":", label="base-stock")
    plt.yscale("symlog", linthresh=1)
    ticks = [-300, -100, -30, -10, -3, -1, 0, 1]
    plt.yticks(ticks, ticks)
    plt.ylim(-400, 2)
    plt.minorticks_off()
    plt.xlabel("product-periods of training, thousands")
    plt.ylabel("gap to base-stock, %")
    plt.legend(loc="lower right")
    plt.show()


draw({"PPO, raw units": raw_curve, "PPO, scaled": ppo_curve})

# %% [markdown]
# Why does the raw PPO earn so little?
#
# - **a** It orders next to nothing: its actions stay near 0, and 0 units is where it starts.
# - **b** It orders far too much, because the action space has no upper bound.
# - **c** Its discount factor is wrong.

# %% Exercise 9.4: your letter
answer = ...

labs.check("9.4", answer)

# %% [markdown]
# ## Two ways to count money
#
# stable-baselines3 prints the *return* of an episode: the plain sum of its rewards. The leaderboard
# prints `reward`: the discounted *mean* per period,
#
# $$\frac{\sum_t \gamma^t r_t}{\sum_t \gamma^t} .$$
#
# So a return of 600 over 30 periods and a reward of 20 may be the same thing.


# %% Exercise 9.5: from the rewards of an episode to the number of the leaderboard
def leaderboard_reward(rewards, discount):
    """One number from rewards [T]."""
    return ...


labs.check("9.5", leaderboard_reward)

# %% [markdown]
# ## How much data?
#
# A *product-period* is one period of one product: the unit of data. DirectBackprop from the
# library, on the same problem, beside the scaled PPO. A step of it plays `BATCH` products for
# `HORIZON` periods. Its network starts from a sensible order, as in lab 6, so its curve starts
# higher.

# %%
BATCH = 64
config = TrainingConfig(
    steps=labs.sized(80, 4),
    batch=BATCH,
    check_every=labs.sized(10, 2),
    validation_products=labs.sized(200, 50),
)
training = DirectBackprop(task, config=config)


def agent_act():
    """The orders of DirectBackprop's network as it is, for observation vectors."""
    return training.agent.predict


backprop_curve = [(0, gap(agent_act()))]
training.fit(
    lambda progress: backprop_curve.append((progress.step * BATCH * HORIZON, gap(agent_act())))
)

draw({"PPO, scaled": ppo_curve, "DirectBackprop": backprop_curve})

# %% Exercise 9.6: how many product-periods do 80 steps of DirectBackprop use here?
product_periods = ...

labs.check("9.6", product_periods)

# %% [markdown]
# Both see the same products. What does DirectBackprop use that PPO does not?
#
# - **a** The true distribution of demand.
# - **b** A larger network.
# - **c** How the reward changes with each order: the derivative of the simulator.

# %% Exercise 9.7: your letter
answer = ...

labs.check("9.7", answer)

# %% [markdown]
# ## More to try
#
# 1. Scale only the actions: `SB3VecEnv` without `units`, and `rewards="product"`. What is lost?
# 2. Train with `rewards="money"`. Which products does PPO care for then?
# 3. Leave out `policy_kwargs`. Why is PPO good early, and then worse? (It trains the best order
#    *with* noise, and is judged without.)
# 4. Tuned parameters make PPO better: `inv-gym train --env InvLostSales-v0 --agent ppo --out
#    runs/ppo`. `docs/ppo.md` has what it reaches.
#
# ## References
#
# - J. Schulman, P. Moritz, S. Levine, M. Jordan and P. Abbeel (2016), *High-dimensional continuous
#   control using generalized advantage estimation*, arXiv 1506.02438.
# - J. Schulman, F. Wolski, P. Dhariwal, A. Radford and O. Klimov (2017), *Proximal policy
#   optimization algorithms*, arXiv 1707.06347.
# - J. Gijsbrechts, R. N. Boute, J. A. Van Mieghem and D. J. Zhang (2022), *Can deep reinforcement
#   learning improve inventory management?*, M&SOM 24.
