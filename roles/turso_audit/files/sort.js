"use strict";
(() => {
  const table = document.getElementById("tokens");
  if (!table) return;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? cell.dataset.value : cell.textContent.trim();
  };
  // A browser takes seconds to place thousands of rows, each time that they are sorted.
  const most = 500;
  let shown = most;
  const limit = () => [...body.rows].forEach((row, index) => { row.hidden = index >= shown; });
  if (body.rows.length > most) {
    const all = document.createElement("button");
    all.type = "button";
    all.className = "all";
    all.textContent = `Show all ${body.rows.length} tokens; the first ${most} are shown`;
    all.addEventListener("click", () => {
      const next = body.rows[shown];
      shown = body.rows.length;
      limit();
      all.remove();
      next.tabIndex = -1;
      next.focus();
    });
    table.parentElement.after(all);
    limit();
  }
  const compare = (a, b, numeric) => (numeric ? Number(a) - Number(b) : collator.compare(a, b));

  heads.forEach((head, column) => {
    const numeric = head.dataset.sort === "number";
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const order = now === "ascending" || (now === null && numeric) ? "descending" : "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const rows = [...body.rows].map((row) => [row, valueOf(row, column)]);
      rows.sort(([, a], [, b]) => {
        if (a === "" || b === "") return (a === "") - (b === ""); // what is not known comes last either way
        return sign * compare(a, b, numeric);
      });
      // At once, and out of the page: moved one by one in it, each row would be placed again.
      const sorted = document.createDocumentFragment();
      sorted.append(...rows.map(([row]) => row));
      body.append(sorted);
      limit();
    });
  });
})();
