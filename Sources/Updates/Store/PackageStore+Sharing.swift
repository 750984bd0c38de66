import Cryptography

// What is on the disk already needn't be fetched.
extension PackageStore {
  /// Copies the missing blocks that an installed package has. The bytes that are copied are those whose SHA-256 is taken: they count once it is
  /// the package's own.
  mutating func takeSharedBlocks() throws(UpdatesError) {
    for source in [slots.active, slots.previous].compactMap({ $0 }) {
      guard let index = try? index(of: source) else {
        note(UpdatesError(.damagedStore, "\(files.folder)/\(Self.indexName(source.digest)) is damaged: blocks of that package are fetched again"))
        continue
      }
      let shared = sharedBlocks(with: index)
      guard !shared.isEmpty else { continue }
      guard try copy(shared, from: index) else { continue }
      for places in shared.values { download?.add(places) }
      try sync()
    }
  }

  /// The places of the download's missing blocks that the other package has.
  private func sharedBlocks(with index: BlockIndex) -> [BlockIndex.Block: [Int]] {
    guard let download else { return [:] }
    var shared: [BlockIndex.Block: [Int]] = [:]
    for block in index.blocks {
      guard let places = download.places[block.digest], let first = places.first, !download.fetched.isFetched[first] else { continue }
      guard download.index.blocks[first].rawByteCount == block.rawByteCount else { continue }
      shared[block] = places
    }
    return shared
  }

  /// Copies blocks into the candidate's file.
  ///
  /// - Returns: whether the bytes were those of the package copied from; a damaged one stops no update.
  private mutating func copy(_ shared: [BlockIndex.Block: [Int]], from index: BlockIndex) throws(UpdatesError) -> Bool {
    let name = Self.packageName(index.packageDigest)
    var hash = SHA256()
    for block in index.blocks {
      let raw: [UInt8]
      do throws(UpdatesError) {
        raw = try files.read(name, in: block.range)
      } catch {
        note(error)
        return false
      }
      hash.update(raw.span)
      if let places = shared[block] { try write(raw, at: places) }
    }
    guard hash.finish() == index.packageDigest else {
      note(UpdatesError(.damagedStore, "\(files.folder)/\(name) is damaged: nothing is taken from it; install it again"))
      return false
    }
    return true
  }

  /// False where the previous package's bytes aren't right any more; its slot is empty then.
  mutating func makeCandidate(ofPrevious previous: Slots.Package) throws(UpdatesError) -> Bool {
    var new = slots
    let isRight = (try? digest(of: Self.packageName(previous.digest), byteCount: previous.byteCount)) == previous.digest
    if isRight { (new.candidate, new.isComplete) = (previous, true) } else { new.previous = nil }
    try commit(new)
    sweep()
    return isRight
  }

  func digest(of name: String, byteCount: Int) throws(UpdatesError) -> SHA256Digest {
    var hash = SHA256()
    var start = 0
    while start < byteCount {
      let bytes = try files.read(name, in: start..<min(start + 65_536, byteCount))
      hash.update(bytes.span)
      start += bytes.count
    }
    return hash.finish()
  }
}
