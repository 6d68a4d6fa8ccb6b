export { runCommand } from './child-process';
export { dialectOf, type Dialect } from './dialect';
export { NAMES } from './names';
export { QUICK_RUNS, type QuickRun } from './quick-runs';
export { openRevision, type Revision } from './revision';
