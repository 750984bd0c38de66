/// The page for people: what an agent does, renewed every two seconds from `/status.json`. It builds its elements by itself and never takes text
/// from the agent for HTML.
public enum StatusPage {
  public static let page = BrowserPage(title: "Swiftlet", style: style, body: body, script: script)

  private static let body = """
    <header><h1>Swiftlet</h1><p id="who"></p><p id="summary" role="status">Waiting for the agent…</p></header>
    <main id="main"></main>
    <footer id="foot"></footer>
    """

  /// Also for other pages of the same family.
  public static let style = """
    :root{--back:#f4f5f7;--card:#fff;--text:#1b1f24;--dim:#5b6570;--line:#d9dee4;--good:#18794e;--warn:#9a6700;--bad:#c62a2f;--bar:#3b7dd8}
    @media (prefers-color-scheme:dark){:root{--back:#0f1216;--card:#191d23;--text:#e6e9ed;--dim:#97a1ad;--line:#2c333c;--good:#4cc38a;--warn:#f0b429;\
    --bad:#ff6369;--bar:#5b9cf0}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--back);color:var(--text);font:15px/1.45 system-ui,sans-serif}
    header,main,footer{max-width:1100px;margin:0 auto;padding:12px 16px}
    h1{font-size:20px;margin:0}h2{font-size:15px;margin:0 0 8px;display:flex;gap:8px;justify-content:space-between;align-items:baseline}
    h2 span:first-child{min-width:0;overflow-wrap:anywhere}
    header p{margin:2px 0;color:var(--dim);overflow-wrap:anywhere}
    main{columns:300px;column-gap:12px}
    section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px;margin:0 0 12px;break-inside:avoid}
    .state{font-size:12px;padding:1px 8px;border-radius:9px;border:1px solid currentColor;color:var(--dim);white-space:nowrap}
    .good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
    dl{display:grid;grid-template-columns:auto 1fr;gap:2px 12px;margin:0}dt{color:var(--dim)}dd{margin:0;text-align:right;overflow-wrap:anywhere;\
    font-variant-numeric:tabular-nums}
    .big{font-size:26px;font-weight:600;font-variant-numeric:tabular-nums}.big small{font-size:13px;font-weight:400;color:var(--dim)}
    .bar{height:6px;border-radius:3px;background:var(--line);overflow:hidden;margin:6px 0}
    meter{width:100%;height:8px;margin:6px 0}
    table{width:100%;border-collapse:collapse;margin-top:8px;font-variant-numeric:tabular-nums;font-size:13px}
    th,td{text-align:right;padding:2px 0 2px 8px;border-top:1px solid var(--line);font-weight:400}th{color:var(--dim)}
    th:first-child,td:first-child{text-align:left;padding-left:0}
    ul{list-style:none;margin:8px 0 0;padding:0;font-size:13px}li{padding:2px 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
    li time{color:var(--dim);margin-right:8px}
    footer{color:var(--dim);font-size:13px}a{color:inherit}
    .stale main{opacity:.5}
    """

  static let script = """
    'use strict';
    const $ = id => document.getElementById(id);
    function put(name, text, kind, ...children) {
      const e = document.createElement(name);
      if (text !== undefined && text !== null) e.textContent = text;
      if (kind) e.className = kind;
      e.append(...children);
      return e;
    }
    const number = (v, digits = 0) => v === null || v === undefined ? '–' : Number(v).toLocaleString('en', {minimumFractionDigits: digits, maximumFractionDigits: digits});
    const bytes = v => v >= 1e9 ? number(v / 1e9, 2) + ' GB' : v >= 1e6 ? number(v / 1e6, 1) + ' MB' : number(v / 1e3, 1) + ' kB';
    const span = s => s >= 172800 ? number(s / 86400, 1) + ' days' : s >= 7200 ? number(s / 3600, 1) + ' h' : s >= 120 ? number(s / 60) + ' min' : number(s) + ' s';
    const time = t => t.slice(11, 19);
    const sum = o => Object.values(o).reduce((a, b) => a + b, 0);
    const list = o => Object.entries(o).filter(e => e[1] > 0).map(e => e[0].replace('_', ' ') + ' ' + number(e[1])).join(', ');
    const kinds = {running: 'good', streaming: 'good', listening: 'good', waiting: 'warn', starting: 'warn', paused: 'warn', ended: ''};
    function card(title, state, kind, ...children) {
      const head = put('h2', null, null, put('span', title));
      if (state) head.append(put('span', state, 'state ' + (kind === undefined ? kinds[state] || '' : kind)));
      return put('section', null, null, head, ...children);
    }
    function facts(pairs) {
      const all = put('dl');
      for (const [name, value, kind] of pairs) if (value !== null && value !== undefined && value !== '') all.append(put('dt', name), put('dd', value, kind));
      return all;
    }
    function pipeline(p) {
      const rate = put('div', number(p.frame_rate, 1), 'big');
      rate.append(put('small', ' frames/s'));
      const table = put('table');
      table.append(put('tr', null, null, put('th', 'ms'), put('th', 'p50'), put('th', 'p90'), put('th', 'p99')));
      for (const [stage, l] of Object.entries(p.latency_ms)) {
        table.append(put('tr', null, null, put('td', stage), ...['p50', 'p90', 'p99'].map(q => put('td', number(l[q], 1)))));
      }
      const found = put('ul');
      for (const r of p.recent) {
        const words = r.detections.slice(0, 3).map(d => d.label + ' ' + Math.round(100 * d.score) + ' %').join(', ');
        found.append(put('li', null, null, put('time', time(r.at)), words + (r.count > 3 ? ' and ' + (r.count - 3) + ' more' : '')));
      }
      const drops = sum(p.dropped);
      const c = card(p.name, p.state, undefined, rate, facts([
        ['camera', p.camera], ['model', p.model.name + ' ' + p.model.version + (p.lighter ? ' (lighter)' : '')], ['processed', number(p.processed)],
        ['with detections', number(p.with_detections)], ['dropped', drops ? number(drops) + ' (' + list(p.dropped) + ')' : '0'],
        ['told again', p.reused || ''], ['nothing to look at', p.unneeded || ''], ['crops left out', p.crops_left_out || '', 'warn'],
        ['frames a run', p.mean_batch || ''], ['decided', p.decisions ? list(p.decisions) || '0' : ''],
        ['left out', sum(p.left_out) ? list(p.left_out) : '', 'warn']]), table);
      if (p.recent.length) c.append(found);
      return c;
    }
    const camera = c => card(c.name, c.state, undefined, facts([
      ['source', c.source], ['reason', c.reason, 'warn'], ['stream', c.width ? c.width + '×' + c.height + ' ' + c.format : ''],
      ['delivered', number(c.delivered)], ['lost', sum(c.lost) ? list(c.lost) : '0'], ['came back', c.resumptions || '']]));
    const gate = g => card(g.name, g.state, g.state === 'armed' ? 'good' : 'bad', facts([
      ['pipeline', g.pipeline], ['reason', g.reason, 'bad'], ['passed', number(g.passes)], ['rejected', number(g.rejects)],
      ['failed orders', g.failed ? number(g.failed) : '', 'bad'], ['without order', g.unplaced ? number(g.unplaced) : '', 'bad']]));
    const speech = s => card(s.name, s.state, undefined, facts([
      ['microphone', s.microphone], ['reason', s.reason, 'warn'], ['model', s.model.name + ' ' + s.model.version], ['texts', number(s.utterances)],
      ['commands', number(s.commands)], ['sound lost', number(s.lost_s, 1) + ' s'], ['sound dropped', number(s.dropped_s, 1) + ' s']]));
    function delivery(s) {
      const o = s.outbox, meter = put('meter');
      [meter.min, meter.max, meter.value, meter.high] = [0, o.limit_bytes, o.bytes, .9 * o.limit_bytes];
      meter.title = 'outbox in use';
      const state = !s.broker ? 'local' : s.broker.connected ? 'connected' : 'offline';
      return card('Broker and outbox', state, state === 'connected' ? 'good' : state === 'offline' ? 'warn' : '', facts([
        ['broker', s.broker ? s.broker.state : 'none: results stay here'], ['error', o.error, 'bad'], ['waiting', number(o.waiting) + ' messages'],
        ['size', bytes(o.bytes) + ' of ' + bytes(o.limit_bytes)], ['recorded', number(o.accepted)], ['delivered', number(o.delivered)],
        ['given up', o.evicted + o.refused ? number(o.evicted + o.refused) : '', 'bad'], ['last commit', number(o.last_commit_ms, 1) + ' ms']]), meter);
    }
    function machine(s) {
      const m = s.machine, d = s.degradation;
      const rows = m.temperatures.map(t => [t.zone, number(t.celsius, 1) + ' °C' + (t.critical ? ' of ' + number(t.critical) : '')]);
      if (m.memory.resident_bytes) rows.push(['agent’s memory', bytes(m.memory.resident_bytes)]);
      if (m.memory.available_bytes) rows.push(['memory left', bytes(m.memory.available_bytes) + ' of ' + bytes(m.memory.total_bytes)]);
      for (const [name, value] of Object.entries(m.pressure_percent)) rows.push([name + ' pressure', number(value, 1) + ' %']);
      rows.push(['clock', s.clock, s.clock === 'synchronised' ? '' : 'warn'], ['strain', d.reasons.join('; '), 'warn']);
      return card('Machine', d.step ? '1 frame in ' + 2 ** d.step : 'all frames', d.step ? 'bad' : 'good', facts(rows));
    }
    function updates(u) {
      const rows = [['channel', u.channel], ['fleet', u.metadata.outcome + (u.metadata.reason ? ': ' + u.metadata.reason : '')]];
      for (const [name, m] of Object.entries(u.models)) {
        rows.push([name, m.active ? m.active.version : 'none yet']);
        if (m.candidate) rows.push(['coming', m.candidate.version + ', ' + m.candidate.state]);
        if (m.last) rows.push(['last update', m.last.version + ' ' + m.last.outcome + (m.last.reason ? ': ' + m.last.reason : '')]);
      }
      return card('Updates', '', '', facts(rows));
    }
    function show(s) {
      document.title = s.device + ' · Swiftlet';
      $('who').textContent = s.site + ' / ' + s.device + ' · version ' + s.version + ' · up ' + span(s.uptime_s);
      $('summary').textContent = s.summary;
      const cards = [...s.pipelines.map(pipeline), ...s.speech.map(speech), ...s.cameras.map(camera), ...s.gates.map(gate), delivery(s), machine(s)];
      if (s.updates) cards.push(updates(s.updates));
      $('main').replaceChildren(...cards);
      $('foot').replaceChildren('As of ' + time(s.at) + ' UTC. For programs: ', Object.assign(put('a', 'metrics'), {href: '/metrics'}), ', ',
        Object.assign(put('a', 'status.json'), {href: '/status.json'}));
    }
    async function renew() {
      try {
        const answer = await fetch('/status.json', {signal: AbortSignal.timeout(5000)});
        if (!answer.ok) throw new Error('status ' + answer.status);
        show(await answer.json());
        document.body.classList.remove('stale');
        document.body.dataset.shown = 'yes';
      } catch (error) {
        document.body.classList.add('stale');
        $('summary').textContent = 'The agent doesn’t answer (' + error.message + '); what is below is old.';
      }
      setTimeout(renew, 2000);
    }
    renew();
    """
}
