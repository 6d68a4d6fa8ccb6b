import * as tf from '@tensorflow/tfjs';
import type { Parameters } from '../parameters';
import { geluErf, geluTanh, silu } from './activations';
import { attention, blockCausalMask, earlierGroupsMask, mergeHeads, splitHeads } from './attention';
import { sampleCategorical } from './categorical';
import { conv2d, upsampleNearest2x } from './conv2d';
import { softmaxCrossEntropy } from './cross-entropy';
import { withoutGradient } from './custom-gradient';
import { groupNorm } from './group-norm';
import { l2Normalize, layerNorm, normalize } from './layer-norm';
import { linear } from './linear';

/** sin(step·i) in the given shape: the inputs of the PyTorch values below. */
function wave(step: number, shape: number[]): tf.Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tf.tensor(
    Float32Array.from({ length: count }, (_, i) => Math.sin(step * i)),
    shape,
  );
}

function expectClose(actual: tf.Tensor, expected: readonly number[] | tf.Tensor, digits = 5): void {
  const reference = expected instanceof tf.Tensor ? [...expected.dataSync()] : expected;
  const values = [...actual.dataSync()].slice(0, reference.length);
  expect(values.length).toBe(reference.length);
  values.forEach((value, i) => expect(value).toBeCloseTo(reference[i]!, digits));
}

/** The gradient of Σ f(x)·w by autodiff, against the same function written without custom gradients. */
function expectSameGradient(
  custom: (x: tf.Tensor) => tf.Tensor,
  plain: (x: tf.Tensor) => tf.Tensor,
  x: tf.Tensor,
): void {
  const weigh = (y: tf.Tensor): tf.Tensor => y.mul(wave(1.7, y.shape)).sum();
  expectClose(custom(x), plain(x), 4);
  expectClose(tf.grad((v) => weigh(custom(v)))(x), tf.grad((v) => weigh(plain(v)))(x), 4);
}

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

describe('activations', () => {
  it('are those of PyTorch', () => {
    const x = wave(0.9, [4, 6]).mul(3).slice(0, 1);
    expectClose(geluTanh(x), [0, 2.328291, 2.916893, 1.15383, -0.122583, -0.004494]);
    expectClose(geluErf(x), [0, 2.327921, 2.916455, 1.154058, -0.12235, -0.004929]);
  });

  it('have the gradients of their definitions', () => {
    const x = wave(0.37, [5, 7]).mul(4);
    expectSameGradient(silu, (v) => v.mul(v.sigmoid()), x);
    expectSameGradient(geluErf, (v) => v.mul(v.mul(Math.SQRT1_2).erf().add(1)).mul(0.5), x);
    expectSameGradient(
      geluTanh,
      (v) => {
        const inner = v.add(v.pow(3).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
        return v.mul(inner.tanh().add(1)).mul(0.5);
      },
      x,
    );
  });
});

describe('normalisations', () => {
  const meanAndVariance = (v: tf.Tensor, axes: number[]): tf.Tensor => {
    const { mean, variance } = tf.moments(v, axes, true);
    return v.sub(mean).div(variance.add(1e-6).sqrt());
  };

  it('LayerNorm and unit length have the gradients of their definitions', () => {
    const x = wave(0.83, [3, 4, 6]).mul(2).add(1);
    expectSameGradient(
      (v) => normalize(v, 1e-6),
      (v) => meanAndVariance(v, [2]),
      x,
    );
    expectSameGradient(l2Normalize, (v) => v.div(v.square().sum(-1, true).sqrt()), x);
    const parameters = { 'norm.weight': wave(0.4, [6]), 'norm.bias': wave(0.6, [6]) };
    const affine = normalize(x, 1e-6)
      .mul(wave(0.4, [6]))
      .add(wave(0.6, [6]));
    expectClose(layerNorm(parameters, 'norm', x), affine);
  });

  it('GroupNorm is that of PyTorch and has the gradient of its definition', () => {
    const parameters: Parameters = {
      'norm.weight': tf.tensor1d([1, 2, 3, 4]),
      'norm.bias': tf.tensor1d([0.1, 0.2, 0.3, 0.4]),
    };
    const images = wave(0.9, [2, 3, 3, 4]);
    expectClose(
      groupNorm(parameters, 'norm', images, 2),
      [0.152493, 2.544768, 4.353538, 2.644519, -0.48016, -2.490084, -3.221894, 0.270236],
    );
    for (const groups of [1, 2, 4]) {
      expectSameGradient(
        (v) => groupNorm(parameters, 'norm', v, groups),
        (v) =>
          meanAndVariance(v.reshape([2, 9, groups, 4 / groups]), [1, 3])
            .reshape([2, 3, 3, 4])
            .mul(parameters['norm.weight']!)
            .add(parameters['norm.bias']!),
        images,
      );
    }
    expect(() => groupNorm(parameters, 'norm', images, 3)).toThrow(/3 groups do not divide/);
  });
});

describe('linear and convolution', () => {
  it('reads the last axis with a weight [outputs, inputs]', () => {
    const parameters = { 'fc.weight': wave(0.5, [2, 3]), 'fc.bias': wave(0.3, [2]) };
    const x = wave(0.7, [2, 2, 3]);
    const expected = tf
      .matMul(x.reshape([4, 3]), parameters['fc.weight'].as2D(2, 3), false, true)
      .add(parameters['fc.bias']);
    const actual = linear(parameters, 'fc', x);
    expect(actual.shape).toEqual([2, 2, 2]);
    expectClose(actual, expected);
    expect(() => linear(parameters, 'fc', wave(1, [2, 4]))).toThrow(/cannot read \[2, 4\]/);
    expect(() => linear(parameters, 'other', x)).toThrow(/"other.weight" is missing/);
  });

  it('convolves as PyTorch does, with stride 1 and 2', () => {
    const parameters = {
      'conv.weight': wave(0.31, [2, 4, 3, 3]),
      'conv.bias': tf.tensor1d([0.5, -0.5]),
    };
    const image = wave(0.9, [1, 4, 4, 4]);
    expectClose(
      conv2d(parameters, 'conv', image),
      [0.360506, -0.515441, 1.199223, -0.425074, -0.158038, -0.312827],
    );
    expectClose(
      conv2d(parameters, 'conv', image, 2),
      [0.506555, -1.214709, 0.546752, -0.274227, 0.384231, 0.183464, 0.507234, -0.336424],
    );
  });

  it('reads a 1×1 kernel as a linear layer', () => {
    const parameters = {
      'conv.weight': wave(0.31, [2, 4, 1, 1]),
      'conv.bias': tf.tensor1d([0.5, -0.5]),
    };
    const image = wave(0.9, [2, 3, 3, 4]) as tf.Tensor4D;
    const filter = parameters['conv.weight'].transpose([2, 3, 1, 0]) as tf.Tensor4D;
    const expected = tf.conv2d(image, filter, 1, 'same').add(parameters['conv.bias']);
    expectClose(conv2d(parameters, 'conv', image), expected);
  });

  it('doubles pixels, and sums their gradients', () => {
    const x = wave(0.9, [2, 3, 2, 2]);
    expectSameGradient(
      upsampleNearest2x,
      (v) => {
        const columns = tf.stack([v, v], 3).reshape([2, 3, 4, 2]);
        return tf.stack([columns, columns], 2).reshape([2, 6, 4, 2]);
      },
      x,
    );
    const resized = tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [6, 4]);
    expectClose(upsampleNearest2x(x), resized);
  });
});

describe('attention', () => {
  it('splits heads and merges them back', () => {
    const x = wave(0.9, [2, 3, 4]);
    expect(splitHeads(x, 2).shape).toEqual([4, 3, 2]);
    expectClose(splitHeads(x, 2).slice([1], [1]), [...x.slice([0, 0, 2], [1, 3, 2]).dataSync()]);
    expectClose(mergeHeads(splitHeads(x, 2), 2), x);
  });

  it('gives hidden keys a weight of exactly zero', () => {
    const groups = [0, 1, 1];
    const q = wave(0.9, [1, 3, 2]);
    const k = wave(0.7, [1, 3, 2]);
    const mask = blockCausalMask(groups, groups);
    const first = attention(q, k, wave(0.3, [1, 3, 2]), { mask, scale: 0.5 });
    const spoiled = tf.tensor3d([
      [
        [0, Math.sin(0.3)],
        [1e6, 1e6],
        [1e6, 1e6],
      ],
    ]);
    const second = attention(q, k, spoiled, { mask, scale: 0.5 });
    expectClose(first.slice([0, 0], [1, 1]), [0, Math.sin(0.3)]);
    expectClose(second.slice([0, 0], [1, 1]), [0, Math.sin(0.3)]);
    // Inside a group every position sees the others.
    expect(second.slice([0, 1], [1, 1]).dataSync()[0]!).toBeGreaterThan(1e5);
  });

  it('hides the others of its group from a position, but not itself', () => {
    const hidden = earlierGroupsMask([0, 1, 1, 2]).less(0).arraySync();
    expect(hidden).toEqual([
      [
        [0, 1, 1, 1],
        [0, 0, 1, 1],
        [0, 1, 0, 1],
        [0, 0, 0, 0],
      ],
    ]);
  });
});

describe('cross-entropy', () => {
  it.each([0, 0.1])('is −Σ target·log-softmax, with its gradient, smoothing %s', (smoothing) => {
    const labels = tf.tensor1d([2, 0, 3], 'int32');
    const target = tf
      .oneHot(labels, 4)
      .toFloat()
      .mul(1 - smoothing)
      .add(smoothing / 4);
    expectSameGradient(
      (x) => softmaxCrossEntropy(x, labels, smoothing),
      (x) => tf.logSoftmax(x).mul(target).sum(1).neg(),
      wave(0.9, [3, 4]).mul(20),
    );
  });

  it('takes the probabilities of all classes', () => {
    const target = tf.softmax(wave(0.4, [3, 4]).mul(3));
    expectSameGradient(
      (x) => softmaxCrossEntropy(x, target),
      (x) => tf.logSoftmax(x).mul(target).sum(1).neg(),
      wave(0.9, [3, 4]).mul(20),
    );
  });
});

describe('a value without gradient', () => {
  it('is a constant of the loss', () => {
    const x = tf.tensor1d([1, 2, 3]);
    const gradient = tf.grad((v) => v.mul(withoutGradient(() => v.square())).sum())(x);
    expectClose(gradient, [1, 4, 9]);
  });

  it('may use kernels that have no gradient', () => {
    const table = tf.tensor2d([[1], [2], [3]]);
    const gradient = tf.grad((v) =>
      tf
        .gather(
          v,
          withoutGradient(() => v.squeeze([1]).argMax(0).expandDims(0)),
        )
        .sum(),
    )(table);
    expectClose(gradient, [0, 0, 1]);
  });
});

describe('categorical draws', () => {
  it('invert the distribution function', () => {
    const logProbs = tf.tensor2d([[0.2, 0.5, 0.3]]).log();
    const draw = (u: number): number =>
      sampleCategorical(logProbs, tf.tensor1d([u])).dataSync()[0]!;
    expect([0, 0.19, 0.21, 0.69, 0.71, 0.9999].map(draw)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('never draw what is excluded, at either end', () => {
    const largest = 1 - 2 ** -24;
    for (const excluded of [-Infinity, -1e9]) {
      const row = [excluded, excluded, ...new Array<number>(300).fill(0), excluded, excluded];
      const logProbs = tf.tensor2d([row, row, row]);
      const draws = sampleCategorical(logProbs, tf.tensor1d([0, 0.5, largest]));
      expect(draws.dtype).toBe('int32');
      const [first, , last] = draws.dataSync();
      expect(first).toBe(2);
      expect(last).toBe(301);
    }
  });
});
