import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { LocksScreen } from "@/components/locks/locks-screen";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("nav"))("locks") };
}

export default async function LocksPage() {
  const operator = await requireOperator();
  return <LocksScreen operator={operator} {...await getRuntime().reads.locks()} />;
}
