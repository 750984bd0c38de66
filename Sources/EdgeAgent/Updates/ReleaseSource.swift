import Cryptography
import Pipelines
import Updates

/// Where a release comes from. Nothing of it is trusted, so that it doesn't matter which.
enum ReleaseSource: MetadataSource {
  case broker(RetainedTopics)
  case stick(ReleaseStick)

  func metadata(_ role: String, version: Int?, limit: Int) throws(UpdatesError) -> [UInt8]? {
    switch self {
    case .broker(let topics): try ReleaseTopics(topics: topics).metadata(role, version: version, limit: limit)
    case .stick(let stick): try stick.metadata(role, version: version, limit: limit)
    }
  }

  /// One block, or a list of blocks; nil where it isn't there.
  func block(_ digest: SHA256Digest) throws(UpdatesError) -> [UInt8]? {
    switch self {
    case .broker(let topics): try topics.read(ReleaseTopics.block(digest))
    case .stick(let stick): try stick.block(digest)
    }
  }
}

/// What `swiftlet release export` wrote: `metadata/ROLE[.VERSION]` and `blocks/SHA256`. `swiftlet release import` lays a copy of it into the
/// agent's storage, from where the agent takes it.
struct ReleaseStick {
  let folder: String

  /// Where the copy lies while the agent hasn't taken it, and what came of the last one: one line, for whoever waits for it.
  static func waiting(in updatesFolder: String) -> String { updatesFolder + "/stick" }
  static func outcome(in updatesFolder: String) -> String { updatesFolder + "/stick.outcome" }

  func metadata(_ role: String, version: Int?, limit: Int) throws(UpdatesError) -> [UInt8]? {
    try file(ReleaseLayout.metadata(role, version: version), limit: limit)
  }

  func block(_ digest: SHA256Digest) throws(UpdatesError) -> [UInt8]? {
    try file(ReleaseLayout.block(digest.hex), limit: BlockIndex.largestByteCount)
  }

  private func file(_ name: String, limit: Int) throws(UpdatesError) -> [UInt8]? {
    let path = "\(folder)/\(name)"
    guard (try? checkReadable(path)) != nil else { return nil }
    let bytes: [UInt8]
    do throws(EdgeAgentError) { bytes = try readFile(path, limit: limit + 1) } catch { throw UpdatesError(.unavailable, error.message) }
    guard bytes.count <= limit else { throw UpdatesError(.tooLong, "\(path) has more than the \(limit) bytes that are allowed") }
    return bytes
  }
}

extension ReleaseSource {
  /// Takes the blocks that the store misses.
  ///
  /// - Parameters:
  ///   - mayGoOn: asked before each block.
  ///   - onProgress: called after each block.
  /// - Returns: false where it was told to stop; the store keeps what has come.
  func fill(
    _ store: inout PackageStore, bandwidth: Int?, mayGoOn: @escaping () -> Bool, onProgress: @escaping (PackageStore.Progress, _ bytesPerSecond: Int) -> Void
  ) throws(UpdatesError) -> Bool {
    switch self {
    case .broker(let topics):
      var download = BlockDownload(topics: topics, bandwidth: bandwidth, mayGoOn: mayGoOn, onProgress: onProgress)
      return try download.run(into: &store)
    case .stick(let stick):
      for block in store.missingBlocks() {
        guard mayGoOn() else { break }
        guard let bytes = try stick.block(block.digest) else {
          throw UpdatesError(.unavailable, "\(stick.folder)/\(ReleaseLayout.block(block.digest.hex)) isn't there: export the release again")
        }
        try store.put(bytes, as: block.digest)
        if let progress = store.progress { onProgress(progress, 0) }
      }
      try store.sync()
      return store.missingBlocks(limit: 1).isEmpty
    }
  }
}
