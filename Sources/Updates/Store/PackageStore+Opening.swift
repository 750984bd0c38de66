import Cryptography

extension PackageStore {
  /// Reads the slots, drops what they name and isn't there, and sweeps. A crash leaves nothing to drop; a person or a failing disk may.
  mutating func putInOrder() throws(UpdatesError) {
    // A killed process may have renamed the slots and not synced the folder.
    try syncSlots()
    if let bytes = try files.contents(of: Slots.fileName, limit: Slots.largestByteCount) {
      do throws(UpdatesError) {
        slots = try Slots(bytes)
      } catch {
        throw UpdatesError(error.code, "\(files.folder)/\(Slots.fileName) \(error.message); remove the folder and install the model again", cause: error)
      }
    } else if try files.byteCount(of: Slots.fileName) != nil {
      throw UpdatesError(.damagedStore, "\(files.folder)/\(Slots.fileName) is far too large; remove the folder and install the model again")
    }
    var found = slots
    if let previous = found.previous, try !isThere(previous) { found.previous = nil }
    if let active = found.active, try !isThere(active) { (found.active, found.previous) = (found.previous, nil) }
    if let candidate = found.candidate {
      var isUsable = try isThere(candidate)
      if isUsable, !found.isComplete { isUsable = try resume(candidate) }
      if !isUsable { (found.candidate, found.isComplete) = (nil, false) }
    }
    if found != slots { try commit(found) }
    sweep()
  }

  private mutating func isThere(_ package: Slots.Package) throws(UpdatesError) -> Bool {
    let name = Self.packageName(package.digest)
    let count = try files.byteCount(of: name)
    guard count != package.byteCount else { return true }
    let what = count.map { "has \($0) bytes instead of \(package.byteCount)" } ?? "is missing"
    note(UpdatesError(.damagedStore, "\(files.folder)/\(name) \(what): it is done without; install it again"))
    return false
  }

  /// Takes up the candidate's download; false where its notes are gone.
  private mutating func resume(_ candidate: Slots.Package) throws(UpdatesError) -> Bool {
    if let index = try index(of: candidate), let bytes = try files.contents(of: Self.fetchedName(candidate.digest), limit: FetchedBlocks.largestByteCount),
      let fetched = FetchedBlocks(bytes, of: index), index.packageByteCount == candidate.byteCount
    {
      // A killed process may have written the notes and not synced them: what they claim was durable before, and now they are, too.
      try files.sync(Self.fetchedName(candidate.digest))
      download = Download(index, fetched)
      return true
    }
    note(UpdatesError(.damagedStore, "\(files.folder)/\(candidate.digest): the notes on its download are damaged; it begins anew"))
    return false
  }

  /// Nil where its file is gone or damaged.
  func index(of package: Slots.Package) throws(UpdatesError) -> BlockIndex? {
    guard let bytes = try files.contents(of: Self.indexName(package.digest), limit: BlockIndex.largestByteCount) else { return nil }
    guard SHA256.digest(of: bytes) == package.index, let index = try? BlockIndex(bytes), index.packageDigest == package.digest else { return nil }
    return index
  }

  /// Replaces the slots, durably. Where it throws the old ones or the new ones are in force: `slots` says which programs find now, a power cut
  /// may bring back the others.
  mutating func commit(_ new: Slots) throws(UpdatesError) {
    try files.put(new.encoded(), in: Slots.newFileName)
    try files.rename(Slots.newFileName, to: Slots.fileName)
    (slots, areSlotsDurable) = (new, false)
    if new.candidate == nil || new.isComplete { download = nil }
    try syncSlots()
  }

  private mutating func syncSlots() throws(UpdatesError) {
    try files.syncFolder()
    areSlotsDurable = true
  }

  /// Removes the store's files that no slot names; strangers' stay.
  mutating func sweep() {
    var kept: Set<String> = []
    for package in slots.packages { kept.formUnion([Self.packageName(package.digest), Self.indexName(package.digest)]) }
    if let candidate = slots.candidate, !slots.isComplete { kept.insert(Self.fetchedName(candidate.digest)) }
    do throws(UpdatesError) {
      // Until then a power cut may bring back slots that name more.
      if !areSlotsDurable { try syncSlots() }
      for name in try files.names() where Self.isOwn(name) && !kept.contains(name) { try files.remove(name) }
    } catch {
      note(error)
    }
  }

  private static func isOwn(_ name: String) -> Bool {
    guard name != Slots.newFileName else { return true }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 2 && SHA256Digest(hex: parts[0]) != nil && ["swiftlet", "blocks", "fetched"].contains(parts[1])
  }
}
