import Capture
import LocalPage

/// A camera's picture in a browser on this machine, with figures beside it.
enum AimingPage {
  static func routes(_ desk: AimingDesk, _ source: String) -> [PageRoute] {
    [
      page.route("/"),
      PageRoute("/picture.jpg", contentType: "image/jpeg") { desk.takePicture() },
      PageRoute("/figures.json", contentType: "application/json") { Array(json(desk.current, source).text.utf8) },
    ]
  }

  static func json(_ report: AimingDesk.Report, _ source: String) -> JSON {
    let figures = report.figures
    func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
    let lost = report.counters.missed + report.counters.empty + report.counters.short + report.counters.faulty + report.counters.unreadable
    return .object([
      ("source", .string(source)), ("state", .string(report.state)),
      ("stream", report.format.map { .string("\($0.width)×\($0.height) \($0.pixelFormat.name)") } ?? .null),
      ("frames_per_second", number(report.frameRate)), ("latency_ms", number(report.latency.map { $0 / .milliseconds(1) })),
      ("lost", .integer(Int(clamping: lost))), ("focus", number(figures?.focus)), ("best_focus", .number(report.bestFocus)),
      ("mean", number(figures?.mean)), ("black", number(figures?.black)), ("white", number(figures?.white)),
      ("advice", figures?.advice.map { .string($0) } ?? .null), ("found", report.found.map { .array($0.map { .string($0) }) } ?? .null),
    ])
  }

  private static let page = BrowserPage(
    title: "Camera · Swiftlet", style: StatusPage.style + style,
    body: #"""
      <header><h1>Camera</h1><p id="who"></p><p id="state" role="status">Waiting for a picture…</p></header>
      <main id="main"><section class="wide"><img id="picture" alt="what the camera sees"></section>
      <section><h2>Focus</h2><div class="big" id="focus">–</div><meter id="sharp" min="0" max="1" value="0"></meter><p id="best"></p></section>
      <section><h2>Exposure</h2><dl id="exposure"></dl></section><section><h2>Stream</h2><dl id="stream"></dl></section>
      <section id="found" hidden><h2>Found</h2><dl id="list"></dl></section></main>
      """#, script: script, images: true)

  private static let style = """
    .wide{column-span:all;padding:6px}img{display:block;width:100%;height:auto;border-radius:6px;background:var(--line);min-height:120px}
    """

  private static let script = """
    'use strict';
    const $ = id => document.getElementById(id);
    const number = (v, digits = 0) => v === null || v === undefined ? '–' : Number(v).toFixed(digits);
    function rows(id, pairs) {
      const all = [];
      for (const [name, value, kind] of pairs) {
        const [t, d] = [document.createElement('dt'), document.createElement('dd')];
        [t.textContent, d.textContent, d.className] = [name, value, kind || ''];
        all.push(t, d);
      }
      $(id).replaceChildren(...all);
    }
    let shown = null;
    async function picture() {
      const answer = await fetch('/picture.jpg', {signal: AbortSignal.timeout(5000)});
      if (!answer.ok) return false;
      const next = URL.createObjectURL(await answer.blob());
      await new Promise(done => { $('picture').onload = $('picture').onerror = done; $('picture').src = next; });
      if (shown) URL.revokeObjectURL(shown);
      shown = next;
      return true;
    }
    async function figures() {
      const f = await (await fetch('/figures.json', {signal: AbortSignal.timeout(5000)})).json();
      $('who').textContent = f.source;
      $('state').textContent = f.state;
      $('focus').textContent = number(f.focus, 1);
      $('sharp').value = f.best_focus > 0 && f.focus !== null ? f.focus / f.best_focus : 0;
      $('best').textContent = 'best of the last minute ' + number(f.best_focus, 1) + '; turn the ring until it is reached again';
      rows('exposure', [['mean', number(f.mean) + ' of 255', f.advice ? 'warn' : ''], ['black', number(100 * f.black, 1) + ' %'],
        ['white', number(100 * f.white, 1) + ' %'], ['verdict', f.advice || 'good', f.advice ? 'warn' : 'good']]);
      rows('stream', [['format', f.stream || '–'], ['frames', number(f.frames_per_second, 1) + ' /s'], ['latency', number(f.latency_ms, 1) + ' ms'], ['lost', f.lost]]);
      $('found').hidden = !f.found;
      rows('list', (f.found || []).map((t, i) => [String(i + 1), t]));
      document.body.dataset.shown = shown ? 'yes' : '';
    }
    async function renew() {
      try {
        const isFresh = await picture();
        await figures();
        document.body.classList.toggle('stale', !isFresh);
      } catch (error) {
        document.body.classList.add('stale');
        $('state').textContent = 'The camera’s program doesn’t answer (' + error.message + ').';
      }
      setTimeout(renew, 150);
    }
    renew();
    """
}
