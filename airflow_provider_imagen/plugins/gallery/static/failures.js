// Why a task failed, from Airflow's own API: it checks permissions, masks secrets and fetches remote logs.

const MOST_CHARACTERS = 5_000_000;

const linesOf = async function* (response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let read = 0;
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value || "")).split("\n");
    rest = done ? "" : lines.pop();
    yield* lines.filter(Boolean);
    read += (value || "").length;
    if (done || read > MOST_CHARACTERS) {
      reader.cancel().catch(() => {});
      return;
    }
  }
};

const lastError = async (url) => {
  const response = await fetch(url, { headers: { Accept: "application/x-ndjson" } });
  let found = "";
  if (response.ok) {
    for await (const line of linesOf(response)) {
      const [raised] = JSON.parse(line).error_detail || [];
      if (raised) {
        found = raised.exc_type === "AirflowFailException" ? raised.exc_value : `${raised.exc_type}: ${raised.exc_value}`;
      }
    }
  }
  return found;
};

const lastEvent = async (url) => {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  const events = response.ok ? (await response.json()).event_logs : [];
  return events.length ? events[0].extra : "";
};

const showReason = async (failure) => {
  const found = (await lastError(failure.dataset.log).catch(() => "")) || (await lastEvent(failure.dataset.events));
  if (found) {
    failure.querySelector(".reason").textContent = found;
  }
};

export const startFailures = () => {
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
        seen.unobserve(target);
        showReason(target).catch(() => {});
      }
    },
    { rootMargin: "600px" },
  );
  document.querySelectorAll(".failure").forEach((failure) => seen.observe(failure));
};
