/**
 * The command line of the participant, read once and checked. It starts nothing and reads no environment: `main.ts` does.
 */
import { type NotRun, pathOf, readCommandLine, wholeNumber } from "../command-line.ts";
import { FAILURES, type Mode, OPERATIONS, readMode } from "./mode.ts";

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

export type Command = { kind: "run"; options: ParticipantOptions } | NotRun;

const PORTS = { from: 0, to: 65_535 };

const TEXT = { type: "string" } as const;

const OPTIONS = { port: TEXT, fail: TEXT, share: TEXT, operations: TEXT, times: TEXT, data: TEXT };

export function readCommand(argv: readonly string[]): Command {
  return readCommandLine(argv, OPTIONS, ({ port, fail, share, operations, times, data }): Command => {
    const given = { fail, share: numberOrText(share), operations: operations?.split(",").map((one) => one.trim()), times: numberOrText(times) };
    return {
      kind: "run",
      options: {
        port: wholeNumber("port", port, PORTS) ?? PORT_DEFAULT,
        mode: readMode(given, (field) => `--${field}`),
        data: pathOf("data", data, "a folder"),
      },
    };
  });
}

/** What is no number stays text, so that the message can show it. */
function numberOrText(text: string | undefined): number | string | undefined {
  return text === undefined || !/^\d*\.?\d+$/.test(text) ? text : Number(text);
}
