import Cryptography
import Updates

/// A file that devices fetch: by its topic's last two levels, "metadata/targets.3" or "blocks/SHA256".
struct ReleasedFile {
  let name: String
  let bytes: [UInt8]
}

extension ReleaseFolder {
  /// The most that a message of a release has.
  static let largestByteCount = 65_536

  /// Addresses of all blocks that the released packages need, without duplicates; the lists of blocks come last.
  func blockNames(_ state: ReleaseState) throws(ReleaseError) -> [String] {
    var seen: Set<String> = []
    var blocks: [String] = []
    var indexes: [String] = []
    for package in state.targets.content.packages {
      let file = blockFile(package.indexDigest)
      let bytes = try ReleaseFiles.read(file)
      guard SHA256.digest(of: bytes).hex == package.indexDigest else { throw damaged(file) }
      let index = try trusting(.damagedFolder) { () throws(UpdatesError) in try BlockIndex(bytes) }
      for block in index.blocks where seen.insert(block.digest.hex).inserted { blocks.append(block.digest.hex) }
      if seen.insert(package.indexDigest).inserted { indexes.append(package.indexDigest) }
    }
    return blocks + indexes
  }

  /// A block's bytes, which are those that its name promises.
  func block(_ name: String) throws(ReleaseError) -> ReleasedFile {
    let bytes = try ReleaseFiles.read(blockFile(name))
    guard SHA256.digest(of: bytes).hex == name else { throw damaged(blockFile(name)) }
    return ReleasedFile(name: ReleaseLayout.block(name), bytes: bytes)
  }

  private func damaged(_ file: String) -> ReleaseError {
    ReleaseError(.damagedFolder, "\(file) is damaged (its SHA-256 isn't its name); remove it, withdraw the package, and add it again")
  }

  /// The metadata in the order of publication: roots after the first, which devices have, targets, snapshot, halt, and the timestamp last.
  func metadataFiles(_ state: ReleaseState) throws(ReleaseError) -> [ReleasedFile] {
    var files: [ReleasedFile] = []
    for version in 1..<state.root.content.version { files.append(try released(.root, version + 1, metadata(.root, version + 1))) }
    files.append(try released(.targets, state.targets.content.version, state.targets.bytes))
    files.append(try released(.snapshot, state.snapshot.content.version, state.snapshot.bytes))
    files.append(try released(.halt, state.halt.content.version, state.halt.bytes))
    files.append(try released(.timestamp, 0, state.timestamp.bytes))
    return files
  }

  private func released(_ role: ReleaseRole, _ version: Int, _ bytes: [UInt8]) throws(ReleaseError) -> ReleasedFile {
    guard bytes.count <= Self.largestByteCount else {
      throw ReleaseError(
        .tooLarge,
        "\(metadataFile(role, version)) has \(bytes.count) bytes, and a message holds \(Self.largestByteCount): withdraw versions that no device needs any more"
      )
    }
    return ReleasedFile(name: role.released(version: version), bytes: bytes)
  }

  /// Writes what the release needs, and nothing else, to a folder that can be carried: `metadata/ROLE[.VERSION]`, `blocks/SHA256`. The
  /// timestamp comes last, so that a folder with one is whole.
  ///
  /// - Returns: files and bytes.
  public func export(to folder: String) throws(ReleaseError) -> (fileCount: Int, byteCount: Int) {
    let state = try state()
    guard try ReleaseFiles.names(in: folder).isEmpty else { throw ReleaseError(.alreadyThere, "\(folder) isn't empty; name a folder that isn't there yet") }
    let metadata = try metadataFiles(state)
    for part in [folder, "\(folder)/metadata", "\(folder)/blocks"] { try ReleaseFiles.makeFolder(part) }
    var total = (fileCount: 0, byteCount: 0)
    func write(_ file: ReleasedFile) throws(ReleaseError) {
      try ReleaseFiles.write(file.bytes, to: "\(folder)/\(file.name)")
      total = (total.fileCount + 1, total.byteCount + file.bytes.count)
    }
    for name in try blockNames(state) { try write(block(name)) }
    for file in metadata { try write(file) }
    return total
  }
}
