import Cryptography
import ModelManifest
public import Updates

/// A package that was added.
public struct AddedPackage: Sendable {
  public let package: ReleasedPackage
  public let progress: ReleaseProgress
  /// Blocks that it has, and of these the ones that weren't in the folder yet.
  public let blockCount: Int
  public let newBlockCount: Int
  /// Bytes that a device without any version fetches, the list of blocks included; and of these the new ones.
  public let downloadByteCount: Int
  public let newByteCount: Int
  /// A version that has the same bytes: devices that run it have nothing to test or to go back to.
  public let twin: String?
  /// Whether devices can test what it computes.
  public let hasGoldenOutputs: Bool
}

/// What is said of a package when it is added.
public struct PackageOptions: Sendable {
  /// In place of the one in its manifest.
  public var version: String?
  /// The oldest agent that may run it.
  public var agent: String?
  public var channels: [String: Share] = [:]

  public init() {}
}

extension ReleaseFolder {
  /// Takes a package in: checks it as a device would, cuts it into blocks, and signs.
  public func add(_ file: String, _ options: PackageOptions, _ keys: KeyChain, at time: DateTime) throws(ReleaseError) -> AddedPackage {
    let bytes = try ReleaseFiles.read(file)
    let opened: ModelPackage
    do { opened = try ModelPackage(bytes, origin: file) } catch { throw ReleaseError(.unfitPackage, error.description) }
    let (name, version) = (opened.manifest.name, options.version ?? opened.manifest.version)
    try ReleaseName.check(package: name, version: version, agent: options.agent, file: file)
    for channel in options.channels.keys { try ReleaseName.check(channel, "channel") }
    let content = try draftedTargets(try state())
    if let index = content.index(of: name, version) {
      let same = content.packages[index].digest == SHA256.digest(of: bytes).hex
      throw ReleaseError(
        .alreadyThere, "\(name) \(version) is released already\(same ? "" : ", with other bytes"); \(same ? "stage it, or " : "")give the package a new version"
      )
    }
    let blocks = try trusting(.unfitPackage) { () throws(UpdatesError) in
      do throws(UpdatesError) { return try PackageBlocks(of: bytes) } catch { throw UpdatesError(error.code, "\(file): \(error.message)") }
    }
    let package = ReleasedPackage(
      name: name, version: version, release: (content.lastReleases[name] ?? 0) + 1, index: blocks.index, agent: options.agent,
      memory: unsafe opened.program.arenaByteCount + opened.weights.count, channels: options.channels.mapValues(\.basisPoints))
    let new = try write(blocks)
    let progress = try editTargets(keys, at: time) { content throws(ReleaseError) in
      content.packages.append(package)
      content.lastReleases[name] = package.release
    }
    let total = blocks.stored.values.reduce(package.indexByteCount) { $0 + $1.count }
    return AddedPackage(
      package: package, progress: progress, blockCount: blocks.stored.count, newBlockCount: new.count, downloadByteCount: total, newByteCount: new.byteCount,
      twin: content.packages.last { $0.name == name && $0.digest == package.digest }?.version, hasGoldenOutputs: opened.manifest.golden != nil)
  }

  private func write(_ blocks: PackageBlocks) throws(ReleaseError) -> (count: Int, byteCount: Int) {
    var new = (count: 0, byteCount: 0)
    let files = blocks.stored.map { ($0.key.hex, $0.value) } + [(blocks.index.digest.hex, blocks.index.encoded())]
    for (digest, bytes) in files where !ReleaseFiles.exists(blockFile(digest)) {
      try ReleaseFiles.write(bytes, to: blockFile(digest))
      new.byteCount += bytes.count
      if digest != blocks.index.digest.hex { new.count += 1 }
    }
    return new
  }

  /// Lets a share of a channel's devices take the package.
  public func stage(
    _ name: String, _ version: String, channel: String, share: Share, _ keys: KeyChain, at time: DateTime
  ) throws(ReleaseError) -> ReleaseProgress {
    try ReleaseName.check(channel, "channel")
    return try edit(name, version, keys, at: time) { $0.channels[channel] = share.basisPoints }
  }

  /// Lets every device take the package, of one channel or of all that it is staged on.
  public func promote(_ name: String, _ version: String, channel: String?, _ keys: KeyChain, at time: DateTime) throws(ReleaseError) -> ReleaseProgress {
    if let channel { return try stage(name, version, channel: channel, share: .all, keys, at: time) }
    let content = try draftedTargets(try state())
    let index = try found(name, version, in: content)
    guard !content.packages[index].channels.isEmpty else {
      throw ReleaseError(.invalid, "\(name) \(version) is on no channel yet; name one: --channel C")
    }
    return try edit(name, version, keys, at: time) { package in package.channels = package.channels.mapValues { _ in Share.all.basisPoints } }
  }

  /// Takes the package back; devices that run it return to the highest version that still applies to them.
  public func withdraw(_ name: String, _ version: String, _ keys: KeyChain, at time: DateTime) throws(ReleaseError) -> ReleaseProgress {
    try editTargets(keys, at: time) { content throws(ReleaseError) in content.packages.remove(at: try found(name, version, in: content)) }
  }

  private func edit(
    _ name: String, _ version: String, _ keys: KeyChain, at time: DateTime, _ change: (inout ReleasedPackage) -> Void
  ) throws(ReleaseError) -> ReleaseProgress {
    try editTargets(keys, at: time) { content throws(ReleaseError) in change(&content.packages[try found(name, version, in: content)]) }
  }

  private func found(_ name: String, _ version: String, in content: TargetsContent) throws(ReleaseError) -> Int {
    if let index = content.index(of: name, version) { return index }
    let versions = content.packages.filter { $0.name == name }.map(\.version)
    let names = Set(content.packages.map(\.name)).sorted()
    throw ReleaseError(
      .notThere,
      versions.isEmpty
        ? "no package ‘\(name)’ is released; there are: \(names.isEmpty ? "none" : names.joined(separator: ", "))"
        : "\(name) has no version ‘\(version)’; it has: \(versions.joined(separator: ", "))")
  }

  /// The targets as the draft has them, or as they are released.
  func draftedTargets(_ state: ReleaseState) throws(ReleaseError) -> TargetsContent {
    guard let draft = try draft(.targets) else { return state.targets.content }
    let content = try TargetsContent(draft, name: draftFile(.targets))
    return content.version == state.targets.content.version + 1 ? content : state.targets.content
  }

  /// Makes a new draft of the targets, which loses the signatures that an older draft had, and goes on from there.
  func editTargets(
    _ keys: KeyChain, at time: DateTime, _ change: (inout TargetsContent) throws(ReleaseError) -> Void
  ) throws(ReleaseError) -> ReleaseProgress {
    let state = try state()
    var content = try draftedTargets(state)
    try change(&content)
    content.version = state.targets.content.version + 1
    content.expires = time.advanced(by: try lifetimes()[.targets])
    try ReleaseFiles.write(content.file.bytes, to: draftFile(.targets))
    do throws(ReleaseError) { return try advance(keys, at: time) } catch {
      // What can't be signed for want of a key doesn't lie about half done.
      if error.code == .missingKey || error.code == .unusableKey { try ReleaseFiles.remove(draftFile(.targets)) }
      throw error
    }
  }
}
