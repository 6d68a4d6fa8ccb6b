"""Sampling of Distilled Decoding 1 in two evaluations, whichever family the network is of."""
import torch

from common import gap


def few_steps(noise, second_from, perturb, forward, sequence):
    """
    As sample.py and eval_fewstep.py: from noise alone, then with the AR steps before `second_from`
    kept. `forward(x, t)` gives vectors and logits, `sequence(x, t)` what is sampled from them.
    """
    outputs, x = {}, noise
    for name, start in (('first', 0), ('second', second_from)):
        t = torch.full([noise.shape[0]], float(start))
        x = perturb(x, t, noise)
        vectors, logits = forward(x, t)
        outputs[f'{name}_input'] = x
        outputs[f'{name}_logits'] = logits
        outputs[f'{name}_vectors'] = vectors
        outputs[f'{name}_tokens'] = logits.argmax(dim=-1)
        outputs[f'{name}_gaps'] = gap(logits, largest=True)
        x = outputs[f'{name}_sequence'] = sequence(x, t)
    return outputs
