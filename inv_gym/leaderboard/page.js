"use strict";
// The number in a cell, or its text: "−0.85 ± 0.23" sorts as -0.85, the reference as 0.
const valueOf = (row, place) => {
  const text = row.cells[place].textContent.trim();
  const number = parseFloat(text.replaceAll("\u2212", "-"));
  return text === "reference" ? 0 : Number.isNaN(number) ? text : number;
};
const compare = (a, b) => {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? -1 : 1;
};
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement, body = head.closest("table").tBodies[0];
    const down = head.ariaSort === "descending" ? 1 : -1;
    for (const other of head.parentElement.cells) other.ariaSort = null;
    head.ariaSort = down < 0 ? "descending" : "ascending";
    const place = head.cellIndex;
    const rows = [...body.rows];
    rows.sort((a, b) => down * compare(valueOf(a, place), valueOf(b, place)));
    body.append(...rows);
  });
}
const boxes = document.querySelectorAll(".filter input");
for (const box of boxes) {
  box.addEventListener("change", () => {
    const hidden = new Set([...boxes].filter((each) => !each.checked).map((each) => each.value));
    for (const row of document.querySelectorAll("tr[data-knows]")) {
      row.hidden = hidden.has(row.dataset.knows) && !row.classList.contains("reference");
    }
  });
}
