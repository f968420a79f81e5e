// Names to complete what is typed into the search box. Without it the box searches as it is.
"use strict";
(() => {
  const box = document.querySelector('.find input[type="search"]');
  if (!box) return;
  const list = document.createElement("datalist");
  list.id = "names";
  box.after(list);
  box.setAttribute("list", list.id);
  let waiting = 0;
  let asked = null;

  // Browsers show only options with the typed text in them: what was found otherwise says it, and by which word.
  function label(one, typed) {
    if (one.layer === "exact") return "";
    return one.via && one.via !== typed ? `${typed} → ${one.via}` : typed;
  }

  async function ask() {
    const typed = box.value.trim();
    if (asked) asked.abort();
    if (!typed || typed.length > 100) return list.replaceChildren();
    asked = new AbortController();
    const on = new URLSearchParams(location.search).get("on");
    const query = new URLSearchParams({ q: typed, limit: "8", ...(on && { on }) });
    try {
      const answer = await fetch(`/api/v1/suggest?${query}`, { signal: asked.signal });
      const found = answer.ok ? (await answer.json()).suggestions : [];
      list.replaceChildren(...found.map((one) => new Option(label(one, typed), one.text)));
    } catch (error) {
      if (error.name !== "AbortError") list.replaceChildren();
    }
  }

  box.addEventListener("input", (event) => {
    if (event.isComposing) return;
    clearTimeout(waiting);
    waiting = setTimeout(ask, 150);
  });
  box.addEventListener("compositionend", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 150);
  });
})();
