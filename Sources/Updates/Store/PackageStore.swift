public import Cryptography

/// A model's packages on this device: the active one, the one before it, and one on its way.
///
/// ```
/// slots.json          which package is what; replaced by one rename
/// SHA256.swiftlet     a package; a candidate's is assembled in place
/// SHA256.blocks       its index
/// SHA256.fetched      which blocks of a candidate are there
/// ```
/// Power may be cut at any instruction: `slots.json` is the only commit. Before a version of it is renamed into place, every file that it names
/// is durable in the state that it names, under its name; what no durable version can name is removed only after the folder's sync. So
/// opening finds the state before a change or the one after it, and nothing else.
///
/// One process at a time; calls block on the disk.
public struct PackageStore: ~Copyable, Sendable {
  /// A package in a slot.
  public struct Package: Sendable, Equatable {
    public let digest: SHA256Digest
    public let byteCount: Int
    public let path: String
  }

  let files: any StoreFiles
  let reserveByteCount: Int
  let syncByteCount: Int
  var slots = Slots()
  /// Whether a power cut leaves these and no older ones.
  var areSlotsDurable = false
  var download: Download?
  /// What was amiss and could be mended or done without, for a log; the newest last, 16 at most.
  public private(set) var findings: [UpdatesError] = []

  /// Opens the store `models/name`, makes it where there is none, and puts in order what a crash left.
  ///
  /// - Parameters:
  ///   - models: the folder of all models' stores.
  ///   - name: the model's: letters, digits, `.`, `_` and `-`, 64 at most, a letter or digit first.
  ///   - reserveByteCount: what a download leaves free on the disk.
  /// - Throws: `invalidName`, `storage`, `diskFull`, `damagedStore`.
  public init(models: String, name: String, reserveByteCount: Int = 32 << 20) throws(UpdatesError) {
    guard Self.isModelName(name) else {
      throw UpdatesError(.invalidName, "‘\(name)’ can't be a model's name: use up to 64 letters, digits, ‘.’, ‘_’ and ‘-’, a letter or digit first")
    }
    try self.init(FolderFiles(models + "/" + name), reserveByteCount: reserveByteCount)
  }

  /// - Parameter syncByteCount: so many raw bytes at most are fetched again after a power cut.
  init(_ files: any StoreFiles, reserveByteCount: Int, syncByteCount: Int = 1 << 20) throws(UpdatesError) {
    (self.files, self.reserveByteCount, self.syncByteCount) = (files, reserveByteCount, syncByteCount)
    try putInOrder()
  }

  /// Whether a store may have this name.
  public static func isModelName(_ name: String) -> Bool { isPathPart(name) && !".-_".contains(name.first ?? ".") }

  /// The package to run.
  public var active: Package? { slots.active.map { package($0) } }

  /// The package to go back to.
  public var previous: Package? { slots.previous.map { package($0) } }

  /// The whole package that waits for its activation; nil while blocks are missing.
  public var candidate: Package? { slots.isComplete ? slots.candidate.map { package($0) } : nil }

  /// SHA-256 of the package whose blocks are coming.
  public var downloading: SHA256Digest? { download?.index.packageDigest }

  /// SHA-256 of packages that failed here, the oldest first; of more than 256 the oldest are forgotten.
  public var failed: [SHA256Digest] { slots.failed }

  mutating func note(_ finding: UpdatesError) {
    findings = findings.suffix(15) + [finding]
  }

  private func package(_ package: Slots.Package) -> Package {
    Package(digest: package.digest, byteCount: package.byteCount, path: files.folder + "/" + Self.packageName(package.digest))
  }

  static func packageName(_ digest: SHA256Digest) -> String { digest.hex + ".swiftlet" }
  static func indexName(_ digest: SHA256Digest) -> String { digest.hex + ".blocks" }
  static func fetchedName(_ digest: SHA256Digest) -> String { digest.hex + ".fetched" }
}
