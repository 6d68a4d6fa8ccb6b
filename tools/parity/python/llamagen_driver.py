"""Random small LlamaGen models of an official checkout, and what they compute."""
import contextlib
import types

import torch

import older_torch  # noqa: F401
from common import Nearest, gap, main, randomize, recording, stand_in
from official_sizes import llamagen_sizes

for name in ('torch._dynamo', 'torch._dynamo.config', 'torch._inductor', 'torch._inductor.config'):
    stand_in(name)


class OlderTorch:
    """`torch` as generate.py sees it: a device is a context, `sdp_kernel` exists, positions index."""

    int = torch.int64
    backends = types.SimpleNamespace(
        cuda=types.SimpleNamespace(sdp_kernel=lambda **_: contextlib.nullcontext())
    )

    def device(self, _):
        return contextlib.nullcontext()

    def __getattr__(self, name):
        return getattr(torch, name)


def build(architecture, seed):
    from autoregressive.models.gpt import ModelArgs, Transformer
    from tokenizer.tokenizer_image import vq_model

    sizes = architecture['tokenizer']
    multipliers = sizes['channelMultipliers']
    gpt = Transformer(ModelArgs(**llamagen_sizes(architecture)))
    vq = vq_model.VQModel(
        vq_model.ModelArgs(
            codebook_size=architecture['vocabSize'],
            codebook_embed_dim=architecture['channels'],
            encoder_ch_mult=multipliers,
            decoder_ch_mult=multipliers,
            z_channels=sizes['latentChannels'],
        )
    )
    # Its own encoder and decoder are 128 wide; these are the same classes with other sizes.
    stack = dict(
        ch=sizes['baseChannels'],
        ch_mult=multipliers,
        num_res_blocks=sizes['residualBlocks'],
        z_channels=sizes['latentChannels'],
    )
    colours = sizes['imageChannels']
    vq.encoder = vq_model.Encoder(in_channels=colours, **stack)
    vq.decoder = vq_model.Decoder(out_channels=colours, **stack)
    randomize(gpt, seed)
    randomize(vq, seed + 1)
    return gpt.eval(), vq.eval()


def forced_logits(gpt, tokens, labels):
    """After the class token and every token but the last: [B, n, V]."""
    return gpt(tokens[:, :-1], labels, torch.arange(tokens.shape[1]))[0]


def greedy_with_cache(gpt, labels, length, sampling, interval):
    import autoregressive.models.generate as generate

    if not hasattr(torch.device, '__enter__'):
        generate.torch = OlderTorch()
    gaps = []
    original = generate.sample

    def sample(logits, **options):
        gaps.append(gap(logits[:, -1, :], largest=True))
        return original(logits, **options)

    generate.sample = sample
    try:
        tokens = generate.generate(
            gpt,
            labels,
            length,
            cfg_scale=sampling['guidanceScale'],
            cfg_interval=interval,
            temperature=1.0,
            top_k=1,
            top_p=1.0,
            sample_logits=False,
        )
    finally:
        generate.sample = original
    return tokens, torch.stack(gaps, dim=1)


def greedy_without_cache(gpt, labels, length, sampling, interval):
    """
    The same by whole forward passes: the official cache has room for as many key heads as query
    heads, so it cannot hold grouped ones.
    """
    scale = sampling['guidanceScale']
    tokens = torch.zeros(labels.shape[0], length, dtype=torch.long)
    gaps = []
    for position in range(length):
        logits = forced_logits(gpt, tokens, labels)[:, position]
        if scale > 1 and not (-1 < interval < position - 1):
            other = forced_logits(gpt, tokens, torch.full_like(labels, gpt.num_classes))
            logits = other[:, position] + (logits - other[:, position]) * scale
        gaps.append(gap(logits, largest=True))
        tokens[:, position] = logits.argmax(-1)
    return tokens, torch.stack(gaps, dim=1)


def run(configuration, generator):
    from autoregressive.models.generate import logits_to_probs

    architecture, sampling = configuration['architecture'], configuration['sampling']
    batch, grid = configuration['batchSize'], architecture['gridSize']
    gpt, vq = build(architecture, configuration['seed'])
    # Before sampling adds caches.
    states = dict(gpt=gpt.state_dict(), vq=vq.state_dict())
    length, count = grid * grid, architecture['vocabSize']
    interval = architecture['guidanceInterval']

    labels = torch.randint(architecture['numClasses'], (batch,), generator=generator)
    nobody = torch.full_like(labels, architecture['numClasses'])
    tokens = torch.randint(count, (batch, length), generator=generator)
    conditional = forced_logits(gpt, tokens, labels)
    unconditional = forced_logits(gpt, tokens, nobody)

    # The distribution to sample from: guidance as in sampling, then the official truncation.
    guided = conditional.clone()
    scale = sampling['guidanceScale']
    for position in range(length):
        if scale > 1 and not (-1 < interval < position - 1):
            other = unconditional[:, position]
            guided[:, position] = other + (conditional[:, position] - other) * scale
    probabilities = logits_to_probs(
        guided.view(-1, count).clone(),
        temperature=sampling['temperature'],
        top_k=sampling['topK'],
        top_p=sampling['topP'],
    )

    side = architecture['tokenizer']['imageSize']
    colours = architecture['tokenizer']['imageChannels']
    images = torch.rand(batch, colours, side, side, generator=generator) * 2 - 1
    nearest = Nearest()
    with recording(torch, 'argmin', nearest):
        _, _, (_, _, encoded) = vq.encode(images)
    shape = (batch, architecture['channels'], grid, grid)
    quantized = vq.quantize.get_codebook_entry(tokens.view(-1), shape)

    grouped = architecture.get('keyValueHeads', architecture['heads']) != architecture['heads']
    greedy = greedy_without_cache if grouped else greedy_with_cache
    greedy_tokens, greedy_gaps = greedy(gpt, labels, length, sampling, interval)

    outputs = dict(
        labels=labels,
        tokens=tokens,
        freqs_cis=gpt.freqs_cis,
        logits_cond=conditional,
        logits_uncond=unconditional,
        trunc_probs=probabilities.view(batch, length, count),
        quantized_from_tokens=quantized,
        image_from_tokens=vq.decode_code(tokens.view(-1), shape),
        encode_image=images,
        encoder_features=vq.quant_conv(vq.encoder(images)),
        encode_tokens=encoded.view(batch, length),
        encode_gaps=nearest.gaps[0].view(batch, length),
        greedy_tokens=greedy_tokens,
        greedy_gaps=greedy_gaps,
        greedy_image=vq.decode_code(greedy_tokens.reshape(-1).long(), shape),
    )
    return states, outputs


if __name__ == '__main__':
    main(run)
