/**
 * The command line of the participant, read once and checked. It starts nothing and reads no environment: `main.ts` does.
 */
import { parseArgs } from "node:util";
import { FAILURES, type Mode, OPERATIONS, readMode, Wrong } from "./mode.ts";

export const PORT_DEFAULT = 8687;

const LIST = Object.entries(FAILURES)
  .map(([name, meaning]) => `                       ${name.padEnd(9)}${meaning}`)
  .join("\n");

export const USAGE = `npm run participant -- [options]

  --port N             where to listen on 127.0.0.1; 0 takes a free port      (default: ${PORT_DEFAULT})
  --fail HOW           how calls fail                                         (default: none)
${LIST}
  --share 0..1         the share of calls that fail                           (default: 1)
  --operations LIST    which fail: ${OPERATIONS.join(",")}                (default: all)
  --times N            calls that fail before it does as it should again      (default: no end)
  --data FOLDER        where its fence is kept                                (default: DATA_DIR/participant)

All but --port and --data can be changed while it runs: PUT /mode, or the page at /.
Exit: 0 stopped, 1 it could not start or go on, 2 wrong usage.`;

export interface ParticipantOptions {
  port: number;
  mode: Mode;
  /** Null: the folder that belongs to DATA_DIR. */
  data: string | null;
}

export type Command = { kind: "run"; options: ParticipantOptions } | { kind: "help" } | { kind: "refused"; message: string };

export function readCommand(argv: readonly string[]): Command {
  try {
    const { values } = parseArgs({
      args: [...argv],
      allowPositionals: false,
      options: {
        port: { type: "string" },
        fail: { type: "string" },
        share: { type: "string" },
        operations: { type: "string" },
        times: { type: "string" },
        data: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return { kind: "help" };
    const { port = String(PORT_DEFAULT), fail, share, operations, times, data } = values;
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Wrong(`--port takes a whole number from 0 to 65535, not "${port}".`);
    if (data === "") throw new Wrong("--data takes the path of a folder.");
    const mode = readMode(
      {
        fail,
        share: numberOrText(share),
        operations: operations?.split(",").map((one) => one.trim()),
        times: numberOrText(times),
      },
      (field) => `--${field}`,
    );
    return { kind: "run", options: { port: Number(port), mode, data: data ?? null } };
  } catch (error) {
    // parseArgs throws a TypeError with a code for everything it does not understand.
    if (error instanceof Wrong || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS")) {
      return { kind: "refused", message: (error as Error).message.split("\n")[0]! };
    }
    throw error;
  }
}

/** What is no number stays text, so that the message can show it. */
function numberOrText(text: string | undefined): number | string | undefined {
  return text === undefined || !/^\d*\.?\d+$/.test(text) ? text : Number(text);
}
