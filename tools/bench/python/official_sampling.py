"""
Draws images with the official VAR or LlamaGen code, one per line that is read.

Arguments: family, checkout, transformer checkpoint, tokenizer checkpoint, task, threads. The task
"ar" is the official sampler with guidance; "one-step" is one full forward pass, which is what one
step costs, of a random sequence. Times are in milliseconds.
"""
import contextlib
import json
import os
import resource
import sys
import time

import torch

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../parity/python"))

CLASS = 7


def load(module, state):
    # Past an override that hands on an option which older versions of PyTorch lack.
    torch.nn.Module.load_state_dict(module, state)


def official_var(transformer, tokenizer):
    import var_driver  # noqa: F401  (stands in for packages that are missing)
    from models import build_vae_var

    vae, var = build_vae_var("cpu")
    load(vae, torch.load(tokenizer, map_location="cpu"))
    load(var, torch.load(transformer, map_location="cpu"))
    vae.eval(), var.eval()
    label = torch.tensor([CLASS])
    fhat_to_img = vae.fhat_to_img
    decode_time = []

    def timed(f_hat):
        started = time.perf_counter()
        image = fhat_to_img(f_hat)
        decode_time.append(time.perf_counter() - started)
        return image

    vae.fhat_to_img = timed

    def ar():
        var.autoregressive_infer_cfg(1, label, cfg=2.0, top_k=900, top_p=0.95)
        return decode_time[-1]

    def one_step():
        var(label, torch.randn(1, var.L - var.first_l, 32))
        vae.fhat_to_img(torch.randn(1, 32, 16, 16))
        return decode_time[-1]

    return {"ar": ar, "one-step": one_step}


def official_llamagen(transformer, tokenizer):
    import llamagen_driver  # What older versions of PyTorch lack.
    from autoregressive.models import generate
    from autoregressive.models.gpt import GPT_models
    from tokenizer.tokenizer_image.vq_model import VQ_models

    if not hasattr(torch.device, "__enter__"):
        generate.torch = llamagen_driver.OlderTorch()
    vq = VQ_models["VQ-16"](codebook_size=16384, codebook_embed_dim=8)
    load(vq, torch.load(tokenizer, map_location="cpu")["model"])
    gpt = GPT_models["GPT-L"](vocab_size=16384, block_size=256, num_classes=1000, cls_token_num=1)
    load(gpt, torch.load(transformer, map_location="cpu")["model"])
    vq.eval(), gpt.eval()
    label = torch.tensor([CLASS])

    def decode(tokens):
        started = time.perf_counter()
        vq.decode_code(tokens.reshape(-1).long(), (1, 8, 16, 16))
        return time.perf_counter() - started

    def ar():
        return decode(
            generate.generate(gpt, label, 256, cfg_scale=2.0, temperature=1.0, top_k=8000, top_p=1.0)
        )

    def one_step():
        tokens = torch.randint(16384, (1, 256))
        llamagen_driver.forced_logits(gpt, tokens, label)
        return decode(tokens)

    return {"ar": ar, "one-step": one_step}


def main(family, checkout, transformer, tokenizer, task, threads):
    sys.path.insert(0, checkout)
    torch.set_num_threads(int(threads))
    build = {"var": official_var, "llamagen": official_llamagen}[family]
    with torch.no_grad():
        # The official constructors print.
        with contextlib.redirect_stdout(sys.stderr):
            image = build(transformer, tokenizer)[task]
        print(json.dumps("ready"), flush=True)
        for command in map(str.strip, sys.stdin):
            if command == "image":
                started = time.perf_counter()
                decode = image()
                total = time.perf_counter() - started
                print(
                    json.dumps({"sequence": 1000 * (total - decode), "decode": 1000 * decode}),
                    flush=True,
                )
            elif command == "memory":
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                print(json.dumps(1024 * peak), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
