import { availableParallelism, cpus } from 'node:os';
import { problemsOf, runRefused, workingFolder } from './in-process';

const folder = workingFolder();
const THREADS = 2 * Math.max(availableParallelism(), cpus().length);

/** Refuses before anything is written, and says this. */
async function refusal(command: string): Promise<{ code: number; sentence: string }> {
  const ended = await runRefused(command.split(' '));
  expect(problemsOf(ended, [''])).toEqual([]);
  expect(folder.files()).toEqual([]);
  return { code: ended.code, sentence: ended.stderr.replace(/^Error: |\n$/g, '') };
}

describe('options that would have no effect', () => {
  it.each([
    ['sample --teacher --weights g', '--weights has no effect beside --teacher, because'],
    ['sample --teacher --snap', '--snap has no effect beside --teacher, because'],
    ['sample --teacher --steps 2', '--steps has no effect beside --teacher, because'],
    ['sample --teacher-steps 1 --steps 2', '--steps has no effect beside --teacher-steps, because'],
    [
      'sample --teacher --teacher-steps 1',
      '--teacher draws all steps and --teacher-steps the last',
    ],
    ['eval --teacher --weights g', '--weights has no effect beside --teacher, because'],
    ['eval --npz a.npz --weights g', '--weights has no effect beside --npz, because the images of'],
    ['eval --npz a.npz --samples 5', '--samples has no effect beside --npz'],
    ['eval --npz a.npz --seed 5', '--seed has no effect beside --npz'],
    ['eval --npz a.npz --teacher', '--teacher has no effect beside --npz'],
    ['eval --npz a.npz --reconstruction', '--reconstruction has no effect beside --npz'],
    ['eval --reconstruction --seed 1', '--seed has no effect beside --reconstruction'],
    ['eval --npz a.npz --draws 3', '--draws has no effect beside --npz'],
    ['eval --npz a.npz --path-length', '--path-length has no effect beside --npz'],
    ['eval --npz a.npz --teacher-distance', '--teacher-distance has no effect beside --npz'],
    ['eval --reconstruction --draws 3', '--draws has no effect beside --reconstruction'],
    ['eval --teacher --path-length', '--path-length has no effect beside --teacher, because'],
    [
      'eval --teacher --teacher-distance',
      '--teacher-distance has no effect beside --teacher, because its own samples are measured',
    ],
    ['eval --speed --draws 3', '--draws has no effect beside --speed'],
    ['eval --guidance 2', 'The guidance is of the teacher, which does not draw here'],
    ['eval --speed --samples 5', '--samples has no effect beside --speed'],
    ['eval --speed --steps 2', '--steps has no effect beside --speed, because it is one step that'],
    ['eval --npz a.npz --steps 2', '--steps has no effect beside --npz'],
    ['eval --speed --npz a.npz', '--npz has no effect beside --speed'],
    ['eval --speed --teacher', 'give --teacher a file, or leave it out.'],
    [
      'train tokenizer --no-report --samples 500',
      '--samples has no effect where nothing is measured',
    ],
    ['distill --preset toy-joint --teacher a', 'has no weights: leave --teacher out.'],
    ['distill --preset toy-joint --tokenizer a', 'are not images: leave --tokenizer out.'],
    ['sample --backend cpu --threads 2', 'The engine backend "cpu" takes no number of threads'],
    ['sample --backend tensorflow --provider cpu', 'takes no execution provider: leave it out'],
  ])('%s', async (command, words) => {
    const { code, sentence } = await refusal(command);
    expect(sentence).toContain(words);
    expect(code).toBe(2);
  });
});

describe('work that cannot end well', () => {
  it.each([
    [
      'sample --out picture.jpg',
      '"picture.jpg" would be a PNG picture: give it a name that ends with',
    ],
    [
      'sample --npz images.zip',
      '"images.zip" would be a NumPy archive: give it a name that ends with',
    ],
    ['sample --steps 2', 'This generator draws in 1 step alone, not in 2: leave --steps out.'],
    ['sample --teacher-steps 99', 'The teacher can draw 0 to 4 of the last AR steps again, not 99'],
    [
      'sample --preset toy-joint',
      'The sequences of the preset "toy-joint" are not images to look at.',
    ],
    ['sample --classes 3,10', 'There is no class 10: give classes from 0 to 9.'],
    ['eval --samples 3', 'The metric "diversity" needs 11 images or more, not 3'],
    ['eval --draws 1', 'The number of draws must be a whole number from 2 on, not 1: leave it out'],
    ['eval --reconstruction --samples 3', 'The metric "diversity" needs 11 images or more, not 3'],
    ['distill --samples 3', 'The metric "diversity" needs 11 images or more, not 3'],
    [
      'adapt --preset mnist-llamagen --samples 3',
      'The metric "diversity" needs 11 images or more, not 3',
    ],
    ['train tokenizer --samples 3', 'The metric "diversity" needs 11 images or more, not 3'],
    ['train features --samples 1', 'A reference set needs 2 images or more: take more samples.'],
    [
      'sample --threads 1000',
      `1000 threads are too many for this machine: take ${THREADS}, twice its`,
    ],
    ['sample --plugins-dir nowhere', 'nowhere" to look for plugins in: name one that is there.'],
    ['distill --set adaptation.heldOut=3', 'adaptation of its teacher: leave them out.'],
    [
      'distill --preset mnist-llamagen --set adaptation.heldOut=0',
      'The setting "heldOut" of the adaptation on the command line is wrong: expected a number above 0, not 0.',
    ],
  ])('%s', async (command, words) => {
    const { code, sentence } = await refusal(command);
    expect(sentence).toContain(words);
    expect(code).toBe(2);
  });
});

describe('names that are nearly right', () => {
  it.each([
    ['sample --preset mnist-vra', 'There is no preset "mnist-vra": did you mean "mnist-var"?'],
    ['sample --preset vra:mnist-var', 'There is no plugin "vra": did you mean "var"?'],
    ['sample --preset var:mnist-vr', 'There is no preset "mnist-vr": did you mean "mnist-var"?'],
    [
      'train features mnist-clasifier',
      'feature network "mnist-clasifier": did you mean "mnist-classifier"?',
    ],
    ['adapt --preset mnist-llamagen --data mnits', 'data set "mnits": did you mean "mnist"?'],
    ['distill --method csb', 'There is no distillation method "csb": did you mean "csd"?'],
    ['distill --objective sud', 'expected "sid" or "dmd", not "sud": did you mean "sid"?'],
    [
      'sample --backend onnxruntim',
      'There is no engine backend "onnxruntim": did you mean "onnxruntime"?',
    ],
    ['sample --provider cudo', 'not "cudo": did you mean "cuda"?'],
    ['distill --set tuning.batchSiz=3', 'is not a known key: did you mean "tuning.batchSize"?'],
    ['distil', 'There is no command "distil": did you mean "distill"?'],
    ['distill --quik', 'There is no option "--quik": did you mean "--quick"?'],
  ])('%s', async (command, words) => {
    const { code, sentence } = await refusal(command);
    expect(sentence).toContain(words);
    expect(code).toBe(2);
  });
});
