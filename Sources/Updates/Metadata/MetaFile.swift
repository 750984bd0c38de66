import Cryptography
import JSONReading

/// What one metadata file says of another (METAFILES, §4.4): its version, and maybe its length and hashes.
public struct MetaFile: Equatable, Sendable {
  public let version: Int
  public let length: Int?
  public let hashes: FileHashes?

  /// - Parameter sha256: in hexadecimal.
  public init(version: Int, length: Int, sha256: String) {
    (self.version, self.length) = (version, length)
    hashes = FileHashes(texts: [DigestAlgorithm.sha256.rawValue: sha256])
  }

  init(_ fields: MetadataFields) throws(UpdatesError) {
    version = try fields.number("version", atLeast: 1)
    length = fields.members["length"] == nil ? nil : try fields.number("length", atLeast: 0)
    hashes = fields.members["hashes"] == nil ? nil : try FileHashes(fields.object("hashes"))
  }

  /// - Throws: `.mismatch`.
  func check(_ bytes: [UInt8], file: String, against speaker: String) throws(UpdatesError) {
    if let length, bytes.count != length {
      throw UpdatesError(.mismatch, "\(file) has \(bytes.count) bytes, and \(speaker) speaks of one of \(length): metadata of two states are mixed")
    }
    try hashes?.check(bytes, file: file, against: speaker)
  }
}

/// Digests of one file by several functions, of which at least one is known here.
public struct FileHashes: Equatable, Sendable {
  /// In lower case, by the function's name, unknown functions included.
  public let texts: [String: String]

  init(texts: [String: String]) { self.texts = texts }

  init(_ fields: MetadataFields) throws(UpdatesError) {
    var texts: [String: String] = [:]
    for name in fields.members.keys { texts[name] = try fields.text(name).lowercased() }
    guard texts.keys.contains(where: { DigestAlgorithm(rawValue: $0) != nil }) else { throw fields.error("none of its functions is known here") }
    self.texts = texts
  }

  /// - Throws: `.mismatch` unless the digest by each known function is the one that is listed.
  func check(_ bytes: [UInt8], file: String, against speaker: String) throws(UpdatesError) {
    for algorithm in DigestAlgorithm.allCases {
      guard let expected = texts[algorithm.rawValue] else { continue }
      guard Hexadecimal.text(algorithm.digest(of: bytes)) == expected else {
        throw UpdatesError(.mismatch, "\(file) hasn't the \(algorithm.rawValue) hash that \(speaker) speaks of: it was swapped or damaged on the way")
      }
    }
  }
}
