// What makes the pages of a round quicker. Everything on them works without it.
"use strict";

// Opening a round: the items are counted anew when the filter changes.
for (const form of document.querySelectorAll("form[data-counts]")) {
  let asked = 0;
  form.addEventListener("change", async (event) => {
    if (!["region", "base_day", "types", "authorities"].includes(event.target.name)) return;
    const mine = ++asked;
    const fields = new URLSearchParams(new FormData(form));
    fields.set("do", "count");
    const answer = await fetch(form.action, { method: "POST", body: fields, credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const counted = page.querySelector(form.dataset.counts);
    const shown = document.querySelector(form.dataset.counts);
    if (mine !== asked || !counted || !shown) return;
    const open = shown.querySelector("details")?.open;
    const focused = document.activeElement?.value;
    shown.replaceChildren(...counted.childNodes);
    if (open && shown.querySelector("details")) shown.querySelector("details").open = true;
    if (event.target.name === "authorities") {
      [...shown.querySelectorAll("input")].find((one) => one.value === focused)?.focus();
    }
  });
}

// Deciding: the key before an option chooses it for the row and goes on to the next, 0 clears the row; arrows move;
// Ctrl+Enter saves.
for (const form of document.querySelectorAll("form[data-keys]")) {
  const rows = [...form.querySelectorAll("select[data-row]")];
  const go = (select, step) => rows[rows.indexOf(select) + step]?.focus();
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.querySelector("button[value=rows]").click();
      return;
    }
    const select = event.target;
    if (!rows.includes(select) || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    const option = [...select.options].find((one) => (one.dataset.key || "0") === key);
    if (option) {
      event.preventDefault();
      select.value = option.value;
      select.dispatchEvent(new Event("input", { bubbles: true }));
      go(select, 1);
    } else if (event.key === "j" || event.key === "ArrowDown") {
      event.preventDefault();
      go(select, 1);
    } else if (event.key === "k" || event.key === "ArrowUp") {
      event.preventDefault();
      go(select, -1);
    }
  });
  // A row that is cleared is told from one that never said anything.
  form.addEventListener("input", ({ target }) => {
    if (!rows.includes(target) || target.parentElement.querySelector("input[name=touched]")) return;
    const touched = document.createElement("input");
    Object.assign(touched, { type: "hidden", name: "touched", value: target.name.slice(2) });
    target.before(touched);
  });
  const all = form.querySelector("input[data-all]");
  if (all) {
    all.hidden = false;
    all.addEventListener("change", () => {
      for (const box of form.querySelectorAll("input[name=item]")) box.checked = all.checked;
    });
  }
}

// Of an outcome, the fields that say something about it; what is filled in stays in sight.
for (const select of document.querySelectorAll("select[data-outcome]")) {
  const fields = [...select.form.querySelectorAll("[data-for]")];
  const choose = () => {
    const outcome = select.selectedOptions[0]?.dataset.is || "";
    for (const field of fields) {
      const filled = field.querySelector("input, textarea").value.trim();
      field.hidden = !filled && !field.dataset.for.split(" ").includes(outcome);
    }
  };
  select.addEventListener("change", choose);
  choose();
}

// A file may be dropped where it can be chosen.
for (const place of document.querySelectorAll("[data-drop]")) {
  const input = place.querySelector("input[type=file]");
  for (const name of ["dragenter", "dragover"]) {
    place.addEventListener(name, (event) => {
      event.preventDefault();
      place.classList.add("over");
    });
  }
  place.addEventListener("dragleave", () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    input.files = event.dataTransfer.files;
  });
}
