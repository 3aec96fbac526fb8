"""Channels taken out of the trunk: the right ones, made up for, and found again by whoever opens the model."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training tests need the [train] extra")
pytest.importorskip("timm")

from torch import Tensor, nn  # noqa: E402

from mm_lab.model.narrow import block_parts, block_width, expanding_blocks, keep_channels  # noqa: E402
from mm_lab.model.trunk import Trunk  # noqa: E402
from mm_lab.train.narrowing import GROUP, narrow_trunk  # noqa: E402

SIZE = 64


@pytest.fixture
def trunk() -> Trunk:
    return Trunk(0, SIZE)


@pytest.fixture(scope="module")
def narrowed() -> tuple[Trunk, dict[str, tuple[int, int]]]:
    """The same trunk with a seventh less arithmetic; tests look at it and leave it alone."""
    trunk = Trunk(0, SIZE)
    return trunk, narrow_trunk(trunk, views(1200), 0.15)


def views(count: int, seed: int = 1) -> list[np.ndarray]:
    """Smooth random pictures, so that neighbouring channels have something in common."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(-1, 1, (count, 3, 8, 8)).astype(np.float32)
    return list(coarse.repeat(SIZE // 8, 2).repeat(SIZE // 8, 3))


def macs(trunk: Trunk) -> int:
    """Of the blocks that widen, at the input size of the tests."""
    total = 0

    def count(module: nn.Module, _inputs: object, result: Tensor) -> None:
        nonlocal total
        assert isinstance(module, nn.Conv2d)
        total += result.numel() * module.weight[0].numel()

    hooks = [
        part.register_forward_hook(count)
        for _, block in expanding_blocks(trunk)
        for part in block.modules()
        if isinstance(part, nn.Conv2d)
    ]
    with torch.no_grad():
        trunk(torch.zeros(1, 3, SIZE, SIZE))
    for hook in hooks:
        hook.remove()
    return total


@torch.no_grad()
def grids(trunk: Trunk, pictures: list[np.ndarray]) -> Tensor:
    return trunk(torch.from_numpy(np.stack(pictures)))


@pytest.mark.parametrize("name", ["lower.1.0", "lower.3.1", "upper.1.0"])
def test_channels_that_do_nothing_go_without_a_trace(trunk: Trunk, name: str):
    block = dict(expanding_blocks(trunk))[name]
    width = block_width(block)
    idle = torch.arange(0, width, 3)
    block_parts(block).project.weight.data[:, idle] = 0
    before = grids(trunk, views(2))
    keep_channels(block, torch.tensor([c for c in range(width) if c % 3]))
    assert block_width(block) == width - len(idle)
    torch.testing.assert_close(grids(trunk, views(2)), before, rtol=1e-4, atol=1e-5)


def test_the_share_asked_for_is_saved_in_whole_groups(trunk: Trunk, narrowed: tuple):
    small, widths = narrowed
    assert 0.15 <= 1 - macs(small) / macs(trunk) < 0.17
    assert all((old - new) % GROUP == 0 for old, new in widths.values())
    found = {name: block_width(block) for name, block in expanding_blocks(small)}
    assert found == {name: new for name, (_, new) in widths.items()}


def test_what_is_left_makes_up_for_what_went(trunk: Trunk, narrowed: tuple):
    small, widths = narrowed
    unseen = views(16, seed=2)
    wanted = grids(trunk, unseen)
    for name, block in expanding_blocks(trunk):  # as many channels, those with the least weight, and nothing made up
        size = block_parts(block).project.weight.detach().square().sum((0, 2, 3))
        keep_channels(block, size.topk(widths[name][1]).indices.sort().values)
    error, plain_error = ((grids(t, unseen) - wanted).square().mean() for t in (small, trunk))
    assert error < 0.5 * plain_error


def test_a_narrowed_trunk_is_opened_with_its_widths(narrowed: tuple):
    small, _ = narrowed
    opened = Trunk(0, SIZE, pretrained=False)
    opened.load_tuned(small.state_dict())
    torch.testing.assert_close(grids(opened, views(2)), grids(small, views(2)), rtol=0, atol=0)


@pytest.mark.parametrize("share", [0, -0.1, 0.4, float("nan")])
def test_a_share_that_makes_no_sense_is_refused(trunk: Trunk, share: float):
    with pytest.raises(ValueError, match=r"between 0 and 0\.4"):
        narrow_trunk(trunk, views(1), share)


def test_too_few_photos_are_refused(trunk: Trunk):
    with pytest.raises(ValueError, match="set --photos higher"):
        narrow_trunk(trunk, views(1), 0.1)


def test_blocks_that_have_no_more_to_give_are_left_as_they_are(trunk: Trunk):
    for _, block in expanding_blocks(trunk):
        keep_channels(block, torch.arange(GROUP))
    with pytest.raises(ValueError, match="set --share lower"):
        narrow_trunk(trunk, views(16), 0.1)
    assert {block_width(block) for _, block in expanding_blocks(trunk)} == {GROUP}
