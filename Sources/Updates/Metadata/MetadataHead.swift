import JSONReading

/// What every role's metadata begin with (§4.3): version and expiry.
public struct MetadataHead: Equatable, Sendable {
  public let version: Int
  public let expires: DateTime

  public init(version: Int, expires: DateTime) { (self.version, self.expires) = (version, expires) }

  static let specificationMajor = "1"

  /// - Throws: `.malformed` where type, version of the specification, version or expiry are missing or others.
  init(_ fields: MetadataFields, type: String) throws(UpdatesError) {
    let stated = try fields.text("_type")
    guard stated == type else { throw fields.error("it says that it is ‘\(stated)’ metadata, not ‘\(type)’") }
    let specification = try fields.text("spec_version")
    let parts = specification.split(separator: ".", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), parts[0] == Self.specificationMajor else {
      throw fields.error("it follows version \(specification) of the specification, and this agent knows 1.x")
    }
    version = try fields.number("version", atLeast: 1)
    guard let expires = DateTime(try fields.text("expires")) else { throw fields.error("‘expires’ is no time like 2030-01-01T00:00:00Z") }
    self.expires = expires
  }

  /// - Throws: `.expired` unless `time` is before the expiry.
  func check(at time: DateTime, file: String) throws(UpdatesError) {
    guard time < expires else {
      throw UpdatesError(
        .expired, "\(file) version \(version) expired at \(expires), and it is \(time): an old state may be held out as the current one (freeze)")
    }
  }
}
