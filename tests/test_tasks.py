"""A task binds problem and products, and a problem of your own is a full citizen."""

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import inv_gym
from inv_gym import LostSales, Perishable, Task, baselines, evaluate, make_source, rollout, task
from inv_gym.baselines.catalogue import Applicable, Entry, applicable
from inv_gym.baselines.exact import solve, upper_bound
from inv_gym.baselines.exact.states import state_space
from inv_gym.structure import properties
from inv_gym.structure.chains import Chain, Properties
from inv_gym.testing import check_environment, check_policy, check_problem

LEAD_TIME = "InvLostSalesLeadTime-v0"


def test_a_problem_given_to_gym_make_is_played_as_it_is():
    make = partial(gym.make, "InvPerishable-v0")
    assert make(problem=Perishable(shelf_life=7)).unwrapped.problem.shelf_life == 7
    assert make(problem=LostSales()).unwrapped.problem == LostSales()
    given = gym.make(LEAD_TIME, problem=LostSales(lead_time=2)).unwrapped.problem
    assert given == LostSales(lead_time=2)


def test_fields_beside_a_given_problem_are_applied_to_it():
    env = gym.make(LEAD_TIME, problem=LostSales(lead_time=2), horizon=7)
    assert env.unwrapped.problem == LostSales(lead_time=2, horizon=7)


def test_a_task_is_found_by_name_and_changed_by_keywords():
    played = task("InvPerishable-v0", shelf_life=2, products="poisson")
    assert played.problem == Perishable(shelf_life=2)
    assert played.source is make_source("poisson")
    assert played.reference == "searched base-stock (knows distribution)"
    assert task("zipkin2008-poisson5-p4-L4").known["optimal average cost"] == 4.73
    assert task(problem=LostSales(), products="poisson").problem == LostSales()


def test_a_change_of_the_problem_drops_the_figures_that_were_known_of_it():
    instance = task("zipkin2008-poisson5-p4-L4")
    assert instance.changed() is instance
    assert not instance.changed(lead_time=3).known
    assert not instance.changed(products="poisson").known
    assert task(LEAD_TIME, problem=Perishable()).reference is None


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("InvLostSale-v0",), ValueError, "unknown task 'InvLostSale-v0'; known: .* Did you mean"),
        ((), ValueError, "a task without a name needs a problem and products."),
    ],
)
def test_a_task_that_is_not_known_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        task(*arguments)


def test_what_is_no_problem_or_no_source_is_refused_with_its_value():
    with pytest.raises(TypeError, match="problem must be a Problem, got 'lost_sales'."):
        Task("lost_sales", "poisson")
    with pytest.raises(TypeError, match="products must be a name, a dict or a source, got 5; "):
        evaluate(LostSales(), {"a": None}, 5)
    with pytest.raises(TypeError, match="a problem needs products"):
        evaluate(LostSales(), {"a": None})
    with pytest.raises(ValueError, match="warm_up must be below the horizon 50, got 50."):
        Task(LostSales(), "poisson", warm_up=50)


def test_a_task_draws_each_role_from_its_own_source():
    played = Task(LostSales(), "poisson", training="continuous")
    assert played.source_for("training") is make_source("continuous")
    assert played.source_for("validation") is make_source("poisson")
    np.testing.assert_array_equal(
        played.draw(5, 3, "training").demand,
        inv_gym.draw_products(make_source("continuous"), LostSales(), 5, 3).demand,
    )
    with pytest.raises(ValueError, match="unknown role 'tests'; known: .* Did you mean 'test'?"):
        played.source_for("tests")


def test_gaps_are_to_the_reference_policy_of_the_task_wherever_it_stands():
    played = task("InvLostSales-v0", horizon=5)
    everyone = baselines.policies(played.problem)
    assert next(iter(everyone)) != played.reference
    result = evaluate(played, everyone, number=20)
    assert result.facts["reference"] == played.reference
    two = {name: everyone[name] for name in ("random orders", "base-stock")}
    with pytest.raises(ValueError, match="is not among the policies .*name another one with"):
        evaluate(played, two, number=5)
    assert evaluate(played, two, number=5, reference="base-stock").facts["reference"] == (
        "base-stock"
    )


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_the_reference_of_a_registered_task_is_that_of_the_catalogue(env_id):
    played = inv_gym.ENVIRONMENTS[env_id]
    assert played.reference == baselines.reference(played.problem)
    assert played.reference in baselines.policies(played.problem)


def test_the_warm_up_of_a_task_is_its_evaluations():
    instance = task("zipkin2008-poisson5-p4-L1")
    policy = {"constant": baselines.ConstantOrder(problem=instance.problem, quantity=4.0)}
    assert evaluate(instance, policy, number=5).facts["warm_up"] == 100


def test_a_rollout_of_a_task_is_that_of_its_problem_and_products():
    played = task("InvLostSales-v0", horizon=5)
    policy = baselines.policies(played.problem)["base-stock"]
    drawn = rollout(played, policy, number=8, seed=3).rewards
    np.testing.assert_array_equal(
        drawn, rollout(played.problem, policy, played.draw(8, seed=3)).rewards
    )


def test_an_unwanted_keyword_is_refused_in_words_that_torchrl_understands():
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'frameskip'"):
        gym.make("InvLostSales-v0", frameskip=4)


def test_the_vector_environment_tells_its_autoreset_mode():
    env = gym.make_vec("InvLostSales-v0", num_envs=2)
    assert env.unwrapped.autoreset_mode is env.unwrapped.metadata["autoreset_mode"]


def test_a_heuristic_plays_in_a_step_loop_with_the_plan_for_the_products_of_the_environment():
    env = gym.make("InvLostSales-v0", horizon=5)
    env.reset(seed=4)
    view = env.unwrapped
    policy = baselines.policies(view.problem)["base-stock (knows distribution)"]
    wanted = rollout(view.problem, policy, view.products).rewards[:, 0]
    planned = policy.plan(view.problem, view.products)
    got = [env.step(planned(view.observe())[0])[1] for _ in range(5)]
    np.testing.assert_allclose(got, wanted)


# ---------------------------------------------------------------- a problem of your own


@dataclass(frozen=True, kw_only=True)
class Markdown(LostSales):
    """Lost sales under another name: what is registered below makes it known everywhere."""


MINE = Task(
    Markdown(lead_time=1),
    make_source("poisson"),
    name="MyMarkdown-v0",
    title="a problem of my own",
    reference="order up to (knows distribution)",
)


@pytest.fixture(scope="module")
def registered():
    inv_gym.register(MINE)
    applicable.register(
        Markdown,
        lambda problem: Applicable(
            (Entry("order up to", baselines.BaseStock.closed_form, each_period=True),),
            "order up to",
        ),
    )
    state_space.register(Markdown, state_space.dispatch(LostSales))
    chain = Chain("order", (1.0,), ((0,), (1,)), "derived: as for lost sales")
    properties.register(Markdown, lambda problem: Properties((chain,), (), ""))
    yield MINE
    del inv_gym.ENVIRONMENTS[MINE.name]
    del gym.registry[MINE.name]


def test_my_problem_is_made_checked_and_found(registered):
    assert gym.make("MyMarkdown-v0").unwrapped.problem == MINE.problem
    assert gym.make_vec("MyMarkdown-v0", num_envs=3).unwrapped.problem == MINE.problem
    assert task("MyMarkdown-v0", lead_time=2).problem == Markdown(lead_time=2)
    check_environment("MyMarkdown-v0")
    check_problem(MINE.problem, MINE.source)


def test_my_problem_has_heuristics_a_reference_an_optimum_a_bound_and_structure(registered):
    policies = baselines.policies(MINE.problem)
    assert list(policies) == ["random orders", "order up to (knows distribution)", "order up to"]
    assert evaluate(MINE, policies, number=20).facts["reference"] == MINE.reference
    check_policy(policies["order up to"], MINE.problem, MINE.source)
    instance = task("zipkin2008-poisson5-p4-L1")
    costs = instance.problem.spec()
    product = instance.draw(1)
    distribution, economics = product.distribution, product.economics
    assert solve(Markdown(**costs), distribution, economics).gain == pytest.approx(
        solve(instance.problem, distribution, economics).gain
    )
    assert upper_bound(Markdown(**costs), distribution, economics).reward >= -4.1
    assert properties(MINE.problem).chains


def test_my_problem_is_trained_for_saved_and_loaded(registered, tmp_path):
    agents = pytest.importorskip("inv_gym.agents")
    config = agents.TrainingConfig(steps=2, batch=16, check_every=2, validation_products=16)
    agent = agents.DirectBackprop(MINE, config=config).fit()
    agent.save(tmp_path)
    loaded = agents.InventoryAgent.load(tmp_path)
    assert loaded.problem == MINE.problem
    assert agents.policies(MINE.problem) == {}
    products = MINE.draw(4)
    np.testing.assert_allclose(
        rollout(MINE, loaded, products).rewards, rollout(MINE, agent, products).rewards, rtol=1e-5
    )


def test_my_problem_is_a_stable_baselines_environment(registered):
    vec_env = pytest.importorskip("inv_gym.agents.sb3.vec_env")
    env = vec_env.SB3VecEnv(4, task="MyMarkdown-v0")
    env.reset()
    assert env.step(np.zeros((4, 1)))[1].shape == (4,)


def test_a_problem_that_is_not_registered_has_random_orders_alone():
    @dataclass(frozen=True, kw_only=True)
    class Unknown(inv_gym.Problem):
        Economics = LostSales.Economics
        lead_times = (0,)
        initial_state = transition = salvage = check_economics = None  # type: ignore[assignment]

    assert list(baselines.policies(Unknown())) == ["random orders"]
    assert baselines.reference(Unknown()) == "random orders"
    with pytest.raises(TypeError, match="no heuristics are registered for Unknown: register them"):
        applicable(Unknown())


def test_a_name_that_gymnasium_refuses_is_a_value_error():
    with pytest.raises(ValueError, match="Gymnasium refuses the name 'no id!'"):
        inv_gym.register(Task(inv_gym.LostSales(), "poisson", name="no id!"))


def test_the_same_task_may_be_registered_twice_and_another_one_under_its_name_may_not(registered):
    inv_gym.register(MINE)
    with pytest.raises(ValueError, match="another task is registered as 'MyMarkdown-v0'"):
        inv_gym.register(MINE.changed(lead_time=4))
    with pytest.raises(ValueError, match="a task needs a name"):
        inv_gym.register(Task(LostSales(), "poisson"))


# ---------------------------------------------------------------- one name in site-packages


def test_the_packages_have_one_name_and_no_other_package_called_agents_disturbs_it(tmp_path):
    root = Path(__file__).parents[1]
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "__init__.py").write_text("raise RuntimeError('another package')\n")
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import inv_gym.agents, inv_gym; "
        "print(json.dumps([inv_gym.agents.__name__, 'agents' in sys.modules]))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True,
        cwd=tmp_path,
    )  # fmt: skip
    assert json.loads(shown.stdout) == ["inv_gym.agents", False]
    from setuptools import find_packages

    assert {name.split(".")[0] for name in find_packages(str(root), include=["inv_gym*"])} == {
        "inv_gym"
    }
