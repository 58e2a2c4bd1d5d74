# %% Exercise 9.1: the advantages of an episode
def advantages(rewards, values, last_value, gamma, lam):
    """[T] from rewards [T] and values V(s_0) .. V(s_{T-1}) [T]; last_value is V(s_T)."""
    result = np.zeros(len(rewards))
    later, advantage = last_value, 0.0
    for t in reversed(range(len(rewards))):
        advantage = rewards[t] + gamma * later - values[t] + gamma * lam * advantage
        result[t], later = advantage, values[t]
    return result


labs.check("9.1", advantages)


# %% Exercise 9.2: the order that an action stands for
def order_of(action, scale, reach=6.0):
    """Orders [B, 1], units, for actions [B, 1] and scales [B]; beyond [-1, 1] actions are cut."""
    share = (np.clip(action, -1.0, 1.0) + 1.0) / 2.0
    return share * reach * scale[:, None]


labs.check("9.2", order_of)


# %% Exercise 9.3: a scaled observation
def scaled(observations):
    """[B, 40] from observations [B, 40] of the environment."""
    result = np.array(observations, dtype=np.float32)
    scale = observations[:, 38]
    result[:, :33] /= scale[:, None]
    result[:, 33:38] /= observations[:, 33:38].sum(1)[:, None]
    result[:, 38] = 1.0
    return result


labs.check("9.3", scaled)

# %% Exercise 9.4: your letter
answer = "a"

labs.check("9.4", answer)


# %% Exercise 9.5: from the rewards of an episode to the number of the leaderboard
def leaderboard_reward(rewards, discount):
    """One number from rewards [T]."""
    weights = discount ** np.arange(len(rewards))
    return (weights * rewards).sum() / weights.sum()


labs.check("9.5", leaderboard_reward)

# %% Exercise 9.6: how many product-periods do 80 steps of DirectBackprop use here?
product_periods = 80 * BATCH * HORIZON

labs.check("9.6", product_periods)

# %% Exercise 9.7: your letter
answer = "c"

labs.check("9.7", answer)
