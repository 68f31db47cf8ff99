/**
 * The participant's page for people: what it holds, what it was just asked, and how to make it fail or mend it. It is one
 * document without anything to load; the numbers follow by themselves once a second.
 */
import { randomBytes } from "node:crypto";
import { FAILURES, type Mode, OPERATIONS } from "./mode.ts";
import type { CallNote } from "./participant.ts";
import type { BookTotals } from "../../server/engine/tiers/tcc/participant-book.ts";

export interface Status extends BookTotals {
  url: string;
  mode: Mode & { inWords: string };
  calls: number;
  lastCalls: CallNote[];
}

export interface BranchRow {
  gid: string;
  branchId: string;
  state: string;
  amount: number;
  at: string;
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: start; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
td { overflow-wrap: anywhere; } th { font-weight: 600; } .number { text-align: end; }
form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; } fieldset { border: 0; padding: 0; display: flex; gap: .75rem; }
button, select, input { font: inherit; } input[type=number] { width: 5rem; }
table.narrow { width: auto; min-width: 16rem; }
code { font-family: ui-monospace, monospace; } [role=status] { min-height: 1.5em; }`;

/** Fills the tables from what `/` and `/transactions` answer, and sends the form to `/mode`. Text only: nothing is read as HTML. */
const SCRIPT = `
const $ = (id) => document.getElementById(id);
const rows = (id, list) => $(id).replaceChildren(...list.map((cells) => {
  const row = document.createElement("tr");
  row.append(...cells.map((cell) => Object.assign(document.createElement("td"), { textContent: cell, className: typeof cell === "number" ? "number" : "" })));
  return row;
}));
const time = (at) => new Date(at).toLocaleTimeString();
function show(status, branches) {
  $("mode").textContent = status.mode.inWords;
  rows("states", [...Object.entries(status.branches), ["frozen amount", status.frozen], ["confirmed amount", status.confirmed]]);
  rows("calls", status.lastCalls.slice(0, 15).map((c) => [time(c.at), c.operation, c.gid + " / " + c.branchId, c.answer]));
  rows("branches", branches.slice(0, 30).map((b) => [time(b.at), b.state, b.gid + " / " + b.branchId, b.amount]));
}
async function follow() {
  try {
    const [status, list] = await Promise.all([fetch("/", { headers: { accept: "application/json" } }), fetch("/transactions?limit=30")].map(async (r) => (await r).json()));
    show(status, list.branches);
    $("said").textContent = "";
  } catch {
    $("said").textContent = "The participant does not answer: is it still running?";
  }
  setTimeout(follow, 1000);
}
$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const body = { fail: form.get("fail"), share: Number(form.get("share")), operations: form.getAll("operations") };
  const answer = await (await fetch("/mode", { method: "PUT", body: JSON.stringify(body) })).json();
  $("mode").textContent = answer.inWords ?? answer.message;
});
const first = JSON.parse($("first").textContent);
show(first.status, first.branches);
setTimeout(follow, 1000);`;

export function statusPage(status: Status, branches: readonly BranchRow[]): { html: string; policy: string } {
  const nonce = randomBytes(16).toString("base64");
  const options = Object.entries(FAILURES).map(([name, meaning]) => `<option value="${name}"${name === status.mode.fail ? " selected" : ""}>${name}: ${meaning}</option>`);
  const boxes = OPERATIONS.map((name) => `<label><input type="checkbox" name="operations" value="${name}"${status.mode.operations.includes(name) ? " checked" : ""}> ${name}</label>`);
  // "<" is the only character that could end the script early.
  const first = JSON.stringify({ status, branches }).replaceAll("<", "\\u003c");
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A participant to play with</title><style nonce="${nonce}">${STYLE}</style></head>
<body>
<main>
<h1>A participant to play with</h1>
<p>It <strong id="mode"></strong>.</p>
<form id="form">
<label>Calls <select name="fail">${options.join("")}</select></label>
<fieldset><legend hidden>Which operations</legend>${boxes.join("")}</fieldset>
<label>share <input type="number" name="share" min="0" max="1" step="0.05" value="${status.mode.share}"></label>
<button>Set</button>
</form>
<p id="said" role="status"></p>
<h2>What it holds</h2>
<table class="narrow"><tbody id="states"></tbody></table>
<h2>Last calls</h2>
<table><thead><tr><th>at</th><th>operation</th><th>transaction / branch</th><th>answer</th></tr></thead><tbody id="calls"></tbody></table>
<h2>Newest branches</h2>
<table><thead><tr><th>changed</th><th>state</th><th>transaction / branch</th><th class="number">amount</th></tr></thead><tbody id="branches"></tbody></table>
<p>For programs: <code>GET /</code>, <code>GET /transactions?state=TRIED</code>, <code>GET /transactions/GID</code>, <code>PUT /mode</code>.</p>
</main>
<script type="application/json" id="first" nonce="${nonce}">${first}</script>
<script nonce="${nonce}">${SCRIPT}</script>
</body>
</html>
`;
  return { html, policy: `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'` };
}
