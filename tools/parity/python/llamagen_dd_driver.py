"""Random small LlamaGen networks of Distilled Decoding 1, and what the released code computes."""
import torch
import torch.nn.functional as F

import older_torch  # noqa: F401
from common import main, randomize
from few_steps import few_steps
from official_sizes import llamagen_sizes


def build(architecture, seed):
    from autoregressive.models.dd import DDTransformer, ModelArgs

    codes = torch.nn.Embedding(architecture['vocabSize'], architecture['channels'])
    randomize(codes, seed)
    network = DDTransformer(
        ModelArgs(
            **llamagen_sizes(architecture),
            codebook_dim=architecture['channels'],
            # As eval_fewstep.py gives it.
            codebook=F.normalize(codes.weight.data, p=2, dim=-1),
        )
    )
    randomize(network, seed + 1)
    return network.eval(), codes.weight.data


def run(configuration, generator):
    architecture, sampling = configuration['architecture'], configuration['sampling']
    batch = configuration['batchSize']
    network, codes = build(architecture, configuration['seed'])
    codebook = network.codebook
    labels = torch.randint(architecture['numClasses'], (batch,), generator=generator)
    shape = (batch, network.block_size, architecture['channels'])

    def sequence(x, t):
        nearest = (codebook[:, None, None, :] - x).square().sum(dim=-1).argmin(dim=0)
        predicted = network.final_predict(x_BLC=x, cond_idx=labels, timestep=t, idx=nearest)
        return network.get_final_x_BLC(predicted, sampling['vectorsFrom'])

    outputs = few_steps(
        torch.randn(shape, generator=generator),
        sampling['secondFrom'],
        network.perturb_data,
        lambda x, t: network(x, labels, t),
        sequence,
    )
    states = dict(network=network.state_dict(), codes={'quantize.embedding.weight': codes})
    return states, dict(labels=labels, **outputs)


if __name__ == '__main__':
    main(run)
