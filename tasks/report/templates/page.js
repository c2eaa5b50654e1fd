// Lights up a method everywhere when one of its marks is pointed at, says what a dot is, and unfolds all for paper.
(() => {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true"); // the tables say the same
  document.body.append(tip);

  const place = (mark) => {
    const box = mark.getBoundingClientRect(), wide = tip.offsetWidth;
    const left = Math.min(Math.max(8, box.left + box.width / 2 - wide / 2), document.documentElement.clientWidth - wide - 8);
    const above = box.top - tip.offsetHeight - 8;
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${(above < 0 ? box.bottom + 8 : above) + scrollY}px`;
  };

  document.addEventListener("pointerover", ({ target }) => {
    const name = target.closest("[data-method]")?.dataset.method;
    document.querySelectorAll("[data-method]").forEach((one) => one.classList.toggle("lit", one.dataset.method === name));
    const mark = target.closest("[data-tip]");
    tip.hidden = !mark;
    if (mark) {
      tip.textContent = mark.dataset.tip;
      place(mark);
    }
  });

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((one) => (one.open = true));
  });
  addEventListener("afterprint", () => folded.forEach((one) => (one.open = false)));
})();
