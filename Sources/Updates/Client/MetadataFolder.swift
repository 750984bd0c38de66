/// Trusted metadata as files of a folder, "ROLE.json" with the role's name percent-encoded.
public struct MetadataFolder: MetadataStore {
  public let path: String

  /// - Parameter path: a folder that exists and is this store's alone.
  public init(_ path: String) { self.path = path }

  private func file(of role: String) -> String { "\(path)/\(percentEncoded(role)).json" }

  public func load(_ role: String) -> [UInt8]? { contents(of: file(of: role)) }

  public func save(_ role: String, _ bytes: [UInt8]) throws(UpdatesError) { try replaceFile(at: file(of: role), with: bytes) }

  public func remove(_ role: String) throws(UpdatesError) { try removeFile(at: file(of: role)) }
}
