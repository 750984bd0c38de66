public import Updates

/// What a publication did.
public struct Publication: Sendable {
  public internal(set) var published: [String] = []
  public internal(set) var byteCount = 0
  /// Files that the broker had already.
  public internal(set) var presentCount = 0
  public internal(set) var swept: [String] = []
  /// Signed anew to stand above what the keeper had published.
  public internal(set) var takenOver: [String] = []
  public internal(set) var timestampVersion = 0
  /// Drafts stay at home.
  public internal(set) var waiting: [MissingSignatures] = []
}

extension ReleaseFolder {
  /// How often the race with a keeper, who signs in the same moment, is run.
  private static let attemptCount = 3

  /// Brings the broker to the folder's released state: blocks, lists of blocks, roots, targets, snapshot and halt, whatever of them it doesn't
  /// have as it should be, and once all of that is acknowledged the timestamp.
  ///
  /// - Parameters:
  ///   - isSweeping: what nothing released needs is taken off the broker afterwards.
  ///   - onProgress: files that are with the broker, and all.
  /// - Throws: what `newer` throws; `.tooLarge`, `.broker`; `.untrusted` where the folder's own state is expired.
  public func publish(
    to broker: BrokerSession, _ keys: KeyChain, at time: DateTime, sweeping isSweeping: Bool = false,
    onProgress: (Int, Int) -> Void = { _, _ in }
  ) throws(ReleaseError) -> Publication {
    var report = Publication()
    try renewTimestampIfDue(keys, at: time, &report)
    try broker.follow(ReleaseTopics.timestamp)
    for _ in 0..<Self.attemptCount {
      let seen = try broker.collected(ReleaseTopics.timestamp)
      let old = try state()
      if let rival = highestRival(old, among: seen) ?? seen.last, let found = try newer(rival, than: old, from: broker) {
        report.takenOver += try takeOver(found, old, keys, at: time).written
      }
      let state = try state()
      try TrustCheck(folder: self, pending: [:]).run(state, at: time)
      try publish(state, to: broker, &report, onProgress)
      report.timestampVersion = state.timestamp.content.version
      let answer = try broker.collected(ReleaseTopics.timestamp)
      if answer.last == state.timestamp.bytes, highestRival(state, among: answer) == nil {
        if isSweeping { try sweep(state, broker, &report) }
        report.waiting = try missingSignatures(state)
        return report
      }
    }
    throw ReleaseError(.conflict, "\(ReleaseTopics.timestamp) is changed by others again and again; is there a second keeper, or another release folder?")
  }

  private func renewTimestampIfDue(_ keys: KeyChain, at time: DateTime, _ report: inout Publication) throws(ReleaseError) {
    let (state, lifetime) = (try state(), try lifetimes()[.timestamp])
    guard time.advanced(by: lifetime / 4) >= state.timestamp.content.expires else { return }
    report.takenOver += try renewTimestamp(keys, at: time).written
  }

  private func publish(
    _ state: ReleaseState, to broker: BrokerSession, _ report: inout Publication, _ onProgress: (Int, Int) -> Void
  ) throws(ReleaseError) {
    let metadata = try metadataFiles(state)
    let blocks = try blockNames(state)
    let total = blocks.count + metadata.count
    var done = 0
    func send(_ files: [ReleasedFile]) throws(ReleaseError) {
      let have = try broker.retained(files.map { ReleaseTopics.topic($0.name) })
      let missing = files.filter { have[ReleaseTopics.topic($0.name)] != $0.bytes }
      done += files.count - missing.count
      report.presentCount += files.count - missing.count
      try broker.publish(missing.map { (ReleaseTopics.topic($0.name), $0.bytes) }) {
        done += 1
        onProgress(done, total)
      }
      report.published += missing.map(\.name)
      report.byteCount += missing.reduce(0) { $0 + $1.bytes.count }
    }
    var rest = blocks[...]
    while !rest.isEmpty {
      var window: [ReleasedFile] = []
      for name in rest.prefix(BrokerSession.windowCount) { window.append(try block(name)) }
      rest = rest.dropFirst(BrokerSession.windowCount)
      try send(window)
    }
    try send(metadata.dropLast())
    let timestamp = metadata[metadata.count - 1]
    guard try broker.collected(ReleaseTopics.timestamp).last != timestamp.bytes else { return report.presentCount += 1 }
    try broker.publish([(ReleaseTopics.timestamp, timestamp.bytes)])
    onProgress(total, total)
    report.published.append(timestamp.name)
    report.byteCount += timestamp.bytes.count
  }

  /// Of the timestamps that came, the highest of someone else that stands beside the folder's or above it: devices may have taken that in, and
  /// take no other of the same version.
  private func highestRival(_ state: ReleaseState, among seen: [[UInt8]]) -> [UInt8]? {
    var highest: (version: Int, bytes: [UInt8])?
    for bytes in seen where bytes != state.timestamp.bytes {
      guard let file = try? SignedFile(bytes, name: "timestamp"), file.isSigned(by: state.root.content[.timestamp]),
        let content = try? TimestampContent(file, name: "timestamp"), content.version >= max(state.timestamp.content.version, highest?.version ?? 0)
      else { continue }
      highest = (content.version, bytes)
    }
    return highest?.bytes
  }

  private func sweep(_ state: ReleaseState, _ broker: BrokerSession, _ report: inout Publication) throws(ReleaseError) {
    let needed = Set(try metadataFiles(state).map { ReleaseTopics.topic($0.name) } + blockNames(state).map { ReleaseTopics.topic(ReleaseLayout.block($0)) })
    for filter in [ReleaseTopics.allMetadata, ReleaseTopics.allBlocks] {
      while true {
        // A device that comes late needs every root on its way.
        let idle = try broker.retainedTopics(filter).filter { !needed.contains($0) && !$0.hasPrefix("\(ReleaseTopics.root)/metadata/root.") }
        guard !idle.isEmpty else { break }
        try broker.publish(idle.map { ($0, []) })
        report.swept += idle.map { String($0.dropFirst(ReleaseTopics.root.count + 1)) }
      }
    }
  }
}
