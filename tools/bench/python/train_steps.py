"""The training steps of tools/bench in eager PyTorch.

usage: train_steps.py FOLDER     (model.json and arrays.bin, as written by pytorch-side.ts)

Reads commands from stdin, one a line: `step` trains once and prints its time and loss, `memory`
prints the peak of the resident memory in bytes.
"""

import json
import os
import resource
import sys
import time

import torch
import torch.nn.functional as F

TYPES = {"float32": torch.float32, "int32": torch.int32}


def load(folder):
    with open(os.path.join(folder, "model.json")) as file:
        model = json.load(file)
    with open(os.path.join(folder, "arrays.bin"), "rb") as file:
        buffer = bytearray(file.read())
    groups = {"parameters": {}, "batch": {}}
    offset = 0
    for array in model["arrays"]:
        count = 1
        for size in array["shape"]:
            count *= size
        values = torch.frombuffer(
            buffer, dtype=TYPES[array["dtype"]], count=count, offset=offset
        )
        groups[array["group"]][array["name"]] = values.reshape(array["shape"]).clone()
        offset += 4 * count
    return model, groups["parameters"], groups["batch"]


def attend(q, k, v, mask, scale):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale)
    scores = (q * scale) @ k.transpose(-2, -1) + mask
    return torch.softmax(scores, dim=-1) @ v


def transformer(model, batch):
    """Pre-norm transformer with a block-causal mask and the mean cross-entropy."""
    scale_of_token = torch.tensor(model["scaleOfToken"])
    mask = torch.zeros(len(scale_of_token), len(scale_of_token))
    mask.masked_fill_(scale_of_token[None, :] > scale_of_token[:, None], float("-inf"))
    data = batch["data"]
    labels, targets = batch["labels"].long(), batch["targets"].long()
    heads = model["heads"]

    def loss(p):
        def linear(name, x):
            return F.linear(x, p[name + ".weight"], p[name + ".bias"])

        def norm(name, x):
            weight, bias = p[name + ".weight"], p[name + ".bias"]
            return F.layer_norm(x, x.shape[-1:], weight, bias, 1e-6)

        x = linear("embedding", data) + p["position"]
        x = x + F.embedding(labels, p["class"])[:, None]
        rows, length, width = x.shape
        for i in range(model["depth"]):
            at = f"blocks.{i}."
            qkv = linear(at + "qkv", norm(at + "norm1", x))
            qkv = qkv.view(rows, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            q, k, v = qkv.unbind(0)
            attended = attend(q, k, v, mask, (width // heads) ** -0.5)
            attended = attended.transpose(1, 2).reshape(rows, length, width)
            x = x + linear(at + "proj", attended)
            hidden = linear(at + "fc1", norm(at + "norm2", x))
            x = x + linear(at + "fc2", F.gelu(hidden, approximate="tanh"))
        logits = linear("head", norm("norm", x))
        return F.cross_entropy(logits.flatten(0, 1), targets)

    return loss


def autoencoder(model, batch):
    """Convolutional autoencoder with the mean squared error."""
    images = batch["images"].permute(0, 3, 1, 2).contiguous()

    def loss(p):
        def conv(name, x, stride=1):
            weight, bias = p[name + ".weight"], p[name + ".bias"]
            if stride == 2:
                return F.conv2d(F.pad(x, (0, 1, 0, 1)), weight, bias, stride=2)
            return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)

        def layer(name, x, stride=1):
            return F.silu(conv(name, x, stride))

        features = layer("down2", layer("down1", layer("in", images), 2), 2)
        x = layer("decode", conv("encode", features))
        x = layer("up1", F.interpolate(x, scale_factor=2, mode="nearest"))
        x = layer("up2", F.interpolate(x, scale_factor=2, mode="nearest"))
        return F.mse_loss(conv("out", x), images)

    return loss


KINDS = {"transformer": transformer, "autoencoder": autoencoder}


def main(folder):
    model, parameters, batch = load(folder)
    torch.set_num_threads(model["threads"])
    settings = model["optimizer"]
    for value in parameters.values():
        value.requires_grad_()
    optimizer = torch.optim.AdamW(
        parameters.values(),
        lr=settings["learningRate"],
        betas=(settings["beta1"], settings["beta2"]),
        weight_decay=settings["weightDecay"],
    )
    compute_loss = KINDS[model["kind"]](model, batch)
    print(json.dumps("ready"), flush=True)
    for command in map(str.strip, sys.stdin):
        if command == "step":
            started = time.perf_counter()
            optimizer.zero_grad(set_to_none=True)
            loss = compute_loss(parameters)
            loss.backward()
            optimizer.step()
            milliseconds = 1000 * (time.perf_counter() - started)
            print(json.dumps({"milliseconds": milliseconds, "loss": loss.item()}), flush=True)
        elif command == "memory":
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print(json.dumps(1024 * peak), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
