#!/usr/bin/env python3
"""Draws images with the one-step generator of this folder: needs torch >= 2.1, safetensors and numpy.

    python generator.py --class 3 --count 8 --seed 0 --out images.png
    python generator.py --noise noise.npy --out images.npy      # noise [N, n, C], to compare with others

A program imports the last class of this file:

    model = ...ImageModel.from_pretrained(".")
    images = model(model.noise(4, seed=0), torch.tensor([3, 1, 4, 1]))    # [4, channels, H, W] in [0, 1]

Modules have the names of the official checkpoints, whose weights they read. The same noise and classes give
the images of AR-Distill itself, whose seeds make other noise than PyTorch's.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import math
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

Config = dict[str, Any]
Range = tuple[float, float]
EPSILON = 1e-6


def modulation(width: int, parts: int) -> nn.Sequential:
    """adaLN: `parts` of shift, scale and gate, side by side, from a condition [..., width]."""
    return nn.Sequential(nn.SiLU(), nn.Linear(width, parts * width))


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=EPSILON) * (1 + scale) + shift


class SequenceGenerator(nn.Module):
    """Makes whole sequences of noise: a kind of generator says how, a family by which modules."""

    noise_shape: tuple[int, int]  # [n, C]
    guidance: Range | None = None  # guidance scales that it takes
    step_counts: tuple[int, ...] = (1,)  # network evaluations that it can draw in

    def forward(self, noise: Tensor, labels: Tensor, guidance: Tensor | None = None) -> Tensor:
        """noise [B, n, C], labels [B] and guidance scales [B], where it takes some -> vectors [B, n, C]."""
        raise NotImplementedError

    def in_two(self, noise: Tensor, labels: Tensor) -> Tensor:
        """As `forward`, in two network evaluations, where `step_counts` has 2."""
        raise NotImplementedError


def group_norm(groups: int, channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(groups, channels, eps=EPSILON)


class ConvBlock(nn.Module):
    """`ResnetBlock` of taming-transformers, which the tokenizers of VAR and LlamaGen descend from."""

    def __init__(self, inputs: int, outputs: int, groups: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = group_norm(groups, inputs), group_norm(groups, outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.nin_shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return self.nin_shortcut(x) + hidden


class PixelAttention(nn.Module):
    """`AttnBlock` there: between all pixels, with one head; projections joined as `qkv`, or `q`, `k`, `v`."""

    def __init__(self, channels: int, groups: int, joined: bool) -> None:
        super().__init__()
        self.norm = group_norm(groups, channels)
        self.projections = ["qkv"] if joined else ["q", "k", "v"]
        for name in self.projections:
            self.add_module(name, nn.Conv2d(channels, 3 * channels // len(self.projections), 1))
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        normalized = self.norm(x)
        projected = torch.cat([self.get_submodule(name)(normalized) for name in self.projections], dim=1)
        q, k, v = (part.flatten(2).mT for part in projected.chunk(3, dim=1))
        return x + self.proj_out(F.scaled_dot_product_attention(q, k, v).mT.reshape(x.shape))


class DecoderNames(NamedTuple):
    """How a family of checkpoints names the layers of a decoder."""

    levels: str
    blocks: str
    middle: tuple[str, str, str]
    joined: bool  # projections of attention
    in_order: bool  # levels are numbered as they run, not from the full resolution down


class Decoder(nn.Module):
    """The convolutional decoder of both: latent [B, L, h, w] -> images [B, channels, H, W]."""

    def __init__(self, sizes: Config, latent_channels: int, names: DecoderNames) -> None:
        super().__init__()
        groups = sizes["groups"]
        widths = [sizes["baseChannels"] * factor for factor in sizes["channelMultipliers"]]
        channels = widths[-1]
        first, between, last = names.middle
        middle: dict[str, nn.Module] = {name: ConvBlock(channels, channels, groups) for name in (first, last)}
        if sizes["attention"]:
            middle[between] = PixelAttention(channels, groups, names.joined)
        self.conv_in = nn.Conv2d(latent_channels, channels, 3, padding=1)
        self.mid = nn.ModuleDict({name: middle[name] for name in names.middle if name in middle})
        levels: list[Any] = []
        for number, width in reversed(list(enumerate(widths))):
            inputs = [channels] + [width] * sizes["residualBlocks"]
            level: dict[str, nn.Module] = {names.blocks: nn.ModuleList(ConvBlock(one, width, groups) for one in inputs)}
            if sizes["attention"] and number == len(widths) - 1:
                level["attn"] = nn.ModuleList(PixelAttention(width, groups, names.joined) for _ in inputs)
            if number > 0:
                level["upsample"] = nn.ModuleDict({"conv": nn.Conv2d(width, width, 3, padding=1)})
            levels.append(nn.ModuleDict(level))
            channels = width
        self.add_module(names.levels, nn.ModuleList(levels if names.in_order else levels[::-1]))
        self.norm_out = group_norm(groups, channels)
        self.conv_out = nn.Conv2d(channels, sizes["imageChannels"], 3, padding=1)
        self.levels, self.blocks = levels, names.blocks  # in the order in which they run

    def forward(self, latent: Tensor) -> Tensor:
        x = self.conv_in(latent)
        for layer in self.mid.values():
            x = layer(x)
        for level in self.levels:
            attention = level["attn"] if "attn" in level else [nn.Identity()] * len(level[self.blocks])
            for block, attend in zip(level[self.blocks], attention, strict=True):
                x = attend(block(x))
            if "upsample" in level:
                x = level["upsample"]["conv"](F.interpolate(x, scale_factor=2, mode="nearest"))
        return self.conv_out(F.silu(self.norm_out(x)))


def sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


class ImageModel(nn.Module):
    """Generator and decoder of a family."""

    generator_class: type[Any]  # a SequenceGenerator, made of an architecture and a range of guidance scales
    tokenizer_class: type[Any]  # of an architecture: code vectors [B, n, C] -> images in [-1, 1], codes() [V, C]

    def __init__(
        self,
        architecture: Config,
        guidance: Range | None,
        guidance_scale: float | None,
        is_snapped: bool = False,
    ) -> None:
        super().__init__()
        self.generator: SequenceGenerator = self.generator_class(architecture, guidance)
        self.tokenizer = self.tokenizer_class(architecture)
        self.num_classes: int = architecture["numClasses"]
        self.guidance_scale = guidance_scale
        self.is_snapped = is_snapped

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> ImageModel:
        """The model of a directory; ValueError names a shard with another checksum, KeyError a missing tensor."""
        folder = Path(folder)
        config = json.loads((folder / "config.json").read_text())
        parts = {part["kind"]: part for part in config["components"]}
        stated = parts["generator"]["provenance"]
        scale = stated.get("guidanceScale")
        guidance = None if scale is None else (stated["lowestGuidance"], stated["highestGuidance"])
        model = cls(config["architecture"], guidance, scale, stated.get("decoding") == "codes")
        checksums = json.loads((folder / "model.safetensors.index.json").read_text())["metadata"]["sha256"]
        tensors: dict[str, Tensor] = {}
        for shard, checksum in checksums.items():
            if sha256(folder / shard) != checksum:
                raise ValueError(f"{folder / shard} is not what was exported: copy the folder again.")
            tensors.update(load_file(folder / shard))
        for kind, network in (("generator", model.generator), ("tokenizer", model.tokenizer)):
            # Where networks have different tensors of one name, the later network's have its prefix.
            prefix = parts[kind]["prefix"]
            names = {name: prefix + name if prefix + name in tensors else name for name in network.state_dict()}
            network.load_state_dict({name: tensors[stored] for name, stored in names.items()})
        return model.eval()

    def noise(self, count: int, seed: int) -> Tensor:
        """Standard normals [count, n, C]."""
        return torch.randn(count, *self.generator.noise_shape, generator=torch.Generator().manual_seed(seed))

    @torch.inference_mode()
    def forward(
        self,
        noise: Tensor,
        labels: Tensor,
        guidance: Tensor | None = None,
        snap: bool | None = None,
        steps: int = 1,
    ) -> Tensor:
        """noise [B, n, C], labels [B] and guidance scales [B] -> images [B, channels, H, W] in [0, 1].

        Without scales a generator that takes some has its teacher's. `snap` replaces every code vector by the
        nearest code, None where the model says so. `steps` are network evaluations; ValueError when it cannot draw in so many, or has no such class.
        """
        if ((labels < 0) | (labels >= self.num_classes)).any():
            raise ValueError(f"Classes are 0 to {self.num_classes - 1}.")
        counts = self.generator.step_counts
        if steps not in counts:
            raise ValueError(f"The steps of this generator are {' or '.join(map(str, counts))}, not {steps}.")
        if guidance is None and self.guidance_scale is not None:
            guidance = noise.new_full((len(noise),), self.guidance_scale)
        if steps == 2:
            vectors = self.generator.in_two(noise, labels)
        else:
            vectors = self.generator(noise, labels, guidance)
        if self.is_snapped if snap is None else snap:
            codes = self.tokenizer.codes()
            vectors = codes[(vectors @ codes.T - codes.square().sum(-1) / 2).argmax(-1)]
        return (self.tokenizer(vectors).clamp(-1, 1) + 1) / 2
