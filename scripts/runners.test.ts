/** What runs the tests, as a process of its own: it is not one of them. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";

/** Runs a module that has everything of commands.mjs and runners.mjs at hand. */
function run(source: string) {
  const imports = ["commands", "runners"].map((name) => `import * as ${name} from ${JSON.stringify(new URL(`${name}.mjs`, import.meta.url).href)};`);
  const child = spawn(process.execPath, ["--input-type=module", "-e", [...imports, source].join("\n")], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk));
  const ending = new Promise<{ code: number | null; output: string }>((resolve) => child.once("close", (code) => resolve({ code, output })));
  return { child, ending };
}

const program = (source: string) => `process.execPath, ["-e", ${JSON.stringify(source)}]`;

describe("the end of a run", () => {
  const conclude = (counts: string) => run(`runners.conclude(${counts})`).ending;

  test("adds up what passed and what failed in its last line, and one failure fails the whole", async () => {
    expect(await conclude("[{ passed: 2, failed: 0 }, { passed: 3, failed: 0 }]")).toEqual({ code: 0, output: "\n5 passed, 0 failed\n" });
    expect(await conclude("[{ passed: 2, failed: 1 }, { passed: 3, failed: 0 }]")).toEqual({ code: 1, output: "\n5 passed, 1 failed\n" });
  });

  test("in which nothing was tested is none that passed", async () => {
    expect(await conclude("[{ passed: 0, failed: 0 }]")).toEqual({ code: 1, output: "\n0 passed, 0 failed\n" });
  });
});

describe("what runs aside", () => {
  const aside = (source: string) => run(`console.log(JSON.stringify(await commands.aside(${program(source)})));`);

  test("is heard at its end, with its exit code, and had the lowest priority", async () => {
    const { output } = await aside("console.log(os.getPriority()); console.error('and this'); process.exitCode = 7").ending;
    const { code, output: said } = JSON.parse(output);
    expect({ code, said: said.split("\n").sort() }).toEqual({ code: 7, said: ["", "19", "and this"] });
  });

  test("and is killed has failed", async () => {
    expect(JSON.parse((await aside("process.kill(process.pid, 'SIGKILL')").ending).output)).toMatchObject({ code: 1, output: expect.stringContaining("SIGKILL") });
  });

  test("ends with the runner when a signal ends that one, which then says nothing of passed and failed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "runners-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "pid");
    const begun = new Promise((resolve) => {
      const watcher = watch(folder, () => {
        if (readFileSync(file, "utf8") !== "") {
          watcher.close();
          resolve(null);
        }
      });
    });
    const waits = `fs.writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000)`;
    const { child, ending } = run(`runners.listenForStop(); await commands.aside(${program(waits)}); runners.conclude([{ passed: 1, failed: 0 }]);`);
    await begun;
    child.kill("SIGTERM");
    expect(await ending).toEqual({ code: 128 + 15, output: "" });
    expect(() => process.kill(Number(readFileSync(file, "utf8")), 0)).toThrow("ESRCH");
  });
});
