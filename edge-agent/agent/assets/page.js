// The page asks for itself every few seconds and stays where it is. While the
// box does not answer it says so, instead of showing what was once true.
(() => {
  const main = document.querySelector("main");
  const every = Number(document.currentScript.dataset.seconds) * 1000;
  const words = document.currentScript.dataset.gone;
  const gone = () => {
    if (main.querySelector("#gone")) return;
    const line = document.createElement("p");
    line.id = "gone";
    line.className = "state bad";
    line.setAttribute("role", "alert");
    line.textContent = words;
    main.querySelector(".state")?.remove();
    main.querySelector("h1").after(line);
  };
  const look = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(every * 2) });
      if (!answer.ok) return gone();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = fresh.querySelector("main");
      if (!next) return gone();
      if (next.innerHTML === main.innerHTML) return;
      const held = document.activeElement?.getAttribute("href");
      main.replaceChildren(...next.childNodes);
      document.title = fresh.title;
      if (held) [...main.querySelectorAll("a")].find((a) => a.getAttribute("href") === held)?.focus();
    } catch {
      gone();
    }
  };
  const again = () => look().finally(() => setTimeout(again, every));
  setTimeout(again, every);
})();
