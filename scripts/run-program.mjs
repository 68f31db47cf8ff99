/**
 * What `run.mjs` does once Node is known to be new enough: the program finds its own arguments, as if it had been started itself.
 */
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { prepareToRun } from "./prepare.mjs";

const [node, , program, ...args] = process.argv;
if (!program) throw new Error("Say which program to run: node scripts/run.mjs FILE [arguments].");
await prepareToRun();
process.argv = [String(node), resolve(program), ...args];
const { register } = await import("tsx/esm/api");
register();
await import(pathToFileURL(resolve(program)).href);
