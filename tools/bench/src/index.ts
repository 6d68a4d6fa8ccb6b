export { findPython, findPythonWith, type Python } from './find-python';
export { distillationMemory, type DistillationMemory } from './memory/distillation-memory';
export { writeRandomModel, type ModelFiles } from './memory/random-models';
