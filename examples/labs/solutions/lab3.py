# %% Exercise 3.1: what is left of old and fresh units if the oldest are sold first
def left_oldest_first(old, fresh, demand):
    """What is left of each: (old, fresh)."""
    sold_old = min(old, demand)
    sold_fresh = min(fresh, demand - sold_old)
    return old - sold_old, fresh - sold_fresh


labs.check("3.1", left_oldest_first)


# %% Exercise 3.2: the same if the newest are sold first
def left_newest_first(old, fresh, demand):
    """What is left of each: (old, fresh)."""
    return left_oldest_first(fresh, old, demand)[::-1]


labs.check("3.2", left_newest_first)

# %% Exercise 3.3: the best levels for shelf life 1 and for a very long shelf life
level_of_one_day = demand_law.ppf((PRICE - COST) / (PRICE + OUTDATING))
level_of_lasting_goods = demand_law.ppf((PRICE - COST) / (PRICE + HOLDING - COST))

labs.check("3.3", (level_of_one_day, level_of_lasting_goods))

# %% Exercise 3.4: the best level for shelf life 2 among 0, 1, ..., 20
best_level = max(range(21), key=profit)

labs.check("3.4", best_level)

# %% Exercise 3.5: what percentage of the best level's profit does the naive level lose?
naive_loss = 100.0 * (1.0 - profit(level_of_lasting_goods) / profit(best_level))

labs.check("3.5", naive_loss)

# %% Exercise 3.6: your letter
answer = "b"

labs.check("3.6", answer)

# %% Exercise 3.7: by how many percent does the best profit fall, compared with oldest first?
oldest, newest = (
    shop_with(2, "poisson", issuing, 1.0).optimum().gain
    for issuing in ("oldest_first", "newest_first")
)
fall = 100.0 * (1.0 - newest / oldest)

labs.check("3.7", fall)
