"""Random small VAR networks of Distilled Decoding 1, and what the released code computes."""
import types

import torch
from torch import nn

from common import main, randomize, stand_in
from few_steps import few_steps
from official_sizes import var_sizes

stand_in('huggingface_hub', PyTorchModelHubMixin=type('PyTorchModelHubMixin', (), {}))
stand_in('torchvision')
stand_in('torchvision.utils', save_image=None)
if int(torch.__version__.split('.')[0]) < 2:
    # Older ones take 64-bit indices alone.
    torch.Tensor.int = torch.Tensor.long


def build(architecture, seed):
    from models.dd import DD_Model

    embedding = nn.Embedding(architecture['vocabSize'], architecture['channels'])
    randomize(embedding, seed)
    # All that the network takes from the tokenizer.
    tokenizer = types.SimpleNamespace(
        Cvae=architecture['channels'],
        vocab_size=architecture['vocabSize'],
        quantize=types.SimpleNamespace(embedding=embedding),
    )
    network = DD_Model(vae_local=tokenizer, **var_sizes(architecture))
    randomize(network, seed + 1)
    return network.eval(), embedding.weight.data


def run(configuration, generator):
    architecture, sampling = configuration['architecture'], configuration['sampling']
    batch = configuration['batchSize']
    network, codebook = build(architecture, configuration['seed'])
    labels = torch.randint(architecture['numClasses'], (batch,), generator=generator)
    shape = (batch, network.L - 1, architecture['channels'])

    def sequence(x, t):
        vectors, logits = network.final_predict(labels, x, t)
        return network.get_final_sequence(vectors, logits, sampling['vectorsFrom'])

    outputs = few_steps(
        torch.randn(shape, generator=generator),
        sampling['secondFrom'],
        network.perturb_data,
        lambda x, t: network(labels, x, t),
        sequence,
    )
    states = dict(network=network.state_dict(), codes={'quantize.embedding.weight': codebook})
    return states, dict(labels=labels, **outputs)


if __name__ == '__main__':
    main(run)
