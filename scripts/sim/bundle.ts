/**
 * Makes one program of the simulator and the engine under it, for threads to play: they start at once and run no loader.
 * A mutation is applied here, to the source on its way in: production code holds no switch that breaks it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import type { Mutation } from "./mutations.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** @returns the source of a CommonJS program: `player.ts` with all it needs. @throws when the mutation's text is not in the source exactly once. */
export async function bundlePlayer(mutation: Mutation | null = null): Promise<string> {
  const mutated = { times: 0 };
  const result = await build({
    entryPoints: [join(import.meta.dirname, "player.ts")],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    write: false,
    logLevel: "silent",
    plugins: mutation ? [mutating(mutation, mutated)] : [],
  });
  if (mutation && mutated.times !== 1) throw new Error(`mutation ${mutation.name}: ${mutation.file} is not part of the simulator`);
  return (result.outputFiles[0] as { text: string }).text;
}

function mutating(mutation: Mutation, mutated: { times: number }): Plugin {
  const path = join(ROOT, mutation.file);
  return {
    name: "mutation",
    setup(builder) {
      builder.onLoad({ filter: /\.ts$/ }, (file) => {
        if (file.path !== path) return undefined;
        mutated.times++;
        return { contents: mutate(readFileSync(path, "utf8"), mutation), loader: "ts" };
      });
    },
  };
}

export function mutate(source: string, { name, edits }: Mutation): string {
  let text = source;
  for (const { find, replace } of edits) {
    const parts = text.split(find);
    if (parts.length !== 2) throw new Error(`mutation ${name}: its text is in the source ${parts.length - 1} times, not once: ${find}`);
    text = parts.join(replace);
  }
  return text;
}
