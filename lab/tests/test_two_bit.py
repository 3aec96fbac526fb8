import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="training tests need the [train] extra")

from torch import nn  # noqa: E402

from mm_lab.export.modules import TwoBitLinear  # noqa: E402
from mm_lab.export.onnx_files import Signature, export_graph  # noqa: E402
from mm_lab.quantize.matmul_nbits import pack_codes, unpack_weight  # noqa: E402
from mm_lab.quantize.two_bit import (  # noqa: E402
    GRIDS,
    INTEGER,
    Codes,
    Grid,
    TwoBit,
    best_scales,
    codes_of,
    levels_of,
    quantize_linears,
    scale_parameters,
)

BLOCK = 64


@pytest.fixture(params=GRIDS.values(), ids=lambda g: g.name)
def grid(request) -> Grid:
    return request.param


@pytest.fixture
def linear() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(256, 96)


def test_codes_are_packed_with_the_first_in_the_lowest_bits():
    codes = np.zeros((1, 64), np.uint8)
    codes[0, :5] = [1, 2, 3, 0, 2]
    assert pack_codes(codes, 64)[0, 0, :2].tolist() == [1 | 2 << 2 | 3 << 4, 2]


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_packed_codes_unpack_to_what_they_stand_for(bits: int):
    rng = np.random.default_rng(bits)
    codes = rng.integers(0, 2**bits, (3, 128)).astype(np.uint8)
    scales = rng.random((3, 2)).astype(np.float32)
    packed = pack_codes(codes, 64, bits)
    assert packed.nbytes == codes.size * bits // 8
    expected = (codes.astype(np.float32) - 2 ** (bits - 1)) * np.repeat(scales, 64, axis=1)
    np.testing.assert_array_equal(unpack_weight(packed, scales, bits), expected)


def test_saved_codes_stand_for_exactly_the_weight_that_was_trained(linear: nn.Linear, grid: Grid):
    quantize_linears(linear, grid, BLOCK, lambda _: True)
    codes = codes_of(linear)
    assert codes.codes.max() <= 3
    np.testing.assert_array_equal(codes.weight(), linear.weight.detach().numpy())


def test_one_runtime_matmul_equals_the_trained_linear(linear: nn.Linear, grid: Grid):
    x = np.random.default_rng(1).standard_normal((5, 256)).astype(np.float32)
    quantize_linears(linear, grid, BLOCK, lambda _: True)
    expected = linear(torch.from_numpy(x)).detach().numpy()
    got = run(codes_of(linear), linear.bias, x)
    # Level 4 rounds activations to 8 bits per block: half a per cent of the output's spread.
    assert np.abs(got - expected).max() < 0.02 * expected.std() * 2
    assert np.sqrt(np.square(got - expected).mean()) < 0.01 * expected.std()


def run(codes: Codes, bias, x: np.ndarray) -> np.ndarray:
    signature = Signature(("x",), ("y",), {}, (torch.from_numpy(x),))
    model = export_graph("linear", TwoBitLinear(codes, bias), signature)
    assert sum(node.op_type == "MatMulNBits" for node in model.graph.node) == 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


def test_the_line_search_beats_the_scale_that_reaches_the_largest_weight(grid: Grid):
    blocks = torch.randn(50, BLOCK, generator=torch.Generator().manual_seed(0))

    def error(scales) -> float:
        return (levels_of(blocks / scales, grid) * scales - blocks).square().mean().item()

    assert error(best_scales(blocks, grid)) < 0.9 * error(
        blocks.abs().amax(1, keepdim=True) / max(-grid.low, grid.high)
    )


def test_scales_learn_through_the_rounding(grid: Grid):
    torch.manual_seed(3)
    teacher, student = nn.Linear(128, 32), nn.Linear(128, 32)
    student.load_state_dict(teacher.state_dict())
    quantize_linears(student, grid, BLOCK, lambda _: True)
    scales = list(scale_parameters(student))
    x = torch.randn(256, 128)

    def loss():
        return (student(x) - teacher(x)).square().mean()

    found = loss().item()
    scales[0].data *= 1.8
    spoilt = loss().item()
    optimizer = torch.optim.Adam(scales, lr=1e-3)
    for _ in range(80):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss().item() - found < 0.3 * (spoilt - found)


def test_a_width_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="multiple"):
        TwoBit(torch.zeros(4, 96), INTEGER, BLOCK)
