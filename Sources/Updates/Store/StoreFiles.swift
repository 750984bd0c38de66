/// What the store asks of a file system: one folder without folders in it. Every change of the disk goes through here, so that tests can cut
/// the power before each. Nothing is durable before its sync; what is renamed has the old or the new content, never none.
protocol StoreFiles: Sendable {
  /// For messages and paths.
  var folder: String { get }
  func names() throws(UpdatesError) -> [String]
  /// Nil where there is no such file.
  func byteCount(of name: String) throws(UpdatesError) -> Int?
  /// All bytes of the range, or an error.
  func read(_ name: String, in range: Range<Int>) throws(UpdatesError) -> [UInt8]
  /// Makes a new file of so many zeros, their room on the disk taken, in place of one that has the name.
  func create(_ name: String, byteCount: Int) throws(UpdatesError)
  func write(_ bytes: [UInt8], to name: String, at offset: Int) throws(UpdatesError)
  /// Makes the file's content and size durable, and not its name.
  func sync(_ name: String) throws(UpdatesError)
  func rename(_ name: String, to newName: String) throws(UpdatesError)
  func remove(_ name: String) throws(UpdatesError)
  /// Makes durable which names the folder has.
  func syncFolder() throws(UpdatesError)
  /// Bytes that this user may still write to the disk.
  func freeByteCount() throws(UpdatesError) -> Int
}

extension StoreFiles {
  /// The file's bytes, or nil where there is none or it has more than `limit`.
  func contents(of name: String, limit: Int) throws(UpdatesError) -> [UInt8]? {
    guard let count = try byteCount(of: name), count <= limit else { return nil }
    return try read(name, in: 0..<count)
  }

  /// A new durable file; its name is durable with the folder's next sync.
  func put(_ bytes: [UInt8], in name: String) throws(UpdatesError) {
    try create(name, byteCount: bytes.count)
    try write(bytes, to: name, at: 0)
    try sync(name)
  }
}
