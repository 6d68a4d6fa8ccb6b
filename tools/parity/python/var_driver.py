"""Random small VAR models of an official checkout, and what they compute."""
import torch

from common import Nearest, gap, main, randomize, recording, stand_in
from official_sizes import var_sizes

stand_in('huggingface_hub', PyTorchModelHubMixin=type('PyTorchModelHubMixin', (), {}))


def build(architecture, seed):
    from models.basic_vae import Decoder, Encoder
    from models.var import VAR
    from models.vqvae import VQVAE

    sizes = architecture['tokenizer']
    channels, patch_nums = architecture['channels'], tuple(architecture['patchNums'])
    phi = architecture['phi']
    vae = VQVAE(
        vocab_size=architecture['vocabSize'],
        z_channels=channels,
        ch=32,
        quant_resi=phi['ratio'],
        share_quant_resi=phi['layers'],
        v_patch_nums=patch_nums,
        test_mode=False,
    )
    # Its own encoder and decoder have five levels; these are the same classes with other sizes.
    stack = dict(
        ch=sizes['baseChannels'],
        ch_mult=tuple(sizes['channelMultipliers']),
        num_res_blocks=sizes['residualBlocks'],
        in_channels=sizes['imageChannels'],
        z_channels=channels,
        using_sa=sizes['attention'],
        using_mid_sa=sizes['attention'],
    )
    vae.encoder, vae.decoder = Encoder(**stack), Decoder(**stack)
    var = VAR(vae_local=vae, cond_drop_rate=0.0, **var_sizes(architecture))
    randomize(vae, seed)
    randomize(var, seed + 1)
    return vae.eval(), var.eval()


def run(configuration, generator):
    import models.var as var_module
    from models.helpers import sample_with_top_k_top_p_

    architecture, sampling = configuration['architecture'], configuration['sampling']
    batch, patch_nums = configuration['batchSize'], architecture['patchNums']
    vae, var = build(architecture, configuration['seed'])
    states = dict(vae=vae.state_dict(), var=var.state_dict())
    lengths = [side * side for side in patch_nums]
    count = architecture['vocabSize']

    labels = torch.randint(architecture['numClasses'], (batch,), generator=generator)
    nobody = torch.full_like(labels, architecture['numClasses'])
    tokens = torch.randint(count, (batch, sum(lengths)), generator=generator)
    scales = list(tokens.split(lengths, dim=1))
    teacher_input = vae.quantize.idxBl_to_var_input(scales)
    conditional = var(labels, teacher_input)
    unconditional = var(nobody, teacher_input)
    codes = [
        vae.quantize.embedding(scale).transpose(1, 2).reshape(batch, -1, side, side)
        for scale, side in zip(scales, patch_nums)
    ]

    # The distribution to sample from: guidance as in sampling, then the official truncation.
    steps = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    ratio = (sampling['guidanceScale'] * steps / (len(lengths) - 1)).view(1, -1, 1)
    guided = (1 + ratio) * conditional - ratio * unconditional
    probabilities = []
    with recording(torch, 'multinomial', lambda _result, given, *_: probabilities.append(given)):
        sample_with_top_k_top_p_(
            guided.clone(),
            top_k=sampling['topK'],
            top_p=sampling['topP'] if sampling['topP'] < 1 else 0.0,
        )

    side = architecture['tokenizer']['imageSize']
    colours = architecture['tokenizer']['imageChannels']
    images = torch.rand(batch, colours, side, side, generator=generator) * 2 - 1
    features = vae.quant_conv(vae.encoder(images))
    nearest = Nearest()
    with recording(torch, 'argmin', nearest):
        encoded = torch.cat(vae.img_to_idxBl(images), dim=1)

    greedy, gaps = [], []

    def sample(logits, **options):
        gaps.append(gap(logits, largest=True))
        drawn = sample_with_top_k_top_p_(logits, **options)
        greedy.append(drawn[:, :, 0])
        return drawn

    var_module.sample_with_top_k_top_p_ = sample
    image = var.autoregressive_infer_cfg(
        batch, labels, g_seed=0, cfg=sampling['guidanceScale'], top_k=1, top_p=0.0
    )

    outputs = dict(
        labels=labels,
        tokens=tokens,
        teacher_input=teacher_input,
        logits_cond=conditional,
        logits_uncond=unconditional,
        trunc_probs=probabilities[0].view(batch, -1, count),
        f_hat=vae.quantize.embed_to_fhat(codes, last_one=True),
        image_from_tokens=vae.idxBl_to_img(scales, same_shape=True, last_one=True),
        encode_image=images,
        encoder_features=features,
        encode_tokens=encoded,
        encode_gaps=torch.cat([own.view(batch, -1) for own in nearest.gaps], dim=1),
        greedy_tokens=torch.cat(greedy, dim=1),
        greedy_gaps=torch.cat(gaps, dim=1),
        greedy_image=image,
    )
    return states, outputs


if __name__ == '__main__':
    main(run)
