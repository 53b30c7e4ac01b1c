import torch

from vitrina.models.projection import Projection
from vitrina.models.towers import States


def states(rows: int, *, tokens: int = 5, width: int = 6, seed: int = 0) -> States:
    normed = 10 * torch.randn(rows, tokens, width, generator=torch.Generator().manual_seed(seed)) + 3.0
    return States(hidden=normed, normed=normed)


def projection(**settings: str) -> Projection:
    torch.manual_seed(0)
    return Projection(6, dimensions=4, **({"pooling": "mean", "spread": "standardised"} | settings))


def test_in_training_every_channel_has_mean_zero_and_deviation_one():
    vectors = projection()(states(64))
    torch.testing.assert_close(vectors.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(vectors.std(0, correction=0), torch.ones(4), atol=1e-2, rtol=0)


def test_in_evaluation_a_row_does_not_depend_on_its_neighbours():
    model = projection()
    model(states(64))
    model.eval()
    many = states(8, seed=1)
    alone = States(many.hidden[:1], many.normed[:1])
    torch.testing.assert_close(model(many)[:1], model(alone))


def test_the_running_moments_approach_those_of_the_data():
    model = projection()
    for _ in range(200):
        model(states(256, seed=2))
    trained = model(states(256, seed=2))
    torch.testing.assert_close(model.eval()(states(256, seed=2)), trained, atol=1e-3, rtol=1e-3)


def test_one_linear_map_answers_as_the_projection_does():
    for spread in ("free", "standardised"):
        model = projection(pooling="cls", spread=spread)
        model(states(64))
        model.eval()
        some = states(8, seed=1)
        torch.testing.assert_close(model.merged()(some.normed[:, 0]), model(some), atol=1e-5, rtol=1e-5)


def test_the_mean_leaves_out_cls_and_padding():
    model = projection(spread="free")
    some = states(3)
    is_token = torch.tensor([[True] * 5, [True, True, True, False, False], [True, True, False, False, False]])
    changed = some.normed.clone()
    changed[:, 0] += 100
    changed[~is_token] += 100
    torch.testing.assert_close(
        model(States(changed, changed), is_token=is_token), model(some, is_token=is_token), atol=1e-5, rtol=1e-5
    )


def test_the_moments_give_gradients_to_every_row():
    model, some = projection(), states(16)
    some.normed.requires_grad_()
    model(some)[0].sum().backward()
    assert some.normed.grad is not None and some.normed.grad[1:].abs().sum() > 0
