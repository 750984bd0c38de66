public import Cryptography

extension PackageStore {
  /// How much of a candidate is there.
  public struct Progress: Sendable, Equatable {
    /// Of the package.
    public var byteCount: Int
    public var fetchedByteCount: Int
    public var missingBlockCount: Int
  }

  /// Nil where no package is on its way.
  public var progress: Progress? {
    guard let download else { return nil }
    var fetched = 0
    for (block, isFetched) in zip(download.index.blocks, download.fetched.isFetched) where isFetched { fetched += block.rawByteCount }
    return Progress(byteCount: download.index.packageByteCount, fetchedByteCount: fetched, missingBlockCount: missingBlocks().count)
  }

  /// Begins to fetch a package, or goes on where it stopped. Takes from the installed packages what they have of it, once their SHA-256 is
  /// checked. Another candidate gives way. A package that the `previous` slot still has becomes the candidate at once.
  ///
  /// - Parameter index: as the release's signed metadata vouch for it.
  /// - Throws: `failedBefore`, `alreadyInstalled` (it is active), `diskFull`, `storage`.
  public mutating func begin(_ index: BlockIndex) throws(UpdatesError) {
    let wanted = Slots.Package(digest: index.packageDigest, index: index.digest, byteCount: index.packageByteCount)
    guard !slots.failed.contains(wanted.digest) else {
      throw UpdatesError(.failedBefore, "package \(wanted.digest) failed on this device and isn't tried again: release another build")
    }
    guard slots.active?.digest != wanted.digest else { throw UpdatesError(.alreadyInstalled, "package \(wanted.digest) is the active one") }
    if let candidate = slots.candidate {
      if candidate.digest == wanted.digest, slots.isComplete { return }
      if candidate == wanted, download != nil { return try takeSharedBlocks() }
      try abandonCandidate()
    }
    if let previous = slots.previous, previous.digest == wanted.digest, try makeCandidate(ofPrevious: previous) { return }
    try checkRoom(for: index)
    do throws(UpdatesError) {
      try makeFiles(for: index)
      var new = slots
      (new.candidate, new.isComplete) = (wanted, false)
      try commit(new)
    } catch {
      // Only what no slots name; so the room is free again.
      sweep()
      throw error
    }
    download = Download(index, FetchedBlocks(of: index))
    try takeSharedBlocks()
  }

  /// The blocks to fetch, each once, in the package's order.
  public func missingBlocks(limit: Int = .max) -> [BlockIndex.Block] {
    guard let download else { return [] }
    var missing: [BlockIndex.Block] = []
    for (place, block) in download.index.blocks.enumerated() where missing.count < limit {
      // Where a block stands in several places all of them are filled at once.
      if !download.fetched.isFetched[place], download.places[block.digest]?.first == place { missing.append(block) }
    }
    return missing
  }

  /// Checks a block that came and writes it into its places; it is durable after the next `sync`, which comes by itself with every MiB.
  ///
  /// - Parameter digest: the block's address.
  /// - Throws: `wrongBlock` (the bytes are others: ask again), `malformedBlock` (the release is wrong), `noCandidate`, `diskFull`, `storage`.
  public mutating func put(_ stored: [UInt8], as digest: SHA256Digest) throws(UpdatesError) {
    guard let download else { throw UpdatesError(.noCandidate, "block \(digest) belongs to no download: none is under way") }
    guard let places = download.places[digest], let first = places.first else {
      throw UpdatesError(.wrongBlock, "block \(digest) is no part of package \(download.index.packageDigest)")
    }
    guard !download.fetched.isFetched[first] else { return }
    let raw = try download.index.blocks[first].checkedBytes(of: stored)
    try write(raw, at: places)
    self.download?.add(places)
    if let count = self.download?.unsyncedByteCount, count >= syncByteCount { try sync() }
  }

  /// Makes the blocks that came durable: first the package's bytes, then the note that they are there. Where the disk can't take those bytes the
  /// blocks are missing again: the kernel drops what it couldn't write, and says so once.
  public mutating func sync() throws(UpdatesError) {
    guard let download, !download.unsynced.isEmpty else { return }
    do throws(UpdatesError) {
      try files.sync(Self.packageName(download.index.packageDigest))
    } catch {
      self.download?.forgetUnsynced()
      throw error
    }
    let name = Self.fetchedName(download.index.packageDigest)
    try files.write(download.fetched.encoded(), to: name, at: 0)
    try files.sync(name)
    self.download?.noteSync()
  }

  /// Checks the SHA-256 of the whole package, all of whose blocks are there; then it is the candidate. Does nothing where it is already.
  ///
  /// - Throws: `noCandidate` (blocks are missing), `wrongPackage` (it isn't what the index says; the candidate is abandoned: begin it once more, in
  ///   case memory or the disk erred, and reject it the second time), `diskFull`, `storage`.
  public mutating func finish() throws(UpdatesError) {
    guard !slots.isComplete else { return }
    guard let download else { throw UpdatesError(.noCandidate, "no package is on its way") }
    let index = download.index
    guard download.fetched.isAll else {
      throw UpdatesError(.noCandidate, "package \(index.packageDigest) lacks \(missingBlocks().count) blocks: fetch them first")
    }
    try sync()
    let digest = try digest(of: Self.packageName(index.packageDigest), byteCount: index.packageByteCount)
    guard digest == index.packageDigest else {
      try abandonCandidate()
      throw index.wrongPackage(digest)
    }
    var new = slots
    new.isComplete = true
    try commit(new)
    sweep()
  }

  /// Writes a block of the download into its places.
  func write(_ raw: [UInt8], at places: [Int]) throws(UpdatesError) {
    guard let index = download?.index else { return }
    for place in places { try files.write(raw, to: Self.packageName(index.packageDigest), at: index.blocks[place].offset) }
  }

  private func checkRoom(for index: BlockIndex) throws(UpdatesError) {
    // The slots, and what the file system itself may want.
    let needed = index.packageByteCount + BlockIndex.largestByteCount + Slots.largestByteCount
    let free = try files.freeByteCount()
    guard free - needed >= reserveByteCount else {
      throw UpdatesError(
        .diskFull,
        "package \(index.packageDigest) needs \(needed) bytes, with \(reserveByteCount) to stay free, and the disk of \(files.folder) has \(free): make room on it"
      )
    }
  }

  private func makeFiles(for index: BlockIndex) throws(UpdatesError) {
    let digest = index.packageDigest
    try files.put(index.encoded(), in: Self.indexName(digest))
    try files.put(FetchedBlocks(of: index).encoded(), in: Self.fetchedName(digest))
    try files.create(Self.packageName(digest), byteCount: index.packageByteCount)
    try files.sync(Self.packageName(digest))
    try files.syncFolder()
  }
}
