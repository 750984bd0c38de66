import Glibc
import MQTTTransport
import Outbox
import Pipelines

// What the outbox costs; see Benchmarks/outbox.py.
//
//   outbox-load week FOLDER COUNT LIMIT_BYTES [BROKER_URL]     fills an outbox, then lets it catch up while new events come
//   outbox-load wear FOLDER RATE SECONDS INTERVAL_MS [BROKER_URL]     appends RATE events a second
//
// Prints `name value` lines.

/// What a detection message of three objects looks like.
func event(_ number: MessageNumber, _ index: Int) -> [UInt8] {
  var json = JSONWriter()
  json.object {
    $0.member("schema", "swiftlet/detections/1")
    $0.member("epoch", number.epoch)
    $0.member("sequence", number.sequence)
    $0.member("captured_at", MonotonicClock.wallTime().rfc3339)
    $0.member("clock", "synchronised")
    $0.member("frame", UInt64(index))
    $0.member(
      "detections",
      #"[{"label":"scratch","score":0.93,"box":[0.112,0.232,0.451,0.339]},{"label":"dent","score":0.41,"box":[0.57,0.66,0.07,0.05]}]"#)
  }
  return json.bytes
}

/// A line of /proc/self/NAME that begins with KEY, as a number.
func processFact(_ file: String, _ key: String) -> Int {
  let descriptor = unsafe open("/proc/self/\(file)", O_RDONLY)
  defer { close(descriptor) }
  var bytes = [UInt8](repeating: 0, count: 8192)
  let count = unsafe read(descriptor, &bytes, bytes.count)
  for line in String(decoding: bytes[..<max(count, 0)], as: UTF8.self).split(separator: "\n") where line.hasPrefix(key) {
    return Int(line.dropFirst(key.count).filter(\.isNumber)) ?? 0
  }
  return 0
}

/// At once: standard output into a pipe would wait for the end.
func report(_ name: String, _ value: some CustomStringConvertible) {
  let line = Array("\(name) \(value)\n".utf8)
  _ = unsafe write(1, line, line.count)
}

func percentile(_ values: [Double], _ share: Double) -> Double {
  guard !values.isEmpty else { return 0 }
  return values.sorted()[min(values.count - 1, Int(Double(values.count) * share))]
}

final class Latencies: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private var seconds: [Double] = []

  func add(_ duration: Duration) { mutex.withLock { seconds.append(duration / .seconds(1)) } }
  var all: [Double] { mutex.withLock { seconds } }
}

func seconds(_ start: MonotonicInstant) -> Double { start.duration(to: MonotonicClock.now()) / .seconds(1) }

let topic = "swiftlet/v1/plant/line/surface/detections"

func connect(_ url: String) throws -> BrokerConnection {
  var settings = BrokerSettings(address: try BrokerAddress(parsing: url), clientID: "outbox-load")
  settings.window = (2048, 16 << 20)
  return try BrokerConnection(settings)
}

func week(_ folder: String, count: Int, limit: Int, broker: String?) throws {
  let outbox = try Outbox(path: "\(folder)/outbox.sqlite", byteLimit: limit)
  let started = MonotonicClock.now()
  for index in 0..<count {
    // Full: let the disk catch up.
    while !outbox.append(to: topic, encoding: { event($0, index) }) { outbox.flush() }
  }
  outbox.flush()
  let status = outbox.status
  report("offline_events", status.accepted)
  report("offline_events_per_second", Int(Double(status.accepted) / seconds(started)))
  report("waiting", status.waiting)
  report("evicted", status.evicted)
  report("offline_peak_resident_kib", processFact("status", "VmHWM:"))
  report("disk_bytes_per_event", processFact("io", "write_bytes:") / max(count, 1))
  if let broker { try catchUp(outbox, broker, after: count) }
  outbox.close()
}

/// New events come, a hundred a second, while the old ones leave.
func catchUp(_ outbox: Outbox, _ broker: String, after count: Int) throws {
  let connection = try connect(broker)
  let publisher = try OutboxPublisher(from: outbox, to: connection)
  let before = outbox.status.delivered
  let online = MonotonicClock.now()
  try connection.start()
  let latencies = Latencies()
  var appending: [Double] = []
  while outbox.status.waiting >= 1000 {
    let begun = MonotonicClock.now()
    let index = count + appending.count
    outbox.append(to: topic, encoding: { event($0, index) }) { _ in latencies.add(begun.duration(to: MonotonicClock.now())) }
    appending.append(begun.duration(to: MonotonicClock.now()) / .seconds(1))
    usleep(10_000)
  }
  let taken = seconds(online)
  let delivered = outbox.status.delivered - before
  report("delivered", delivered)
  report("catch_up_events_per_second", Int(Double(delivered) / taken))
  report("append_max_ms", percentile(appending, 1) * 1000)
  report("accept_median_ms", percentile(latencies.all, 0.5) * 1000)
  report("accept_p99_ms", percentile(latencies.all, 0.99) * 1000)
  report("accept_max_ms", percentile(latencies.all, 1) * 1000)
  report("peak_resident_kib", processFact("status", "VmHWM:"))
  outbox.waitUntilDelivered(until: MonotonicClock.now().advanced(by: .seconds(20)))
  publisher.stop()
  connection.stop()
}

func wear(_ folder: String, rate: Int, duration: Int, interval: Int, broker: String?) throws {
  var settings = Outbox.Settings(path: "\(folder)/outbox.sqlite")
  settings.commitInterval = .milliseconds(interval)
  let outbox = try Outbox(settings)
  let connection = try broker.map { try connect($0) }
  let publisher = try connection.map { try OutboxPublisher(from: outbox, to: $0) }
  try connection?.start()
  let before = processFact("io", "write_bytes:")
  for index in 0..<rate * duration {
    outbox.append(to: topic, encoding: { event($0, index) })
    usleep(UInt32(1_000_000 / rate))
  }
  outbox.flush()
  report("disk_bytes_per_event", (processFact("io", "write_bytes:") - before) / (rate * duration))
  publisher?.stop()
  connection?.stop()
  outbox.close()
}

let arguments = CommandLine.arguments
let numbers = arguments.dropFirst(3).compactMap { Int($0) }
switch arguments.count > 2 ? arguments[1] : "" {
case "week" where numbers.count == 2:
  try week(arguments[2], count: numbers[0], limit: numbers[1], broker: arguments.count > 5 ? arguments[5] : nil)
case "wear" where numbers.count == 3 && numbers[0] > 0:
  try wear(arguments[2], rate: numbers[0], duration: numbers[1], interval: numbers[2], broker: arguments.count > 6 ? arguments[6] : nil)
default:
  print("usage: outbox-load week FOLDER COUNT LIMIT_BYTES [BROKER_URL] | wear FOLDER RATE SECONDS INTERVAL_MS [BROKER_URL]")
  exit(2)
}
