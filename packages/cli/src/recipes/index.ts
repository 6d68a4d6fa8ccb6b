export { adapt } from './adapt';
export { trainClassifier, trainTeacher, trainTokenizer } from './train';
export { distill } from './distill';
export { sampleImages } from './sample';
export { evaluateModel, measureSpeed } from './evaluate';
export { importCheckpoints } from './import/import-checkpoints';
