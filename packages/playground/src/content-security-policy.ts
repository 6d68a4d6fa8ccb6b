/**
 * What the page may do: load and ask its own site alone, and compile WebAssembly. No script or style stands
 * in its HTML. What the header alone can say comes on top in the server.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
