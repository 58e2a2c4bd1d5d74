# %% Exercise 6.1: orders of a base-stock policy whose level is `level` periods of mean demand
def base_stock(observation, level):
    """Orders [products, 1], units."""
    missing = level * observation.scale - observation.state.inventory_position
    return missing.clamp(min=0)[:, None]


labs.check("6.1", base_stock)


# %% Exercise 6.2: the features of each product
def features(observation):
    """[products, 10]."""
    scale, state, history = observation.scale, observation.state, observation.history
    quantities = [state.on_hand, state.pipeline[0], history.mean(0), history.std(0)]
    money = sum(observation.economics)
    return torch.stack(
        [
            *(units / scale for units in quantities),
            scale.log() / 3,
            *(figure / money for figure in observation.economics),
        ],
        1,
    )


labs.check("6.2", features)


# %% Exercise 6.3: the order of the network
def order(network, observation):
    """Orders [products, 1], units; uses your features."""
    scale = observation.scale[:, None]
    position = observation.state.inventory_position[:, None] / scale
    return scale * (4.0 - position + network(features(observation))).clamp(min=0)


labs.check("6.3", order)


# %% Exercise 6.4: the training loop
def train(network, task, draw, steps):
    """Train the network, and return the losses of all steps."""
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    losses = []
    for step in range(steps):
        products = draw(step)
        policy = OnePolicy(lambda observation: order(network, observation))
        rollout = inv_gym.rollout(task, policy, products)
        loss = -(product_weights(products) * rollout.discounted_reward).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


labs.check("6.4", (train, order))

# %% Exercise 6.5: by how many percent does your network earn more than the base-stock policy?
gain = 100.0 * (rewards["your network"] / rewards["base-stock"] - 1.0)

labs.check("6.5", (gain, players["your network"]))

# %% Exercise 6.6: your letter
answer = "b"

labs.check("6.6", answer)
