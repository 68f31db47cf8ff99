/**
 * What the clients of a campaign asked and heard, transaction by transaction. It is all that the checks believe of them.
 */

export type Verb = "confirm" | "cancel" | "reverse";

export interface Told {
  txId: string;
  dishId: string;
  quantity: number;
  hasParticipant: boolean;
  /** The Try was answered 201 or 200. */
  reserved: boolean;
  /** freezeIds of the first answer; every later one must be the same. */
  freezeIds: string | null;
  /** Verbs that were answered 200 (done) or 202 (decided). */
  acknowledged: Set<Verb>;
  /** Answers that contradict an earlier one, as sentences. */
  contradictions: string[];
}

export class ClientHistory {
  readonly transactions = new Map<string, Told>();
  readonly counts = { calls: 0, accepted: 0, replayed: 0, refused: 0, unknown: 0, duplicated: 0, delayed: 0 };
  /** Answers by status and code. */
  readonly answers = new Map<string, number>();
  /** Answers that no client should ever get, as sentences. */
  readonly odd: string[] = [];

  begin(txId: string, dishId: string, quantity: number, hasParticipant: boolean): Told {
    const told: Told = { txId, dishId, quantity, hasParticipant, reserved: false, freezeIds: null, acknowledged: new Set(), contradictions: [] };
    this.transactions.set(txId, told);
    return told;
  }

  count(label: string): void {
    this.answers.set(label, (this.answers.get(label) ?? 0) + 1);
  }

  heardTry(told: Told, status: number, body: { lines?: { freezeId: string; quantity: number; dishId: string }[] }): void {
    const lines = body.lines ?? [];
    const freezeIds = lines.map(({ freezeId }) => freezeId).join(" ");
    const wanted = lines.length === 1 && lines[0]?.dishId === told.dishId && lines[0].quantity === told.quantity;
    if (!wanted) told.contradictions.push(`${told.txId} was answered with other lines: ${JSON.stringify(lines)}`);
    if (told.freezeIds !== null && told.freezeIds !== freezeIds) told.contradictions.push(`${told.txId} was answered twice, differently`);
    told.freezeIds ??= freezeIds;
    if (told.reserved || status === 200) this.counts.replayed++;
    else this.counts.accepted++;
    told.reserved = true;
  }

  heardVerb(told: Told, verb: Verb): void {
    const opposite = verb === "confirm" ? "cancel" : verb === "cancel" ? "confirm" : null;
    if (opposite && told.acknowledged.has(opposite)) told.contradictions.push(`${told.txId}: ${verb} and ${opposite} were both acknowledged`);
    told.acknowledged.add(verb);
  }
}
