/**
 * The layout's rules, read off the source: who may import whom, where time and chance come from, how long a file may be.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { PROJECT_DIR } from "../config.ts";

const LINES_MAX = 400;

/** Files that only tests and proofs load. */
const FOR_TESTS = /\.test\.tsx?$|\.conformance\.ts$|\.suite\.ts$|(^|[/-])testing(\.ts$|\/)|\/proof\/|^e2e\//;

interface Rule {
  /** Folders whose values it may use, besides its own. */
  values: string[];
  /** Folders whose types alone it may name. */
  types: string[];
}

/** Imports point one way. What stands in no row (server/*.ts, scripts, bench) composes, and may import anything. */
const RULES: Record<string, Rule> = {
  components: { values: ["server/contracts"], types: [] },
  app: { values: ["components", "server/contracts", "server/pages/plain-http.ts", "server/runtime.ts"], types: [] },
  "server/contracts": { values: [], types: [] },
  "server/auth": { values: ["server/contracts"], types: ["server/generated"] },
  "server/gateway": { values: ["server/contracts", "server/auth", "server/engine/kernel"], types: ["server/engine", "server/generated"] },
  "server/console": {
    values: ["server/contracts", "server/auth", "server/runtime.ts", "server/engine/kernel", "server/generated"],
    types: ["server/engine", "server/gateway"],
  },
  "server/api": { values: ["server/contracts", "server/runtime.ts", "server/engine/kernel"], types: ["server/engine", "server/generated"] },
  "server/engine": { values: [], types: [] },
  "server/pages": {
    values: ["server/console", "server/runtime.ts"],
    types: ["server/contracts", "server/auth", "server/api", "server/gateway", "server/generated"],
  },
  "server/retention": { values: ["server/engine/kernel"], types: ["server/generated"] },
  "server/notifications": { values: ["server/contracts", "server/engine/kernel"], types: ["server/engine", "server/generated"] },
  "server/embedded": { values: [], types: [] },
  "server/runtime.ts": { values: [], types: ["server"] },
};

/** The engine's only ways out of the process. */
const DRIVERS = /^(ioredis|pg|undici|@prisma\/.*)$/;
const ADAPTERS = /^server\/engine\/(create-engine\.ts$|.*\/(redis|postgres|http)-[^/]*\.ts$)/;

interface Import {
  file: string;
  target: string;
  isType: boolean;
}

const sources = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.ts", "*.tsx", "*.mjs", "*.js"], { cwd: PROJECT_DIR, encoding: "utf8" })
  .split("\0")
  .filter((file) => file && existsSync(join(PROJECT_DIR, file)))
  .map((file) => ({ file, text: readFileSync(join(PROJECT_DIR, file), "utf8") }));

const imports = sources.filter(({ file }) => !FOR_TESTS.test(file)).flatMap(importsOf);

function importsOf({ file, text }: { file: string; text: string }): Import[] {
  const found = text.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[^;"'=]*?\sfrom\s+)?["']([^"']+)["']|import\(\s*["']([^"']+)["']/gm);
  return [...found].map(([, type, from, dynamic]) => {
    const name = (from ?? dynamic) as string;
    return { file, target: resolveTarget(file, name), isType: type !== undefined };
  });
}

/** A path from the project's root, or the package's name. */
function resolveTarget(file: string, name: string): string {
  if (name.startsWith(".")) return normalize(join(dirname(file), name));
  return name.startsWith("@/") ? name.slice(2) : name;
}

const isIn = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`) || path === `${folder}.ts` || `${path}.ts` === folder;
const isOurs = (target: string) => /^(app|components|server|prisma|scripts|e2e|bench|messages)\//.test(target);
const say = ({ file, target, isType }: Import) => `${file} imports ${isType ? "types of " : ""}${target}`;

describe("architecture", () => {
  test("the rules see the source", () => {
    expect(imports.filter(({ file }) => isIn(file, "server/engine")).length).toBeGreaterThan(50);
    expect(importsOf({ file: "app/a.ts", text: 'import type { A } from "../server/b.ts";\nexport {\n  c,\n} from "@/components/d";\nimport "./e.css";\nawait import("./f.ts");' })).toEqual([
      { file: "app/a.ts", target: "server/b.ts", isType: true },
      { file: "app/a.ts", target: "components/d", isType: false },
      { file: "app/a.ts", target: "app/e.css", isType: false },
      { file: "app/a.ts", target: "app/f.ts", isType: false },
    ]);
  });

  test.each(Object.entries(RULES))("%s imports only what it may", (folder, { values, types }) => {
    const allowed = (target: string, isType: boolean) => [folder, ...values, ...(isType ? types : [])].some((place) => isIn(target, place));
    const wrong = imports.filter(({ file, target, isType }) => isIn(file, folder) && isOurs(target) && !allowed(target, isType));
    expect(wrong.map(say)).toEqual([]);
  });

  test("no tier imports another", () => {
    const tierOf = (path: string) => /^server\/engine\/tiers\/([^/]+)\//.exec(path)?.[1];
    const wrong = imports.filter(({ file, target }) => tierOf(file) && tierOf(target) && tierOf(file) !== tierOf(target));
    expect(wrong.map(say)).toEqual([]);
  });

  test("the engine reaches Postgres, Redis and other services only in its adapters", () => {
    const wrong = imports.filter(({ file, target }) => isIn(file, "server/engine") && DRIVERS.test(target) && !ADAPTERS.test(file));
    expect(wrong.map(say)).toEqual([]);
  });

  test("the engine asks its clock and its random source, never the machine's", () => {
    const own = ["server/engine/kernel/clock.ts", "server/engine/kernel/random.ts"];
    const wrong = sources
      .filter(({ file }) => isIn(file, "server/engine") && !own.includes(file) && !FOR_TESTS.test(file))
      .filter(({ text }) => /\b(Date\.now|performance\.now|Math\.random|setTimeout|setInterval)\b|new Date\(\)/.test(withoutComments(text)));
    expect(wrong.map(({ file }) => file)).toEqual([]);
  });

  test("process.env is read in one place", () => {
    const wrong = sources.filter(({ file, text }) => isIn(file, "server") && file !== "server/config.ts" && !FOR_TESTS.test(file) && /process\.env\b/.test(withoutComments(text)));
    expect(wrong.map(({ file }) => file)).toEqual([]);
  });

  test(`no file is longer than ${LINES_MAX} lines`, () => {
    const long = sources.map(({ file, text }) => ({ file, lines: text.split("\n").length - 1 })).filter(({ lines }) => lines > LINES_MAX);
    expect(long).toEqual([]);
  });

  test("no test is switched off or narrowed", () => {
    const mark = /\b(it|test|describe)\.(skip|only|todo|fixme)\b/;
    expect(sources.filter(({ file, text }) => FOR_TESTS.test(file) && mark.test(withoutComments(text))).map(({ file }) => file)).toEqual([]);
  });

  test("every file of the server and the scripts opens by saying what it is", () => {
    const silent = sources.filter(({ file, text }) => /^(server|scripts)\//.test(file) && !/\.test\.tsx?$/.test(file) && !/^\/[*/]/.test(text));
    expect(silent.map(({ file }) => file)).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
}
