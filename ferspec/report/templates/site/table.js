"use strict";
// Sorts and filters the one table of the page, whose cells are its bodies.
(() => {
  const table = document.getElementById("sorted");
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const bodies = [...table.tBodies];
  const places = new Map(bodies.map((body, place) => [body, place]));
  const fields = [...form.querySelectorAll("[data-field]")];
  const value = (body, key) => body.getAttribute("data-" + key);

  function matches(body) {
    return fields.every((field) => {
      const wanted = field.value.trim().toLowerCase();
      if (!wanted) return true;
      const held = value(body, field.dataset.field).toLowerCase();
      if (field.dataset.field === "marks") return held.split(" ").includes(wanted);
      return field.tagName === "SELECT" ? held === wanted : held.includes(wanted);
    });
  }

  function filter() {
    let count = 0;
    for (const body of bodies) {
      body.hidden = !matches(body);
      count += body.hidden ? 0 : 1;
    }
    shown.textContent = `${count} of ${bodies.length} cells`;
  }

  function compare(key, sign) {
    return (first, second) => {
      const [a, b] = [value(first, key), value(second, key)];
      // what is unknown comes last in both directions
      if (a === null || b === null) return (a === null) - (b === null) || places.get(first) - places.get(second);
      const numbers = [Number(a), Number(b)];
      const order = numbers.some(Number.isNaN) ? a.localeCompare(b) : numbers[0] - numbers[1];
      return sign * order || places.get(first) - places.get(second);
    };
  }

  function sort(button) {
    const heading = button.closest("th");
    const before = heading.getAttribute("aria-sort");
    const numeric = heading.classList.contains("number");
    // the first click shows the largest number or the first word
    const next = before === "none" ? (numeric ? "descending" : "ascending") : before === "ascending" ? "descending" : "ascending";
    for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", next);
    const order = compare(button.dataset.key, next === "ascending" ? 1 : -1);
    table.append(...[...bodies].sort(order));
  }

  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) sort(button);
  });
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
})();
