"""The three graphs of the bundle, as modules with flat inputs and outputs.

``vision``   image (1,3,S,S) in [-1,1] -> embedding (1,E), picture_keys and picture_values (L,H,N,D)
``decoder``  tokens (B,T), start (1), past_keys and past_values (L,B,H,P,D), picture_keys, picture_values
             -> logits (B,V) after the last token, keys and values (L,B,H,P+T,D)
``text``     tokens (B,T), 0 = padding at the end -> embedding (B,E)

L decoder layers, H heads, D = width/H, N picture tokens, P cached positions.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from mm_lab.data.vocabulary import PAD
from mm_lab.export.modules import ByteEmbedding, joined, use_codes
from mm_lab.model.layers import Attention, DecoderBlock
from mm_lab.model.network import Network, pool_grid
from mm_lab.model.trunk import Trunk


class VisionGraph(nn.Module):
    """Everything about a photo that any task needs. ``classes`` computes the trunk's classifier in bytes."""

    def __init__(self, trunk: Trunk, network: Network, classes: ByteEmbedding | None = None) -> None:
        super().__init__()
        self.classes = classes
        self.trunk, self.network = trunk, network
        self.keys_values = joined([block.attend_picture.key_value for block in network.decoder_blocks()])

    def class_scores(self, features: Tensor) -> Tensor:
        """See Network.class_scores."""
        if self.classes is None:
            return self.network.class_scores(features)
        return self.classes.scores(features) + self.network.class_bias

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the module's text."""
        grid = self.trunk(image)
        config = self.network.config
        # (N, L*2*W) to two of (L,H,N,D): per layer the keys of all heads, then the values.
        memory = self.network.picture(grid, self.class_scores)
        pairs = self.keys_values(memory)[0].unflatten(-1, (config.layers, 2, config.heads, -1))
        keys, values = pairs.permute(2, 1, 3, 0, 4)
        return self.network.embed_pooled(pool_grid(grid)), keys, values


class DecoderGraph(nn.Module):
    """One step of the decoder, or a whole prefix."""

    def __init__(self, network: Network, table: ByteEmbedding) -> None:
        super().__init__()
        self.network, self.table = network, table

    def forward(
        self,
        tokens: Tensor,
        start: Tensor,
        past_keys: Tensor,
        past_values: Tensor,
        picture_keys: Tensor,
        picture_values: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See the module's text."""
        net = self.network
        length, past = tokens.shape[1], past_keys.shape[3]
        rows = start + torch.arange(length)
        x = self.table(tokens) * net.config.width**0.5 + net.position[rows]
        mask = torch.arange(past + length)[None, :] <= past + torch.arange(length)[:, None]
        keys, values = [], []
        for index, block in enumerate(net.decoder_blocks()):
            y = block.norm_self(x)
            key, value = block.attend_self.keys_values(y)
            key, value = torch.cat([past_keys[index], key], 2), torch.cat([past_values[index], value], 2)
            x = x + attend(block.attend_self, y, key, value, mask)
            x = _rest(block, x, picture_keys[index : index + 1], picture_values[index : index + 1])
            keys.append(key)
            values.append(value)
        logits = self.table.scores(net.norm(x[:, -1])) + net.output_bias
        return logits, torch.stack(keys), torch.stack(values)


class TextGraph(nn.Module):
    """The retrieval embedding of a text."""

    def __init__(self, network: Network, table: ByteEmbedding) -> None:
        super().__init__()
        self.network, self.table = network, table

    def forward(self, tokens: Tensor) -> Tensor:
        """See the module's text."""
        net = self.network
        real = tokens.ne(PAD)
        x = self.table(tokens) * net.config.width**0.5 + net.text_position[: tokens.shape[1]]
        for block in net.text_encoder_blocks():
            y = block.norm_self(x)
            key, value = block.attend_self.keys_values(y)
            x = x + attend(block.attend_self, y, key, value, real[:, None, None, :])
            x = x + block.feed_forward(block.norm_ff(x))
        weight = real.unsqueeze(-1).float()
        mean = (net.text_norm(x) * weight).sum(1) / weight.sum(1).clamp(min=1)
        return functional.normalize(net.text_out(mean), dim=-1)


def attend(layer: Attention, x: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Attention written out: the fused form exports to more nodes than it is worth."""
    query = layer.query(x).unflatten(-1, (layer.heads, -1)).transpose(1, 2)
    scores = query @ key.transpose(2, 3) / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    return layer.out((scores.softmax(-1) @ value).transpose(1, 2).flatten(2))


def _rest(block: DecoderBlock, x: Tensor, key: Tensor, value: Tensor) -> Tensor:
    # All rows belong to one photo: fold them into one, so that its keys are not copied.
    y = block.norm_cross(x)
    folded = y.reshape(1, -1, y.shape[-1])
    x = x + attend(block.attend_picture, folded, key, value, None).reshape(x.shape)
    return x + block.feed_forward(block.norm_ff(x))


def build_graphs(trunk: Trunk, network: Network) -> dict[str, nn.Module]:
    """The graphs by role, on codes where the network is two-bit. The network itself is left as it is."""
    network = copy.deepcopy(network).eval().cpu()
    table = ByteEmbedding(network.embedding.weight)
    classes = ByteEmbedding(network.class_weight) if network.config.class_tokens else None
    vision = VisionGraph(copy.deepcopy(trunk).eval().cpu(), network, classes)
    use_codes(network)
    return {
        "vision": vision,
        "decoder": DecoderGraph(network, table),
        "text": TextGraph(network, table),
    }
