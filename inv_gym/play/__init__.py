"""Playing a policy: what it sees, the loop over periods, the rollout, the evaluation."""
