export { sampleArDiffusion } from './sampling/ar-diffusion-sampler';
export { compileArDiffusion } from './sampling/compile-ar-diffusion';
export { independentMarginals } from './sampling/independent-marginals';
export { type TeacherPool, createTeacherPool } from './sampling/teacher-pool';
export { refineWithTeacher } from './sampling/teacher-refinement';
