/** What the rest of the server needs of the console: its routes and the headers of its pages. */
export { BulkRunner } from "./bulk/runner.ts";
export { createConsoleApi } from "./api.ts";
export type { ConsoleDeps } from "./api.ts";
export type { LockFiles } from "./locks/routes.ts";
export { NONCE_HEADER, securePage } from "./page-headers.ts";
