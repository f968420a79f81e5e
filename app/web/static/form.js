// The item form is kept at the registry while it is typed. Without it, the buttons of the form keep it.
"use strict";
for (const form of document.querySelectorAll("form[data-keep]")) {
  const said = document.querySelector("#kept");
  const fields = () => new URLSearchParams(new FormData(form));
  let sent = fields().toString();
  let waiting = 0;
  let busy = false;
  let leaving = false;

  async function keep() {
    clearTimeout(waiting);
    const now = fields();
    const text = now.toString();
    if (busy || leaving || text === sent) return;
    busy = true;
    now.set("do", "keep");
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: now,
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        redirect: "error",
        keepalive: text.length < 60000,
      });
      if (!answer.ok) throw new Error(answer.status);
      const told = await answer.json();
      sent = text;
      said.textContent = [told.said, ...told.told].join(" ");
    } catch {
      said.textContent = said.dataset.failed;
    }
    busy = false;
    if (fields().toString() !== sent) waiting = setTimeout(keep, 5000);
  }

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(keep, 2000);
  });
  form.addEventListener("submit", () => {
    leaving = true;
    clearTimeout(waiting);
  });
  addEventListener("pageshow", () => {
    leaving = false;
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") keep();
  });
}
