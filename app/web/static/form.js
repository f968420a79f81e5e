// The item form: kept at the registry while it is typed, its citations completed, its files brought without leaving it.
// Without this script the buttons of the form, its page of files and the checks do the same.
"use strict";
for (const form of document.querySelectorAll("form[data-keep]")) {
  const said = form.querySelector("[data-kept][role=status]") || document.querySelector("#kept");
  const fields = () => new URLSearchParams(new FormData(form));
  let sent = fields().toString();
  let refused = "";
  let waiting = 0;
  let busy = false;
  let leaving = false;

  // Of a form that keeps field by field: what this page changes from now on it changes from what is kept now.
  function keptNow(now) {
    now.delete("do");
    for (const was of form.querySelectorAll("input[name^='was/']")) {
      const words = now.get(was.name.slice("was/".length));
      was.value = words;
      now.set(was.name, words);
    }
    return now.toString();
  }

  async function keep() {
    clearTimeout(waiting);
    const now = fields();
    const text = now.toString();
    if (busy || leaving || text === sent || text === refused) return;
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
      if (answer.status === 403 && /json/.test(answer.headers.get("content-type"))) {
        refused = text;
        said.textContent = `${(await answer.json()).detail} ${said.dataset.refused}`;
        busy = false;
        return;
      }
      if (!answer.ok) throw new Error(answer.status);
      const told = await answer.json();
      sent = keptNow(now);
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

// Ctrl+Enter saves, as on the desk of a round.
for (const form of document.querySelectorAll("form.edit")) {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("button[value=save]"));
  });
}

// A citation: names of instruments, the articles of the one that is named, what the article says.
for (const row of document.querySelectorAll("#citations details.row")) {
  const field = (name) => row.querySelector(`[name$="/${name}"]`);
  const law = field("instrument");
  const article = field("article");
  const shown = row.querySelector("[data-article]");
  if (!law || !article || !shown) continue;
  const offer = (input, id) => {
    const list = document.createElement("datalist");
    list.id = `${id}-${input.name}`;
    input.after(list);
    input.setAttribute("list", list.id);
    input.autocomplete = "off";
    return list;
  };
  const laws = offer(law, "laws");
  const articles = offer(article, "articles");
  let waiting = 0;
  let asked = null;

  async function ask() {
    asked?.abort();
    asked = new AbortController();
    const from = row.closest("form").elements.from.value;
    const query = new URLSearchParams({ law: law.value, article: article.value, from });
    try {
      const answer = await fetch(`/office/citation?${query}`, {
        signal: asked.signal,
        credentials: "same-origin",
        redirect: "error",
      });
      if (!answer.ok) return;
      const told = await answer.json();
      laws.replaceChildren(...told.laws.map((one) => new Option("", one)));
      articles.replaceChildren(...told.articles.map((one) => new Option("", one)));
      let named = law.parentElement.querySelector("small");
      if (!named) {
        named = document.createElement("small");
        law.parentElement.append(named);
      }
      named.textContent = told.id ? `${told.title}（${told.id}）` : "";
      shown.textContent = told.text || "";
    } catch (error) {
      if (error.name !== "AbortError") shown.textContent = "";
    }
  }

  for (const input of [law, article]) {
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(ask, 200);
    });
  }
  row.addEventListener("focusin", (event) => {
    if ([law, article].includes(event.target) && !asked && law.value) ask();
  });
}

// A file is chosen where its fingerprint stands.
for (const place of document.querySelectorAll("[data-file]")) {
  const field = place.parentElement.querySelector("input");
  const chosen = document.createElement("input");
  chosen.type = "file";
  chosen.setAttribute("aria-label", `${place.parentElement.querySelector("label").textContent.trim()}${place.dataset.choose}`);
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  place.replaceChildren(...place.querySelectorAll('a[href^="/api/"]'), chosen, said);
  chosen.addEventListener("change", async () => {
    if (!chosen.files.length) return;
    const body = new FormData();
    body.set("file", chosen.files[0]);
    said.textContent = place.dataset.sending;
    try {
      const answer = await fetch("/office/files", {
        method: "POST",
        body,
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        redirect: "error",
      });
      const told = await answer.json();
      if (answer.ok) {
        field.value = told.digest;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      said.textContent = answer.ok ? `${place.dataset.kept}${told.name}` : told.said;
    } catch {
      said.textContent = place.dataset.failed;
    }
  });
}
