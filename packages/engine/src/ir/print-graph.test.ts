import * as tf from '@tensorflow/tfjs';
import { floats } from '../../test-support/arrays';
import { trace } from '../trace/trace';
import { printGraph } from './print-graph';

tf.enableProdMode();

test('a graph as text', () => {
  const graph = trace(
    'update',
    ({ state: { weight }, constants: { mean }, inputs: { x } }) => {
      const loss = (w: tf.Tensor): tf.Scalar => x!.sub(mean!).matMul(w).softmax().square().mean();
      const { value, grad } = tf.valueAndGrad(loss)(weight!);
      const unused = x!.exp();
      return {
        state: { weight: weight!.sub(grad.mul(0.1)) },
        outputs: { loss: value, ones: unused.onesLike(), top: x!.slice([0, 1], [2, 2]).argMax(1) },
      };
    },
    {
      state: { weight: { shape: [3, 4], dtype: 'float32' } },
      constants: { mean: floats([3], 0.1, 0.2, 0.3) },
      inputs: { x: { shape: [2, 3], dtype: 'float32' } },
    },
  );
  expect(printGraph(graph)).toMatchSnapshot();
});
