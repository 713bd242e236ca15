"""What every trainable module of the house keeps, whatever it computes. torch loads when used."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from torch import Tensor, nn

    Build = Callable[[], nn.Module]
    Run = Callable[[nn.Module, Tensor], Tensor]


def noise(*shape: int, seed: int = 0) -> "Tensor":
    """Draw values between 0 and 1 that are the same in every run."""
    import torch

    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def seeded(build: "Build") -> "nn.Module":
    """Build a module after seeding torch, leaving the caller's random state alone."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build()


def assert_gradients_reach_every_parameter(
    module: "nn.Module", run: "Run", given: "Tensor"
) -> None:
    """Run forward and backward once, in training mode."""
    import torch

    output = run(module.train(), given)
    (output * noise(*output.shape, seed=7)).sum().backward()
    trained = [(name, one) for name, one in module.named_parameters() if one.requires_grad]
    gradients = {name: one.grad for name, one in trained if one.grad is not None}
    unreached = [name for name, _ in trained if name not in gradients]
    assert trained, "no parameter requires a gradient"
    assert not unreached, f"no gradient reaches {unreached}; use them, or set requires_grad=False"
    wild = [name for name, one in gradients.items() if not bool(torch.isfinite(one).all())]
    assert not wild, f"the gradient of {wild} is not finite"


def assert_weights_survive_a_file(build: "Build", run: "Run", given: "Tensor") -> None:
    """Save one module as a run does, load the file into a second one, compare what they compute."""
    import torch
    from safetensors import torch as safetensors

    first, second = build().eval(), build().eval()
    with torch.no_grad():
        for parameter in second.parameters():
            parameter.add_(1.0)  # lest equal outputs come from equal initial weights
        stored = {name: value.contiguous() for name, value in first.state_dict().items()}
        second.load_state_dict(safetensors.load(safetensors.save(stored)), strict=True)
        torch.testing.assert_close(run(second, given), run(first, given), rtol=0, atol=0)


def assert_a_seed_settles_the_weights(build: "Build") -> None:
    """Build twice from the same seed and compare every weight."""
    import torch

    first, second = seeded(build).state_dict(), seeded(build).state_dict()
    differing = [name for name, value in first.items() if not torch.equal(value, second[name])]
    assert not differing, f"{differing} differ between two builds from one seed"


def assert_each_sample_is_treated_alone(module: "nn.Module", run: "Run", given: "Tensor") -> None:
    """Compare a batch with its samples one by one, in evaluation mode."""
    import torch

    with torch.no_grad():
        together = run(module.eval(), given)
        alone = torch.cat([run(module, sample[None]) for sample in given])
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4)


def assert_probability_maps(heatmaps: "Tensor") -> None:
    """Check that the last two axes hold maps that are not negative and sum to 1."""
    import torch

    assert bool(torch.isfinite(heatmaps).all()), "heatmaps are not finite"
    assert float(heatmaps.min()) >= 0, "heatmaps have negative cells"
    sums = heatmaps.sum(dim=(-2, -1))
    torch.testing.assert_close(sums, torch.ones_like(sums), rtol=0, atol=1e-3)


def skip_without_gpu() -> None:
    """Skip the running test where there is no CUDA device, with the reason."""
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
