/** The names of operators by their ids, for what people read. Whoever is no operator (an API key) keeps the id. */
import type { PrismaClient } from "../../generated/prisma/client.ts";

export async function peopleOf(prisma: PrismaClient, ids: readonly string[]): Promise<(id: string) => string> {
  const wanted = [...new Set(ids)];
  const users = wanted.length === 0 ? [] : await prisma.user.findMany({ where: { id: { in: wanted } }, select: { id: true, name: true } });
  const names = new Map(users.map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? id;
}
