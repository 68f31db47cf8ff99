import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFolder } from "../testing/stack.ts";
import { holdDataFolder } from "./data-folder.ts";
import { startOf } from "./processes.ts";

const HOLDER = `
  import { holdDataFolder } from ${JSON.stringify(join(import.meta.dirname, "data-folder.ts"))};
  const say = (word) => process.send(word);
  holdDataFolder(process.argv[1]).then((held) => {
    say("held");
    process.on("message", (word) => {
      held[word]();
      say("done");
      if (word === "release") process.exit(0);
    });
  }, (error) => say(error.message));
`;

const children: ChildProcess[] = [];
let dir: string;

beforeEach(() => {
  dir = createFolder();
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Another process that tries to hold the folder. */
function holder(): { child: ChildProcess; said: Promise<string> } {
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", HOLDER, dir], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  children.push(child);
  return { child, said: once(child, "message").then(([word]) => String(word)) };
}

describe("a data folder", () => {
  test("is held by one process at a time", async () => {
    const { child, said } = holder();
    expect(await said).toBe("held");
    await expect(holdDataFolder(dir)).rejects.toThrow(`Eightysix already runs on ${dir} (process ${child.pid}): stop it first, or give this one another DATA_DIR.`);
  });

  test("held by a killed process, it is taken over", async () => {
    const { child, said } = holder();
    expect(await said).toBe("held");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(existsSync(join(dir, "lock"))).toBe(true);
    (await holdDataFolder(dir)).release();
    expect(existsSync(join(dir, "lock"))).toBe(false);
  });

  test("held by a pid that another program has now, it is taken over", async () => {
    writeFileSync(join(dir, "lock"), JSON.stringify({ pid: process.ppid, startedAt: "another time", stopping: false }));
    (await holdDataFolder(dir)).release();
  });

  test("with a damaged lock file, it is taken over", async () => {
    writeFileSync(join(dir, "lock"), '{"pid":');
    (await holdDataFolder(dir)).release();
  });

  test("is handed over by an owner that is stopping", async () => {
    const { child, said } = holder();
    expect(await said).toBe("held");
    const announced = once(child, "message");
    child.send("announceStop");
    await announced;
    const next = holdDataFolder(dir);
    child.send("release");
    (await next).release();
  });

  test("of many that start at once on a stale lock, one gets it", async () => {
    writeFileSync(join(dir, "lock"), JSON.stringify({ pid: process.pid, startedAt: `not ${await startOf(process.pid)}`, stopping: false }));
    const words = await Promise.all(Array.from({ length: 4 }, () => holder().said));
    expect(words.filter((word) => word === "held")).toHaveLength(1);
    expect(words.filter((word) => word.startsWith("Eightysix already runs on"))).toHaveLength(3);
  });

  test("that is a file is named in one sentence", async () => {
    const file = join(dir, "data");
    writeFileSync(file, "");
    await expect(holdDataFolder(file)).rejects.toThrow(`${file} is not a folder: delete it, or set DATA_DIR to another place.`);
  });
});
