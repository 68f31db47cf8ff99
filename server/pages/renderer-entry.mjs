/** Threads do not inherit the loader for TypeScript; this one registers it before anything else is loaded. */
import { register } from "tsx/esm/api";

register();
await import("./renderer.ts");
