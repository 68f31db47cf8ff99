/**
 * The command line of the rush, read once and checked. It starts nothing and reads no environment: `main.ts` does.
 */
import { type NotRun, pathOf, readCommandLine, Refusal, SEEDS, wholeNumber } from "../command-line.ts";
import { PORT_DEFAULT } from "../participant/arguments.ts";

/** Where `npm run participant` listens by default. */
const PARTICIPANT_DEFAULT = `http://127.0.0.1:${PORT_DEFAULT}`;

export const USAGE = `npm run rush -- [options]

  --url URL            where Eightysix listens             (default: .data/first-run.json)
  --key KEY            an API key with the scopes orders and stock  (default: .data/first-run.json)
  --database-url URL   Postgres, for the audit row by row  (default: .data/first-run.json, when --url is not given)
  --seconds N          how long customers come             (default: 30)
  --customers N        how many order at the same time     (default: 200)
  --rate N             orders offered per second, whatever the answers; those beyond --customers are dropped and counted
                       (default: no fixed rate, every customer orders again after the last order)
  --seed N             repeats the customers' decisions    (default: a new one, printed)
  --stuck N            before the customers come, makes N transactions that stay in CONFIRMING: their participant fails
                       every confirm; the report says how to mend them
  --participant URL    whom they hang at; when nothing listens there, the rush plays it itself  (default: ${PARTICIPANT_DEFAULT})
  --json FILE          writes the report and the audit as JSON

first-run.json is looked for in DATA_DIR, by default .data. Exit: 0 everything held, 1 an invariant broke, 2 wrong usage or nothing to reach.`;

/** What `npm start` leaves for tools on the same machine. */
export interface FirstRun {
  url?: string;
  apiKey?: string;
  databaseUrl?: string;
}

export interface RushOptions {
  url: string;
  key: string;
  /** Null: the audit has only HTTP. */
  databaseUrl: string | null;
  seconds: number;
  customers: number;
  /** Orders per second; null: closed loop. */
  rate: number | null;
  /** Null: choose one and print it. */
  seed: number | null;
  /** Transactions that are to stay in CONFIRMING. */
  stuck: number;
  /** Without a slash at the end. */
  participantUrl: string;
  json: string | null;
}

export type Command = { kind: "run"; options: RushOptions } | NotRun;

/** Every number the command line takes, with its bounds. A day of lunch is enough; 20 000 sockets are what one process has. */
const NUMBERS = {
  seconds: { from: 1, to: 86_400 },
  customers: { from: 1, to: 20_000 },
  rate: { from: 1, to: 100_000 },
  seed: SEEDS,
  stuck: { from: 0, to: 10_000 },
} as const;

function urlOption(name: string, text: string, protocols: readonly string[]): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !protocols.includes(url.protocol)) {
    throw new Refusal(`${name} takes a URL that begins with ${protocols.map((p) => `${p}//`).join(" or ")}, not "${text}".`);
  }
  return text;
}

const TEXT = { type: "string" } as const;

const OPTIONS = {
  url: TEXT,
  key: TEXT,
  "database-url": TEXT,
  seconds: TEXT,
  customers: TEXT,
  rate: TEXT,
  seed: TEXT,
  stuck: TEXT,
  participant: TEXT,
  json: TEXT,
};

/** @param firstRun reads first-run.json; null when there is none. */
export function readCommand(argv: readonly string[], firstRun: () => FirstRun | null): Command {
  return readCommandLine(argv, OPTIONS, (values): Command => {
    const number = (name: keyof typeof NUMBERS): number | null => wholeNumber(name, values[name], NUMBERS[name]);
    const seconds = number("seconds") ?? 30;
    const customers = number("customers") ?? 200;
    const rate = number("rate");
    const seed = number("seed");
    const stuck = number("stuck") ?? 0;
    const participantUrl = urlOption("--participant", values.participant ?? PARTICIPANT_DEFAULT, ["http:", "https:"]).replace(/\/+$/, "");

    const local = values.url && values.key && values["database-url"] ? null : firstRun();
    const url = values.url ?? local?.url;
    if (!url) throw new Refusal("No server is known: run `npm start` first, or give --url and --key.");
    const key = values.key ?? local?.apiKey;
    if (!key) throw new Refusal("No API key is known: give --key.");
    if (!/^[\x21-\x7e]+$/.test(key)) throw new Refusal("--key takes printable ASCII without spaces.");
    // Another server's rows are not in this machine's database.
    const isLocal = values.url === undefined || values.url === local?.url;
    const databaseUrl = values["database-url"] ?? (isLocal ? local?.databaseUrl : undefined) ?? null;

    return {
      kind: "run",
      options: {
        url: urlOption("--url", url, ["http:", "https:"]),
        key,
        databaseUrl: databaseUrl === null ? null : urlOption("--database-url", databaseUrl, ["postgres:", "postgresql:"]),
        seconds,
        customers,
        rate,
        seed,
        stuck,
        participantUrl,
        json: pathOf("json", values.json, "a file"),
      },
    };
  });
}
