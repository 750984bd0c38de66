public import JSONReading

/// Which snapshot is the current one (§4.6).
public struct TimestampMetadata: Sendable {
  public let head: MetadataHead
  public let snapshot: MetaFile
  /// The current halts; an addition of ours, which other clients sign and verify with the rest. Nil in repositories without them.
  public let halt: MetaFile?

  public init(_ signed: JSONValue) throws(UpdatesError) {
    let fields = try MetadataFields(signed, place: TopLevelRole.timestamp.file)
    halt = fields.members[Halt.role] == nil ? nil : try MetaFile(fields.object(Halt.role))
    head = try MetadataHead(fields, type: TopLevelRole.timestamp.rawValue)
    let meta = try fields.object("meta")
    guard meta.members.count == 1 else { throw meta.error("it speaks of other files than snapshot.json") }
    snapshot = try MetaFile(meta.object(TopLevelRole.snapshot.file))
  }
}

/// The version of every targets role in one state of the repository (§4.4).
public struct SnapshotMetadata: Sendable {
  public let head: MetadataHead
  /// By file name, as "targets.json".
  public let files: [String: MetaFile]

  public init(_ signed: JSONValue) throws(UpdatesError) {
    let fields = try MetadataFields(signed, place: TopLevelRole.snapshot.file)
    head = try MetadataHead(fields, type: TopLevelRole.snapshot.rawValue)
    var files: [String: MetaFile] = [:]
    for (name, file) in try fields.object("meta").objects() { files[name] = try MetaFile(file) }
    guard files[TopLevelRole.targets.file] != nil else { throw fields.error("it doesn't speak of targets.json") }
    self.files = files
  }
}
