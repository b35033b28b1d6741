"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const list = document.querySelector(".pictures");
  const words = { keep: "keep", drop: "drop", "": "undecided" };
  const store = `ferspec review ${data.key}`;
  const decisions = new Map(data.pictures.filter((p) => p.reviewed).map((p) => [p.digest, { decision: p.decision, label: p.label }]));
  try {
    for (const [digest, made] of JSON.parse(localStorage.getItem(store) || "[]")) decisions.set(digest, made);
  } catch { /* a browser without storage keeps decisions until the page is closed */ }
  const known = new Map(data.pictures.map((p) => [p.digest, p]));
  let show = "review";

  const made = (p) => decisions.get(p.digest) || { decision: p.decision === "keep" && !p.reviewed ? "keep" : "", label: p.label };
  const waits = (p) => p.waits;

  function element(tag, name, text) {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function card(p) {
    const item = element("li", "picture");
    item.tabIndex = -1;
    item.dataset.digest = p.digest;
    const frame = element("div", "frame");
    const shown = element("div", "shown");
    const image = element("img");
    image.loading = "lazy";
    image.alt = `picture found for ${p.label}`;
    image.src = p.file;
    shown.append(image);
    if (p.box) {
      const face = element("div", "face");
      const [left, top, right, bottom] = p.box;
      face.style.left = `${(100 * left) / p.width}%`;
      face.style.top = `${(100 * top) / p.height}%`;
      face.style.width = `${(100 * (right - left)) / p.width}%`;
      face.style.height = `${(100 * (bottom - top)) / p.height}%`;
      shown.append(face);
    }
    frame.append(shown);
    const said = element("div", "said");
    said.append(element("span", "word"), element("span", "label"), element("div", "reason", p.reason || "no doubt"));
    const choices = element("div", "choices");
    for (const decision of ["keep", "drop"]) {
      const button = element("button", "", decision);
      button.type = "button";
      button.tabIndex = -1;
      button.addEventListener("click", () => decide(p, { decision }));
      choices.append(button);
    }
    const select = element("select");
    select.setAttribute("aria-label", "class");
    select.tabIndex = -1;
    for (const label of data.classes) select.append(element("option", "", label));
    select.addEventListener("change", () => decide(p, { decision: "keep", label: select.value }));
    choices.append(select);
    item.append(frame, said, choices);
    item.addEventListener("focus", () => current(item));
    item.addEventListener("click", () => item.focus());
    update(item, p);
    return item;
  }

  function update(item, p) {
    const { decision, label } = made(p);
    item.classList.remove("keep", "drop", "undecided");
    item.classList.add(words[decision]);
    item.querySelector(".word").textContent = words[decision];
    const changed = label !== p.found;
    const said = item.querySelector(".label");
    said.textContent = changed ? `: ${label}, found as ${p.found}` : `: ${label}`;
    said.classList.toggle("changed", changed);
    item.querySelector("select").value = label;
    for (const button of item.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.textContent === decision));
  }

  function decide(p, change) {
    if (change === null) decisions.delete(p.digest);
    else decisions.set(p.digest, { ...made(p), ...change });
    try {
      localStorage.setItem(store, JSON.stringify([...decisions]));
    } catch { /* as above */ }
    update(list.querySelector(`[data-digest="${p.digest}"]`), p);
    count();
  }

  function count() {
    const left = data.pictures.filter((p) => waits(p) && !decisions.has(p.digest)).length;
    document.querySelector(".progress").textContent = `${left} of ${data.pictures.filter(waits).length} to decide, ${decisions.size} decided`;
  }

  function current(item) {
    for (const other of list.querySelectorAll("[tabindex='0']")) other.tabIndex = -1;
    item.tabIndex = 0;
  }

  function move(item, step) {
    const next = step > 0 ? item.nextElementSibling : item.previousElementSibling;
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  }

  function render() {
    const pictures = data.pictures.filter((p) => show === "all" || waits(p));
    list.replaceChildren(...pictures.map(card));
    document.querySelector(".empty").hidden = pictures.length > 0;
    for (const button of document.querySelectorAll("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === show));
    if (list.firstElementChild) list.firstElementChild.focus({ preventScroll: true });
    count();
  }

  function save() {
    const rows = data.pictures.filter((p) => decisions.get(p.digest)?.decision).map((p) => {
      const { decision, label } = decisions.get(p.digest);
      return `${p.digest},${decision},${label}\n`;
    });
    const link = element("a");
    link.href = URL.createObjectURL(new Blob(["digest,decision,label\n", ...rows], { type: "text/csv" }));
    link.download = "decisions.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    if (event.key === "e") return save();
    const item = document.activeElement.closest?.(".picture") || list.firstElementChild;
    const p = item && known.get(item.dataset.digest);
    if (!p) return;
    const number = Number(event.key);
    if (event.key === "k" || event.key === "d") {
      decide(p, { decision: event.key === "k" ? "keep" : "drop" });
      move(item, 1);
    } else if (event.key === "u") decide(p, null);
    else if (number >= 1 && number <= data.classes.length) {
      decide(p, { decision: "keep", label: data.classes[number - 1] });
      move(item, 1);
    } else if (event.key === "ArrowRight") move(item, 1);
    else if (event.key === "ArrowLeft") move(item, -1);
    else return;
    event.preventDefault();
  });
  for (const button of document.querySelectorAll("[data-show]")) {
    button.addEventListener("click", () => {
      show = button.dataset.show;
      render();
    });
  }
  document.querySelector(".export").addEventListener("click", save);
  render();
})();
