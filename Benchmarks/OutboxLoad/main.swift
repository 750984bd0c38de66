import Glibc
import MQTTTransport
import Outbox
import Pipelines

// A week offline in compressed time: fills an outbox, then lets it catch up with a broker while new events come. See Benchmarks/outbox.py.
//
//   outbox-load FOLDER COUNT LIMIT_BYTES [BROKER_URL]
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

let arguments = CommandLine.arguments
guard arguments.count >= 4, let count = Int(arguments[2]), let limit = Int(arguments[3]) else {
  print("usage: outbox-load FOLDER COUNT LIMIT_BYTES [BROKER_URL]")
  exit(2)
}

func seconds(_ start: MonotonicInstant) -> Double { start.duration(to: MonotonicClock.now()) / .seconds(1) }

let outbox = try Outbox(path: "\(arguments[1])/outbox.sqlite", byteLimit: limit)
let started = MonotonicClock.now()
for index in 0..<count {
  // Full: let the disk catch up.
  while !outbox.append(to: "swiftlet/v1/plant/line/surface/detections", encoding: { event($0, index) }) { outbox.flush() }
}
outbox.flush()
let status = outbox.status
report("offline_events", status.accepted)
report("offline_events_per_second", Int(Double(status.accepted) / seconds(started)))
report("waiting", status.waiting)
report("evicted", status.evicted)
report("peak_resident_kib", processFact("status", "VmHWM:"))
report("disk_bytes_per_event", processFact("io", "write_bytes:") / max(count, 1))

if arguments.count > 4 {
  var settings = BrokerSettings(address: try BrokerAddress(parsing: arguments[4]), clientID: "outbox-load")
  settings.window = (2048, 16 << 20)
  let connection = try BrokerConnection(settings)
  let publisher = try OutboxPublisher(from: outbox, to: connection)
  let before = outbox.status.delivered
  let online = MonotonicClock.now()
  try connection.start()
  let latencies = Latencies()
  var fresh = 0
  var appending: [Double] = []
  // New events come, a hundred a second, while the old ones leave.
  while outbox.status.waiting > fresh {
    let begun = MonotonicClock.now()
    let index = count + fresh
    outbox.append(to: "swiftlet/v1/plant/line/surface/detections", encoding: { event($0, index) }) { _ in
      latencies.add(begun.duration(to: MonotonicClock.now()))
    }
    appending.append(begun.duration(to: MonotonicClock.now()) / .seconds(1))
    fresh += 1
    usleep(10_000)
    if outbox.status.waiting < 1000 { break }
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
outbox.close()
