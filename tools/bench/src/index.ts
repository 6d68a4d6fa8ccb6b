export { findPython, type Python } from './find-python';
