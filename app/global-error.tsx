"use client";
/** The last resort: the layout itself failed, so there is no language and no theme. Plain, in both languages. */
import "./globals.css";

export default function GlobalError({ reset }: { reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <main className="grid min-h-dvh place-items-center p-6 text-center">
          <div>
            <h1 className="text-xl font-semibold">Something went wrong · 出错了</h1>
            <p className="mt-2 text-text-2">Orders do not pass through the console. · 订单处理不经过控制台。</p>
            <button
              type="button"
              onClick={reset}
              className="mt-6 h-9 rounded-md border border-line-strong bg-surface px-3.5 font-medium"
            >
              Try again · 重试
            </button>
          </div>
        </main>
      </body>
    </html>
  );
}
