import Updates

/// Metadata by the names that the specification gives them on a server (§6.2).
struct ServedMetadata: MetadataSource {
  let server: HTTPServer

  func metadata(_ role: String, version: Int?, limit: Int) throws(UpdatesError) -> [UInt8]? {
    try server.get("\(version.map { "\($0)." } ?? "")\(percentEncoded(role)).json", limit: limit)
  }
}
