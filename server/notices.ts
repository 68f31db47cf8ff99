/**
 * Notices: what Postgres tells about one channel (LISTEN), on a connection of its own. While it stands nothing has to be read
 * again and again to learn of a change. A notice that comes while it is down is lost: it says so, and its listener does without.
 */
import pg from "pg";

/** Pauses between attempts: soon at first, then once in five seconds. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 5_000;
const CONNECT_MS_MAX = 1_000;
/** A line that is silently cut is noticed by the system within a minute or two, not within hours. */
const KEEP_ALIVE_MS = 10_000;

export interface NoticeListener {
  /** From now on every notice is heard; what happened before may not have been. */
  hearing(): void;
  heard(): void;
  /** Notices may be missed from now on. */
  deaf(): void;
}

export class Notices {
  private client: pg.Client | null = null;
  private timer: NodeJS.Timeout | null = null;
  private attempts = 0;
  private stopped = false;

  constructor(
    private readonly databaseUrl: string,
    private readonly channel: string,
    private readonly listener: NoticeListener,
  ) {}

  /** Resolves after the first attempt, whatever came of it; goes on by itself. */
  async start(): Promise<void> {
    if (this.stopped) return;
    const client = new pg.Client({
      connectionString: this.databaseUrl,
      application_name: "eightysix notices",
      connectionTimeoutMillis: CONNECT_MS_MAX,
      query_timeout: CONNECT_MS_MAX,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    });
    this.client = client;
    let isLost = false;
    const lost = (): void => {
      if (isLost) return;
      isLost = true;
      this.listener.deaf();
      client.end().catch(() => {});
      this.again();
    };
    client.on("error", lost);
    client.on("end", lost);
    client.on("notification", () => this.listener.heard());
    try {
      await client.connect();
      await client.query(`LISTEN ${client.escapeIdentifier(this.channel)}`);
      this.attempts = 0;
      if (!isLost) this.listener.hearing();
    } catch {
      lost();
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
    await this.client?.end().catch(() => {});
  }

  private again(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.start(), Math.min(RETRY_MS * 2 ** this.attempts++, RETRY_MS_MAX));
    this.timer.unref();
  }
}
