import { defaultClientConditions, defineConfig } from 'vite';
import { PAGE_POLICY } from './src/content-security-policy';

export default defineConfig({
  root: 'page',
  // A site may lie in any folder of a host.
  base: './',
  resolve: {
    conditions: [
      '@ar-distill/source',
      // Its glue stays in files of its own, which threads load once more.
      'onnxruntime-web-use-extern-wasm',
      ...defaultClientConditions,
    ],
  },
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    target: 'es2022',
  },
  worker: { format: 'es' },
  plugins: [
    {
      name: 'content-security-policy',
      // For hosts that send no such header.
      transformIndexHtml: () => [
        {
          tag: 'meta',
          attrs: { 'http-equiv': 'Content-Security-Policy', content: PAGE_POLICY },
          injectTo: 'head-prepend',
        },
      ],
    },
  ],
});
