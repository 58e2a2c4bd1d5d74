"""Compare with the optimum: a published instance, solved exactly, and how far rules are from it.

python examples/compare_with_the_optimum.py      (some seconds)
"""

import inv_gym
from inv_gym import baselines
from inv_gym.baselines.exact import follow, solve


def main() -> None:
    """Print the optimum of an instance of Zipkin (2008), and the gaps of two rules."""
    task = inv_gym.task("zipkin2008-poisson5-p4-L2")
    product = task.draw(1)
    distribution, economics = product.distribution, product.economics
    assert distribution is not None  # made-up products have a known distribution

    # Rewards are profits, so the average cost is minus the gain per period.
    gain = solve(task.problem, distribution, economics).gain
    assert gain is not None  # the instance has no discount
    optimum = -gain
    print(f"{task.name} ({task.citation.split(',')[0]})")
    print(f"optimal average cost: {optimum:.4f}, published {task.known['optimal average cost']}")

    rules = {
        "vector base-stock": baselines.VectorBaseStock.closed_form,
        "base-stock": baselines.BaseStock.closed_form,
    }
    for name, closed_form in rules.items():
        rule = closed_form(task.problem, distribution, economics)
        cost = -follow(task.problem, rule, distribution, economics).average()
        print(f"{name}: {cost:.4f}, {100.0 * (cost / optimum - 1.0):.1f} % over the optimum")


if __name__ == "__main__":
    main()
