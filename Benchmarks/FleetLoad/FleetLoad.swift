import Cryptography
import EdgeAgent
import Glibc
import MQTTTransport
import Pipelines
import Updates

// Many devices that take one release at the same moment; see Benchmarks/fleet.py.
//
//   fleet-load FOLDER URL ROOT.json DEVICES SPREAD-SECONDS
//
// Each device has the agent's own client: a connection, trusted metadata, windows of block topics and a package store below FOLDER. Waits until
// all are connected and follow the timestamp, prints `ready`, and takes what is published then. Prints `name value` lines; times in seconds
// from the first device that heard of the release.

@main struct FleetLoad {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst().map { $0 }
    guard arguments.count == 5, let count = Int(arguments[3]), let spread = Double(arguments[4]), let address = try? BrokerAddress(parsing: arguments[1]) else {
      fail("usage: fleet-load FOLDER URL ROOT.json DEVICES SPREAD-SECONDS")
    }
    guard let root = contents(of: arguments[2]) else { fail("\(arguments[2]) can't be read") }
    let devices = (0..<count).map { Device($0, folder: arguments[0], root: root, spread: spread) }
    for device in devices {
      device.connect(to: address)
      // Half a thousand a second; a broker's own limit isn't what is measured.
      usleep(2000)
    }
    for device in devices { device.waitUntilReady() }
    print("ready")
    // Whoever measures waits for it through a pipe.
    fflush(nil)
    for device in devices { device.thread?.join() }
    let done = devices.compactMap(\.finished).sorted()
    guard let first = devices.compactMap(\.heard).min(), let last = done.last else { fail("no device has taken the release: \(devices[0].failure ?? "")") }
    func seconds(_ instant: MonotonicInstant) -> Double { first.duration(to: instant) / .seconds(1) }
    print("devices", done.count)
    print("failed", count - done.count)
    if let failure = devices.compactMap(\.failure).first { print("failure", failure) }
    print("first_seconds", seconds(done[0]))
    print("median_seconds", seconds(done[done.count / 2]))
    print("last_seconds", seconds(last))
    print("package_bytes", devices.compactMap(\.byteCount).first ?? 0)
    for device in devices { device.connection?.stop() }
  }
}

/// One device of the fleet, on a thread of its own.
final class Device: @unchecked Sendable {
  let number: Int
  private let folder: String
  private let root: [UInt8]
  private let spread: Double
  private(set) var connection: BrokerConnection?
  private(set) var thread: DataPlaneThread?
  private var topics: RetainedTopics?
  private let mutex = PthreadMutex()
  private let condition = PthreadCondition()
  private var isConnected = false
  private var isReleased = false
  // Written by the device's thread, read once it has ended.
  private(set) var heard: MonotonicInstant?
  private(set) var finished: MonotonicInstant?
  private(set) var byteCount: Int?
  private(set) var failure: String?

  init(_ number: Int, folder: String, root: [UInt8], spread: Double) {
    (self.number, self.folder, self.root, self.spread) = (number, "\(folder)/\(number)", root, spread)
  }

  func connect(to address: BrokerAddress) {
    do {
      for path in [folder, folder + "/metadata"] { _ = unsafe mkdir(path, 0o755) }
      try MetadataFolder(folder + "/metadata").save("root", root)
      let connection = try BrokerConnection(BrokerSettings(address: address, clientID: "fleet-\(number)"))
      let topics = RetainedTopics(connection, patience: .seconds(5))
      connection.onStateChange { [weak self] state in if state.isConnected { self?.set { $0.isConnected = true } } }
      try topics.follow(ReleaseTopics.timestamp) { [weak self] in self?.set { $0.isReleased = true } }
      try connection.start()
      (self.connection, self.topics) = (connection, topics)
      thread = try DataPlaneThread(name: "device") { self.run() }
    } catch { fail("device \(number): \(error)") }
  }

  private func set(_ change: (Device) -> Void) {
    mutex.withLock { change(self) }
    condition.broadcast()
  }

  private func wait(for isTrue: () -> Bool) { mutex.withLock { while !isTrue() { condition.wait(with: mutex) } } }

  func waitUntilReady() { wait { isConnected } }

  private func run() {
    wait { isReleased }
    heard = MonotonicClock.now()
    usleep(UInt32(Double.random(in: 0...max(spread, 0.000_001)) * 1_000_000))
    do throws(UpdatesError) {
      try take()
      finished = MonotonicClock.now()
    } catch { failure = error.message }
  }

  private func take() throws(UpdatesError) {
    guard let topics else { return }
    var client = try UpdateClient(
      store: MetadataFolder(folder + "/metadata"), source: ReleaseTopics(topics: topics), startTime: DateTime(seconds: MonotonicClock.wallTime().seconds))
    guard let package = try client.offer().packages.last else { throw UpdatesError(.noSuchTarget, "nothing is released") }
    guard let hex = package.index.hashes.texts["sha256"], let digest = SHA256Digest(hex: hex), let bytes = try topics.read(ReleaseTopics.block(digest)) else {
      throw UpdatesError(.unavailable, "the list of blocks isn't there")
    }
    try package.index.check(bytes)
    var store = try PackageStore(models: folder, name: package.name)
    try store.begin(BlockIndex(bytes))
    var download = BlockDownload(topics: topics, bandwidth: nil, mayGoOn: { true }, onProgress: { _, _ in })
    _ = try download.run(into: &store)
    try store.finish()
    try store.activate()
    byteCount = store.active?.byteCount
  }
}

func fail(_ text: String) -> Never {
  let line = Array("fleet-load: \(text)\n".utf8)
  _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
  exit(1)
}
