/** The stores, by id, for lists to choose from. */
import type { Names } from "../../contracts/console.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";

/** More would not be a list to choose from; an address may name any other. */
const STORES_MAX = 500;

export async function readStores(prisma: PrismaClient): Promise<{ storeId: string; names: Names }[]> {
  const rows = await prisma.store.findMany({ orderBy: { storeId: "asc" }, take: STORES_MAX });
  return rows.map(({ storeId, nameEn, nameZh }) => ({ storeId, names: { en: nameEn, "zh-CN": nameZh } }));
}
