import { InvalidOptionError } from '../errors';
import { checkBatches } from './check-batches';

it('refuses batches that no memory holds, wherever they stand', () => {
  const shape = [30, 8];
  const fits = { batchSize: 64, tuning: { batchSize: 64 }, phases: [{}], teacherPoolSize: 1e12 };
  expect(() => checkBatches(fits, shape)).not.toThrow();
  const refused = (settings: object) => () => checkBatches({ ...fits, ...settings }, shape);
  expect(refused({ batchSize: 1e12 })).toThrow(InvalidOptionError);
  expect(refused({ batchSize: 1e12 })).toThrow(
    /^A "batchSize" of 1000000000000 would take \d+ GiB/,
  );
  expect(refused({ tuning: { batchSize: 1e12 } })).toThrow(/^A "tuning\.batchSize" of /);
});
