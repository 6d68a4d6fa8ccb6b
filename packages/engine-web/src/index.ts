export { type OnnxRuntimeWeb, type SessionOptions, webCompiler } from './web-compiler';
export { openTeacher, type TeacherFiles } from './open-teacher';
