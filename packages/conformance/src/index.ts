export { checkPlugin } from './check-plugin';
