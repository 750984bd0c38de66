import Glibc
import MQTTTransport
import Outbox
import Pipelines

// Appends events to an outbox and publishes them, for Tests/Chaos to torment.
//
//   chaos-agent FOLDER LEDGER PORT RATE
//
// FOLDER holds the outbox; each accepted event is a line `TOPIC EPOCH SEQUENCE` of LEDGER. RATE events a second over four topics; 0: appends
// nothing, and ends when all is delivered. SIGTERM ends in order, with status 0; what keeps it from starting, with 1.

let arguments = CommandLine.arguments
guard arguments.count == 5, let port = UInt16(arguments[3]), let rate = Int(arguments[4]) else {
  print("usage: chaos-agent FOLDER LEDGER PORT RATE")
  exit(2)
}
let ledger = unsafe open(arguments[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)

@Sendable func say(_ text: String) {
  let line = Array("chaos-agent: \(text)\n".utf8)
  _ = unsafe write(2, line, line.count)
}

var settings = Outbox.Settings(path: "\(arguments[1])/outbox.sqlite", byteLimit: 16 << 20)
settings.retryDelay = .milliseconds(200)
settings.commitInterval = .milliseconds(5)
do {
  let outbox = try Outbox(settings) { say("\($0)") }
  var broker = BrokerSettings(address: BrokerAddress(host: "127.0.0.1", port: port, usesTLS: false), clientID: "chaos-agent")
  broker.keepAlive = .seconds(5)
  broker.connectTimeout = .seconds(2)
  broker.backOff = (.milliseconds(20), .milliseconds(500))
  let connection = try BrokerConnection(broker)
  let publisher = try OutboxPublisher(from: outbox, to: connection, pauseAfterRefusal: (.milliseconds(20), .milliseconds(500)))
  // For its own thread: signals come to the main one, below.
  var signals = sigset_t()
  unsafe sigemptyset(&signals)
  unsafe sigaddset(&signals, SIGTERM)
  unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
  try connection.start()
  var index = 0
  var pause = timespec(tv_sec: 0, tv_nsec: rate > 0 ? 1_000_000_000 / rate : 20_000_000)
  // The pause between events is the wait for the signal.
  while unsafe sigtimedwait(&signals, nil, &pause) != SIGTERM {
    if rate == 0 {
      if outbox.status.waiting == 0 { break }
      continue
    }
    index += 1
    let topic = "chaos/line/\(index % 4)/detections"
    let size = index * 7919 % 400
    outbox.append(
      to: topic,
      encoding: { Array("{\"epoch\":\"\($0.epoch)\",\"sequence\":\($0.sequence),\"filler\":\"\(String(repeating: "x", count: size))\"}".utf8) }
    ) { result in
      guard case .success(let number) = result else { return }
      let line = Array("\(topic) \(number.epoch) \(number.sequence)\n".utf8)
      _ = unsafe write(ledger, line, line.count)
    }
  }
  publisher.stop()
  connection.stop(draining: .milliseconds(500))
  outbox.close()
} catch {
  say("\(error)")
  exit(1)
}
