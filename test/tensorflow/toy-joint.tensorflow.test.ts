import { distilOn, worstTensor } from './distil-on';

/** The preset with its own sizes, shortened. */
const OPTIONS = {
  preset: 'toy-joint',
  settings: {
    teacherPoolSize: 256,
    tuning: { fullIterations: 5, batchSize: 64 },
    generatorIterations: 5,
    batchSize: 64,
    checkpointInterval: 5,
  },
} as const;

it('distils toy-joint to the weights of the compiled engine', async () => {
  const compiled = await distilOn('onnxruntime', OPTIONS);
  const eager = await distilOn('tensorflow', OPTIONS);
  expect(Object.keys(eager).sort()).toEqual(Object.keys(compiled).sort());
  const { name, error } = worstTensor(eager, compiled);
  expect(error < 1e-3 ? '' : `${name}: ${error}`).toBe('');
}, 900_000);
