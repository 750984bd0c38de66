import Cryptography
import Pipelines
package import Updates

/// Fetches a package's blocks: some topics at a time, more while they come at once, fewer where the broker is slow.
package struct BlockDownload {
  /// Most topics at once. A broker's own queue for one client has room for many more.
  static let largestWindow = 16
  /// Times that one block is asked for.
  private static let attempts = 3

  let topics: RetainedTopics
  /// Bytes a second; nil: no limit.
  let bandwidth: Int?
  /// Whether to go on; asked before each block, and whenever a pause between them was interrupted.
  let mayGoOn: () -> Bool
  /// Called after each block.
  let onProgress: (PackageStore.Progress, _ bytesPerSecond: Int) -> Void

  private var window = 4
  private var failures: [SHA256Digest: Int] = [:]
  private var received = 0

  package init(
    topics: RetainedTopics, bandwidth: Int?, mayGoOn: @escaping () -> Bool,
    onProgress: @escaping (PackageStore.Progress, _ bytesPerSecond: Int) -> Void
  ) {
    (self.topics, self.bandwidth, self.mayGoOn, self.onProgress) = (topics, bandwidth, mayGoOn, onProgress)
  }

  /// Takes every block that the store misses.
  ///
  /// - Returns: false where it was told to stop; the store keeps what has come.
  /// - Throws: `.unavailable` for a block that isn't on the broker, or doesn't come in time, `.wrongBlock` for one that stays wrong, and what the store throws.
  package mutating func run(into store: inout PackageStore) throws(UpdatesError) -> Bool {
    let begin = MonotonicClock.now()
    var open: [String: BlockIndex.Block] = [:]
    defer { for topic in open.keys { topics.forget(topic) } }
    var waiting = store.missingBlocks()[...]
    while !(waiting.isEmpty && open.isEmpty) {
      guard mayGoOn() else {
        try store.sync()
        return false
      }
      while open.count < window, let block = waiting.popFirst() {
        let topic = ReleaseTopics.block(block.digest)
        open[topic] = block
        try topics.ask(topic)
      }
      let (topic, payload) = try topics.next(of: Array(open.keys))
      topics.forget(topic)
      guard let block = open.removeValue(forKey: topic) else { continue }
      if try take(payload, block, &store) {
        window = min(window + 1, Self.largestWindow)
        received += block.storedByteCount
        pace(since: begin)
        if let progress = store.progress { onProgress(progress, rate(since: begin)) }
      } else {
        window = max(1, window / 2)
        waiting.append(block)
      }
    }
    try store.sync()
    return true
  }

  /// - Returns: false where it is to be asked for again.
  private mutating func take(_ payload: [UInt8]?, _ block: BlockIndex.Block, _ store: inout PackageStore) throws(UpdatesError) -> Bool {
    let count = failures[block.digest, default: 0] + 1
    failures[block.digest] = count
    guard let payload else {
      guard count < Self.attempts else {
        throw UpdatesError(.unavailable, "block \(block.digest) doesn't come from the broker: publish the release's blocks again, or it is too slow")
      }
      return false
    }
    do throws(UpdatesError) {
      try store.put(payload, as: block.digest)
      return true
    } catch  where error.code == .wrongBlock && count < Self.attempts {
      return false
    }
  }

  private func rate(since begin: MonotonicInstant) -> Int {
    Int(Double(received) / max(begin.duration(to: MonotonicClock.now()) / .seconds(1), 0.001))
  }

  /// Waits until what has come is within the bandwidth, or it isn't to go on.
  private func pace(since begin: MonotonicInstant) {
    guard let bandwidth else { return }
    let due = begin.advanced(by: .seconds(Double(received) / Double(bandwidth)))
    while MonotonicClock.now() < due, mayGoOn() { topics.pause(until: due) }
  }
}
