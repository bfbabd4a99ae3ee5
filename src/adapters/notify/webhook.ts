import type { NoticeChannel } from "../../ports/notice-channel.ts";

const deadlineMs = 10_000;

/** Posts each notice as JSON. */
export function webhookChannel(url: string): NoticeChannel {
  return {
    name: "webhook",
    send: async (notice) => {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(notice),
        // Where it is sent is for the configuration to say.
        redirect: "error",
        signal: AbortSignal.timeout(deadlineMs),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`it answered ${response.status}`);
    },
  };
}
