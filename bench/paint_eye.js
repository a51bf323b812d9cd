// Notes when a page's first useful value stands there and when the page is whole: ms since the navigation began.
// PLACE and PATTERN are what `bench.paint_eye` looks for. Streamlit tells on its root whether its script runs.
(() => {
  const STATE = 'data-test-script-state', QUIET = 300;
  const told = window.relaywardenPaint = {value: null, whole: null, socket: 0};
  let last = 0, turns = 0, finished = false, before = '';
  const holds = each => PATTERN.test(each.textContent);
  const drawn = () => !document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner]')
    && [...document.querySelectorAll('[data-testid=stDataFrame], [data-testid=stVegaLiteChart]')]
      .every(each => each.querySelector('canvas, svg'));
  const whole = () => { if (told.whole === null) told.whole = last; };
  const look = changes => {
    const now = performance.now();
    const state = document.querySelector(`[${STATE}]`)?.getAttribute(STATE) ?? '';
    if (state !== before) {  // before the change of the DOM counts: a run that begins anew is another one
      if (state === 'running' && ++turns > 1 && drawn()) whole();
      finished = turns > 1 || turns === 1 && state === 'notRunning';
      before = state;
    }
    if (changes.some(each => each.type !== 'attributes')) last = now;
    if (told.value === null && [...document.querySelectorAll(PLACE)].some(holds)) {
      told.value = -1;
      requestAnimationFrame(() => setTimeout(() => { told.value = performance.now(); }));
    }
  };
  new MutationObserver(look).observe(document,
    {subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: [STATE]});
  setInterval(() => { if (finished && drawn() && performance.now() - last >= QUIET) whole(); }, 20);
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', each => { told.socket += each.data.byteLength ?? each.data.size ?? 0; });
    }
  };
})();
