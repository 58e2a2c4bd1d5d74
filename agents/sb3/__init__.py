"""PPO and other algorithms of stable-baselines3 (needs the extra ``rl``)."""
