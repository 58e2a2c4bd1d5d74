# %% Exercise 7.1: the slopes of an order function
def slopes(order, states):
    """[N, n] for states [N, n]; `order` takes states and gives orders [N]."""
    states = states.detach().requires_grad_()
    return torch.autograd.grad(order(states).sum(), states, create_graph=True)[0]


labs.check("7.1", slopes)


# %% Exercise 7.2: the penalty
def penalty(g):
    """One number for slopes g [N, n]."""
    ends = g[:, 0].relu() ** 2 + (-1.0 - g[:, -1]).relu() ** 2
    order = (g[:, 1:] - g[:, :-1]).relu() ** 2
    return (ends + order.sum(1)).mean()


labs.check("7.2", penalty)


# %% Exercise 7.3: slopes that keep the chain
def ordered_slopes(z):
    """[N, n] slopes with 0 >= g_0 >= g_1 >= ... >= -1, from any numbers z [N, n]."""
    return -torch.cumprod(torch.sigmoid(z), 1).flip(1)


labs.check("7.3", ordered_slopes)

# %% Exercise 7.4: in how many percent of the states does the plain network break the chain?
plain = trained["DirectBackprop"]
share = 100.0 * violations(task5.problem, plain, products5, states5).share()

labs.check("7.4", share)

# %% Exercise 7.5: your letter
answer = "b"

labs.check("7.5", answer)


# %% Exercise 7.6: the loss of a structure-informed network
def loss_of(policy, products, wide, weight):
    """Minus the weighted reward, plus weight times the penalty in the states `wide` [N, 2]."""
    reward = inv_gym.rollout(problem, policy, products).discounted_reward
    g = slopes(lambda states: free_order(policy, products, states), wide)
    return -(product_weights(products) * reward).mean() + weight * penalty(g)


labs.check("7.6", (loss_of, Networked))
