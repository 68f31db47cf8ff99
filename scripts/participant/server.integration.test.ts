/**
 * The participant over HTTP, and as a process that is killed. What the wire and its failures are to a coordinator is the
 * adapter's suite (`http-participants.integration.test.ts`).
 */
import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { seededRandom } from "../../server/engine/kernel/random.ts";
import { Participant } from "./participant.ts";
import { serveParticipant } from "./server.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "participant-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

async function play() {
  const participant = await Participant.open(folder());
  const broken: Error[] = [];
  const server = await serveParticipant({ participant, port: 0, onBroken: (error) => broken.push(error) });
  onTestFinished(async () => {
    await server.close();
    await participant.close().catch(() => {});
  });
  return { server, participant, broken, ...speakingTo(server.url) };
}

function speakingTo(url: string) {
  const ask = async (method: string, path: string, body?: string) => {
    const answer = await fetch(url + path, { method, ...(body !== undefined && { body }) });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const branch = (operation: string, gid: string, more = "") =>
    ask("POST", `/${operation === "reverse" ? "cancel" : operation}?gid=${gid}&branch_id=01&trans_type=tcc&op=${operation}${more}`, '{"amount":2}');
  return { ask, branch };
}

describe("the participant", () => {
  const wrong: [string, string, string | undefined, number, string][] = [
    ["POST", "/try", undefined, 400, "gid"],
    ["POST", "/try?gid=a%20b&branch_id=01&trans_type=tcc&op=try", undefined, 400, "gid"],
    ["POST", `/try?gid=${"a".repeat(129)}&branch_id=01&trans_type=tcc&op=try`, undefined, 400, "gid"],
    ["POST", "/try?gid=a&trans_type=tcc&op=try", undefined, 400, "branch_id"],
    ["POST", "/try?gid=a&branch_id=01&op=try", undefined, 400, "trans_type=tcc"],
    ["POST", "/try?gid=a&branch_id=01&trans_type=saga&op=action", undefined, 400, "trans_type=tcc"],
    ["POST", "/try?gid=a&branch_id=01&trans_type=tcc", undefined, 400, "op or branch_type"],
    ["POST", "/try?gid=a&branch_id=01&trans_type=tcc&op=try&branch_type=cancel", undefined, 400, "with one value"],
    ["POST", "/try?gid=a&branch_id=01&trans_type=tcc&op=pay", undefined, 400, "op or branch_type"],
    ["POST", "/confirm?gid=a&branch_id=01&trans_type=tcc&op=cancel", undefined, 400, "op=cancel goes to /cancel"],
    ["POST", "/try?gid=a&branch_id=01&trans_type=tcc&op=try", "{", 400, "not JSON"],
    ["POST", "/try?gid=a&branch_id=01&trans_type=tcc&op=try", " ".repeat(1_048_577), 413, "at most"],
    ["GET", "/try?gid=a&branch_id=01&trans_type=tcc&op=try", undefined, 405, "takes POST"],
    ["POST", "/pay", undefined, 404, "/confirm"],
    ["GET", "/nowhere", undefined, 404, "/transactions"],
    ["GET", "/transactions/unknown", undefined, 404, "No call of this transaction"],
    ["GET", "/transactions/%E0%A4%A", undefined, 400, "not well encoded"],
    ["GET", "/transactions?state=LOST", undefined, 400, "state takes one of"],
    ["GET", "/transactions?limit=0", undefined, 400, "limit takes"],
    ["PUT", "/mode", "[]", 400, "JSON object"],
    ["PUT", "/mode", '{"fail":"often"}', 400, "fail takes one of"],
    ["PUT", "/mode", '{"fial":"503"}', 400, "There is no fial"],
    ["DELETE", "/mode", undefined, 405, "GET and PUT"],
  ];

  test("answers a bad call with what is wrong with it, and keeps nothing of it", async () => {
    const { ask, participant } = await play();
    for (const [method, path, body, status, reason] of wrong) {
      const answer = await ask(method, path, body);
      expect(answer, `${method} ${path}`).toMatchObject({ status, body: { message: expect.stringContaining(reason) } });
      expect(JSON.stringify(answer.body)).not.toMatch(/FAILURE|ONGOING/); // words of the wire
    }
    expect(participant.calls).toBe(0);
    expect([...participant.book.entries()]).toEqual([]);
  });

  test("takes what older SDKs send: branch_type alone, and no body", async () => {
    const { ask } = await play();
    expect(await ask("POST", "/try?gid=old&branch_id=01&trans_type=tcc&branch_type=try")).toEqual({ status: 200, body: { dtm_result: "SUCCESS" } });
    expect((await ask("GET", "/transactions/old")).body).toMatchObject({ gid: "old", branches: [{ branchId: "01", state: "TRIED", amount: 1 }] });
  });

  test("is broken and mended while it runs, for some operations only, and tells what it did", async () => {
    const { ask, branch } = await play();
    expect((await ask("PUT", "/mode", '{"fail":"503","operations":["confirm"]}')).body).toMatchObject({ fail: "503", share: 1, operations: ["confirm"] });
    expect((await branch("try", "a")).status).toBe(200);
    expect((await branch("confirm", "a")).status).toBe(503);
    await ask("PUT", "/mode", '{"fail":"none"}');
    expect((await branch("confirm", "a")).status).toBe(200);
    expect((await branch("cancel", "a")).body).toEqual({ dtm_result: "FAILURE", message: "cancel: it is confirmed, and can only be reversed" });
    const { body } = await ask("GET", "/");
    expect(body).toMatchObject({ calls: 4, branches: { CONFIRMED: 1 }, frozen: 0, confirmed: 2, mode: { fail: "none" } });
    expect((body.lastCalls as { answer: string }[]).map(({ answer }) => answer)).toEqual(["409 cancel: it is confirmed, and can only be reversed", "200", "503, as told", "200"]);
  });

  test("has a page that loads nothing, runs no script but its own, and shows ids as text", async () => {
    const { server, branch } = await play();
    await branch("try", encodeURIComponent("</script><b>x"));
    const page = await fetch(server.url, { headers: { accept: "text/html,*/*" } });
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'nonce-([^']+)'; script-src 'nonce-\1'/);
    const html = await page.text();
    expect(html).not.toContain("</script><b>");
    expect(html).toContain("\\u003c/script>\\u003cb>x");
    expect(html).not.toMatch(/(src|href)=/);
  });

  test("answers for nothing once its disk has failed", async () => {
    const { branch, participant, broken } = await play();
    await branch("try", "before");
    const { file } = (participant as unknown as { journal: { file: { datasync(): Promise<void> } } }).journal;
    file.datasync = () => Promise.reject(new Error("disk full"));
    await expect(branch("try", "after")).rejects.toThrow();
    await expect(branch("try", "after")).rejects.toThrow();
    expect(broken.map(({ message }) => message)).toEqual(["disk full", "disk full"]);
  });
});

describe("npm run participant", () => {

  function start(...args: string[]) {
    const child = spawn(process.execPath, ["--import", "tsx", new URL("main.ts", import.meta.url).pathname, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    let out = "";
    let err = "";
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const url = new Promise<string>((resolve, reject) => {
      child.stdout.on("data", (chunk) => {
        out += chunk;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(out)?.[0];
        if (found) resolve(found);
      });
      child.stderr.on("data", (chunk) => (err += chunk));
      ended.then((code) => reject(new Error(`it ended with ${code}: ${err}`)));
    });
    url.catch(() => {}); // heard by whoever asks for it
    return { child, url, ended, out: () => out, err: () => err };
  }

  test("killed again and again, while it answers and while it starts, it remembers everything it said", async () => {
    const data = folder();
    const random = seededRandom(86);
    /** The last word on each transaction, as it was answered. */
    const told = new Map<string, string>();
    const AFTER: Record<string, string> = { try: "TRIED", confirm: "CONFIRMED", cancel: "CANCELLED" };
    let enough = { count: 0, reached: () => {} };

    /** Customers who go on until nobody answers. */
    async function rush(url: string, name: string): Promise<void> {
      const { branch } = speakingTo(url);
      for (let at = 0; ; at++) {
        const gid = `${name}:${at}`;
        for (const operation of ["try", random.next() < 0.5 ? "confirm" : "cancel"]) {
          if ((await branch(operation, gid)).status === 200) told.set(gid, AFTER[operation]!);
          else throw new Error(`${operation} of ${gid} was refused`);
          if (told.size >= enough.count) enough.reached();
        }
      }
    }

    for (const round of [0, 1]) {
      const running = start("--port", "0", "--data", data);
      const url = await running.url;
      const reached = new Promise<void>((resolve) => (enough = { count: told.size + 30 + Math.floor(random.next() * 30), reached: resolve }));
      const customers = [1, 2, 3, 4].map((customer) => rush(url, `${round}:${customer}`).catch((error: Error) => expect(error.message).toMatch(/fetch failed|terminated/)));
      await reached;
      running.child.kill("SIGKILL");
      await Promise.all([...customers, running.ended]);
      if (round === 1) appendFileSync(join(data, "journal.jsonl"), '{"gid":"torn","branch":"01","sta');
      // One more, killed in the middle of its start.
      const starting = start("--port", "0", "--data", data);
      if (round !== 0) await new Promise<void>((resolve) => starting.child.stdout.once("readable", resolve));
      starting.child.kill("SIGKILL");
      await starting.ended;
    }

    const last = start("--port", "0", "--data", data);
    const { ask, branch } = speakingTo(await last.url);
    for (const [gid, state] of told) {
      const [entry] = (await ask("GET", `/transactions/${gid}`)).body.branches as { state: string }[];
      // A later call of the same transaction may have been carried out without its answer getting through.
      if (state === "TRIED") expect(["TRIED", "CONFIRMED", "CANCELLED"]).toContain(entry?.state);
      else expect(entry?.state, gid).toBe(state);
    }
    const [cancelled] = [...told].find(([, state]) => state === "CANCELLED")!;
    expect((await branch("try", cancelled)).status).toBe(409);
    expect((await ask("GET", "/transactions/torn")).status).toBe(404);
    last.child.kill("SIGTERM");
    expect(await last.ended).toBe(0);
  });

  test("says where it listens and how to break, mend and use it", async () => {
    const running = start("--port", "0", "--fail", "hang", "--data", folder());
    const url = await running.url;
    const { body } = await speakingTo(url).ask("GET", "/mode");
    expect(body).toMatchObject({ fail: "hang" });
    expect(running.out()).toContain(`curl -X PUT ${url}/mode -d '{"fail":"none"}'`);
    expect(running.out()).toContain("PARTICIPANT_HOSTS=");
  });

  test("exits 2 on wrong usage, and 1 when the port or the folder is taken, each in one line", async () => {
    const data = folder();
    const first = start("--port", "0", "--data", data);
    const { port } = new URL(await first.url);
    const usage = start("--fail", "often");
    const second = start("--port", "0", "--data", data);
    const third = start("--port", port, "--data", folder());
    expect([await usage.ended, await second.ended, await third.ended]).toEqual([2, 1, 1]);
    expect(usage.err()).toMatch(/^--fail takes one of .*\n$/);
    expect(second.err()).toBe(`A participant already runs on ${data} (process ${first.child.pid}): stop it first, or use another folder.\n`);
    expect(third.err()).toMatch(/^address already in use 127\.0\.0\.1:\d+: give another --port\.\n$/);
  });
});
