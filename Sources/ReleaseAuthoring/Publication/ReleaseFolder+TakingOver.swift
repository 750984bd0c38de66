import Updates

/// What a folder takes over from the broker before it publishes, since the keeper signs there, too.
struct Takeover {
  /// Of the broker's timestamp, where the folder's must be above it.
  var timestampAbove = 0
  var halt: Written<HaltContent>?
}

extension ReleaseFolder {
  /// The highest version that is gone on from: a thief of the keeper's key could drive it so high that none comes after.
  private static let highestVersion = 1 << 52

  /// Reads a broker's timestamp. Nil where there is nothing to take over.
  ///
  /// - Throws: `.untrusted` for a timestamp or halt of unknown keys, `.conflict` where another folder has published since.
  func newer(_ bytes: [UInt8], than state: ReleaseState, from broker: BrokerSession) throws(ReleaseError) -> Takeover? {
    guard bytes != state.timestamp.bytes else { return nil }
    let topic = ReleaseTopics.timestamp
    guard let file = try? SignedFile(bytes, name: topic), let timestamp = try? TimestampContent(file, name: topic) else {
      throw ReleaseError(.untrusted, "\(topic) holds no timestamp: this broker serves something else, or someone wrote there; empty the topic to go on")
    }
    let isOfCurrentKeys = file.isSigned(by: state.root.content[.timestamp])
    var isKnown = isOfCurrentKeys
    if !isKnown { isKnown = try isSignedByOlderRoot(file, state) }
    guard isKnown else {
      throw ReleaseError(.untrusted, "\(topic) is signed by unknown keys: this broker is another fleet's, or someone wrote there; empty the topic to go on")
    }
    var found = Takeover()
    // What older keys say doesn't count any more, and devices forget its version with the rotation.
    if isOfCurrentKeys {
      guard timestamp.version < Self.highestVersion else {
        throw ReleaseError(.untrusted, "\(topic) has version \(timestamp.version), which no keeper reaches: its key is stolen; rotate the timestamp key")
      }
      guard timestamp.snapshot.version < state.snapshot.content.version || timestamp.snapshot == state.snapshot.facts else {
        throw ReleaseError(
          .conflict,
          "\(topic) speaks of snapshot \(timestamp.snapshot.version), and \(path) has \(state.snapshot.content.version): someone published from another copy; work on that one"
        )
      }
      if timestamp.version >= state.timestamp.content.version { found.timestampAbove = timestamp.version }
    }
    if isOfCurrentKeys {
      found.halt = try newerHalt(timestamp.halt, than: state, from: broker)
    } else if let halt = try? newerHalt(timestamp.halt, than: state, from: broker), halt.file.isSigned(by: state.targets.content.halt) {
      // A keeper that hasn't heard of the rotation yet; what a rotated halt key says under a rotated timestamp key may be a thief's.
      found.halt = halt
    }
    return found.timestampAbove > 0 || found.halt != nil ? found : nil
  }

  private func isSignedByOlderRoot(_ file: SignedFile, _ state: ReleaseState) throws(ReleaseError) -> Bool {
    for version in (1..<max(state.root.content.version, 1)).reversed() {
      let name = metadataFile(.root, version)
      let root = try RootContent(SignedFile(metadata(.root, version), name: name), name: name)
      if file.isSigned(by: root[.timestamp]) { return true }
    }
    return false
  }

  private func newerHalt(_ facts: FileFacts, than state: ReleaseState, from broker: BrokerSession) throws(ReleaseError) -> Written<HaltContent>? {
    // A file that the folder has was built upon, also where a halt in it was lifted since.
    if facts == state.halt.facts { return nil }
    let known = metadataFile(.halt, facts.version)
    if facts.version < state.halt.content.version, ReleaseFiles.exists(known), facts.describes(try ReleaseFiles.read(known)) { return nil }
    let topic = ReleaseTopics.metadata(.halt, facts.version)
    guard let bytes = try broker.retained([topic])[topic], facts.describes(bytes) else {
      throw ReleaseError(.untrusted, "\(topic) isn't the file that the broker's timestamp speaks of; let the keeper publish it again")
    }
    let file = try SignedFile(bytes, name: topic)
    guard try isSignedByKnownKeeper(file, state), let content = try? HaltContent(file, name: topic), content.version == facts.version,
      content.version < Self.highestVersion
    else { throw ReleaseError(.untrusted, "\(topic) isn't signed by a key that this release has let halt packages") }
    return Written(content: content, file: file, bytes: bytes)
  }

  private func isSignedByKnownKeeper(_ file: SignedFile, _ state: ReleaseState) throws(ReleaseError) -> Bool {
    for version in (1...state.targets.content.version).reversed() {
      let name = metadataFile(.targets, version)
      guard ReleaseFiles.exists(name), let targets = try? TargetsContent(SignedFile(ReleaseFiles.read(name), name: name), name: name) else { continue }
      if file.isSigned(by: targets.halt) { return true }
    }
    return false
  }

  /// Brings the folder above what the broker has. Halts of both stay.
  func takeOver(_ found: Takeover, _ state: ReleaseState, _ keys: KeyChain, at time: DateTime) throws(ReleaseError) -> ReleaseProgress {
    var wishes = ReleaseWishes(timestampAbove: found.timestampAbove)
    if let halt = found.halt {
      var merged = halt.content
      for own in state.halt.content.halts { merged.add(own) }
      wishes.halt = merged.halts
      if halt.content.version > state.halt.content.version { wishes.adoptedHalt = halt } else { wishes.renewed.insert(.halt) }
    }
    return try advance(keys, at: time, wishes)
  }
}
