// The live line to the sandbox: opened again whenever it breaks, with a whole fresh state each time.

const FIRST_DELAY_MS = 300;
const LONGEST_DELAY_MS = 3000;

/** Calls `onNews` with each change and `onLink(true|false)` when the line opens or breaks. */
export function connect(onNews, onLink) {
  let delay = FIRST_DELAY_MS;
  const open = () => {
    const socket = new WebSocket(new URL("/sandbox/live", location.href.replace(/^http/, "ws")));
    socket.addEventListener("message", (event) => {
      const news = JSON.parse(event.data);
      if (news.type === "state") {
        delay = FIRST_DELAY_MS;
        onLink(true);
      }
      onNews(news);
    });
    socket.addEventListener("close", () => {
      onLink(false);
      setTimeout(open, delay);
      delay = Math.min(delay * 2, LONGEST_DELAY_MS);
    });
  };
  open();
}
