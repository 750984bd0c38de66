import Cryptography

@testable import Updates

/// Releases that tests install, small enough to be installed thousands of times: some share blocks, none all.
struct PackageShelf {
  struct Release {
    let file: [UInt8]
    let blocks: PackageBlocks
    var index: BlockIndex { blocks.index }
    var digest: SHA256Digest { blocks.index.packageDigest }

    init(_ package: RandomPackage) throws {
      file = package.file
      blocks = try PackageBlocks(of: file)
    }
  }

  let first: Release
  /// The first with another head.
  let second: Release
  /// The second with another head.
  let third: Release
  /// Another network.
  let other: Release
  /// For when all others failed.
  let spare: Release

  init() throws {
    var package = RandomPackage(seed: 1, weights: 56_000)
    first = try Release(package)
    package.weights.replaceSubrange(30_000..., with: RandomPackage.bytes(26_000, seed: 2))
    second = try Release(package)
    package.weights.replaceSubrange(40_000..., with: RandomPackage.bytes(15_000, seed: 3))
    third = try Release(package)
    other = try Release(RandomPackage(seed: 4, weights: 33_000))
    spare = try Release(RandomPackage(seed: 5, weights: 20_000))
  }

  var all: [Release] { [first, second, third, other, spare] }

  subscript(digest: SHA256Digest) -> Release? { all.first { $0.digest == digest } }
}

extension PackageStore {
  /// Puts up to `limit` of the missing blocks.
  mutating func fetch(_ release: PackageShelf.Release, limit: Int = .max) throws(UpdatesError) {
    for block in missingBlocks(limit: limit) { try put(release.blocks.stored[block.digest] ?? [], as: block.digest) }
  }

  mutating func install(_ release: PackageShelf.Release) throws(UpdatesError) {
    try begin(release.index)
    try fetch(release)
    try finish()
    try activate()
  }
}
