// For `import`: of a CommonJS module, Node makes everything it exports the default export.
import whole from './index.js';

export * from './index.js';
export default whole.default;
