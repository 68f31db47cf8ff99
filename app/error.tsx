"use client";
/** A page failed, on the server or in the browser. The rest of the installation goes on. */
import { CircleAlert } from "lucide-react";
import { useTranslations } from "next-intl";
import { useRouter } from "next/navigation";
import { startTransition, useEffect } from "react";
import { Button } from "@/components/ui/button";

const WALL_AGAIN_MS = 15_000;

export default function PageError({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  const t = useTranslations("pageError");
  const router = useRouter();
  // What failed on the server is asked for anew; `reset` alone would draw the same answer again.
  const again = () =>
    startTransition(() => {
      router.refresh();
      reset();
    });
  // Nobody stands at a wall to press a button.
  useEffect(() => {
    if (!new URLSearchParams(window.location.search).has("kiosk")) return;
    const timer = window.setTimeout(() => window.location.reload(), WALL_AGAIN_MS);
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <main className="grid min-h-dvh place-items-center p-6">
      <div className="max-w-sm text-center">
        <CircleAlert aria-hidden className="mx-auto size-7 text-danger" />
        <h1 className="mt-4 text-xl font-semibold">{t("title")}</h1>
        <p className="mt-2 text-text-2">{t("meaning")}</p>
        {error.digest !== undefined && <p className="figures mt-2 text-xs text-text-3">{t("reference", { digest: error.digest })}</p>}
        <div className="mt-6 flex justify-center gap-2">
          <Button kind="primary" onClick={again}>
            {t("again")}
          </Button>
          <Button onClick={() => window.location.assign("/")}>{t("reload")}</Button>
        </div>
      </div>
    </main>
  );
}
