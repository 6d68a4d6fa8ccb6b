"""What the drivers of both families share: arguments, random weights, recordings, files."""
import contextlib
import json
import struct
import sys
import types

import torch
from torch import nn


def stand_in(name, **members):
    """Makes `import name` give an object with these members, unless the module can be imported."""
    try:
        __import__(name)
        return
    except ImportError:
        pass
    module = types.ModuleType(name)
    for member, value in members.items():
        setattr(module, member, value)
    sys.modules[name] = module
    parent, _, child = name.rpartition('.')
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)


def randomize(module, seed):
    """
    Random values in every parameter, so large that no term drowns: zeros and ones, which the
    constructors leave in biases, norms and output layers, would hide differences.
    """
    generator = torch.Generator().manual_seed(seed)

    def normal(parameter, std, mean=0.0):
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data.copy_(noise * std + mean)

    done = set()
    for part in module.modules():
        own = dict(part.named_parameters(recurse=False))
        if isinstance(part, nn.Embedding):
            normal(part.weight, 1.0)
        elif isinstance(part, (nn.Linear, nn.Conv2d)):
            normal(part.weight, part.weight[0].numel() ** -0.5)
            if part.bias is not None:
                normal(part.bias, 0.1)
        else:
            for name, parameter in own.items():
                if name == 'scale_mul_1H11':
                    # Some heads reach the upper limit.
                    normal(parameter, 1.5, 1.4)
                elif name == 'weight':
                    normal(parameter, 0.1, 1.0)
                else:
                    normal(parameter, 0.3)
        done.update(map(id, own.values()))
    assert all(id(parameter) in done for parameter in module.parameters())


@contextlib.contextmanager
def recording(owner, name, record):
    """Calls `record(result, *arguments)` after every call of `owner.name`."""
    original = getattr(owner, name)

    def wrapper(*arguments, **options):
        result = original(*arguments, **options)
        record(result, *arguments)
        return result

    setattr(owner, name, wrapper)
    try:
        yield
    finally:
        setattr(owner, name, original)


def gap(values, largest):
    """How far the best of the last axis is ahead of the second, as a share of the largest value."""
    best = torch.topk(values.float(), 2, dim=-1, largest=largest)[0]
    return (best[..., 0] - best[..., 1]).abs() / values.abs().max()


class Nearest:
    """Gaps of the distances among which a quantiser chose, one per argmin."""

    def __init__(self):
        self.gaps = []

    def __call__(self, _result, distances, *_):
        self.gaps.append(gap(distances, largest=False))


def write_safetensors(path, arrays):
    """float32 and int32 arrays in the safetensors format."""
    header, chunks, offset = {}, [], 0
    for name, array in arrays.items():
        integer = not array.dtype.is_floating_point
        array = array.detach().to(torch.int32 if integer else torch.float32).contiguous()
        data = array.numpy().tobytes()
        header[name] = {
            'dtype': 'I32' if integer else 'F32',
            'shape': list(array.shape),
            'data_offsets': [offset, offset + len(data)],
        }
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text)
        file.writelines(chunks)


def main(run):
    """
    Arguments: the checkout and the folder with `configurations.json`. For configuration i, `run`
    returns state dicts by file name and the output arrays; they go to `i-name.pth` and
    `i-outputs.safetensors`. A line per configuration tells the caller that it is there.
    """
    checkout, folder = sys.argv[1:3]
    sys.path.insert(0, checkout)
    torch.set_num_threads(1)
    with open(f'{folder}/configurations.json') as file:
        configurations = json.load(file)
    for index, configuration in enumerate(configurations):
        generator = torch.Generator().manual_seed(configuration['seed'])
        torch.manual_seed(configuration['seed'])
        # The official constructors print.
        with torch.no_grad(), contextlib.redirect_stdout(sys.stderr):
            states, outputs = run(configuration, generator)
        for name, state in states.items():
            torch.save(state, f'{folder}/{index}-{name}.pth')
        write_safetensors(f'{folder}/{index}-outputs.safetensors', outputs)
        print(index, flush=True)
