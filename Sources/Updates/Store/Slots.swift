import Cryptography
import JSONReading

/// Which packages a store has, and what each is for. The file of it is the store's only commit: it is replaced by one rename, and every file
/// that it names was durable before, in the state it names.
struct Slots: Equatable {
  struct Package: Equatable {
    /// Of the package's file.
    var digest: SHA256Digest
    /// Of its index.
    var index: SHA256Digest
    var byteCount: Int
  }

  var active: Package?
  var previous: Package?
  var candidate: Package?
  /// Whether the candidate's file is whole, its SHA-256 checked.
  var isComplete = false
  /// Packages never to be tried again, the oldest first.
  var failed: [SHA256Digest] = []

  static let fileName = "slots.json"
  static let newFileName = "slots.json.new"
  static let schema = "swiftlet/slots/1"
  /// The file has less than 64 KiB.
  static let largestFailedCount = 256
  static let largestByteCount = 65_536

  var packages: [Package] { [active, previous, candidate].compactMap { $0 } }

  mutating func remember(failed digest: SHA256Digest) {
    failed.removeAll { $0 == digest }
    failed = failed.suffix(Self.largestFailedCount - 1) + [digest]
  }

  /// JSON, with one spelling.
  func encoded() -> [UInt8] {
    func object(_ package: Package?) -> String {
      package.map { #"{"package":"\#($0.digest)","index":"\#($0.index)","bytes":\#($0.byteCount)}"# } ?? "null"
    }
    let failed = failed.map { "\"\($0)\"" }.joined(separator: ",")
    return Array(
      (#"{"schema":"\#(Self.schema)","active":\#(object(active)),"previous":\#(object(previous)),"candidate":\#(object(candidate)),"#
        + #""complete":\#(isComplete),"failed":[\#(failed)]}"# + "\n").utf8)
  }
}

extension Slots {
  /// - Throws: `damagedStore`, its text for use after the file's name.
  init(_ bytes: [UInt8]) throws(UpdatesError) {
    let value: JSONValue
    do throws(JSONSyntaxError) {
      value = try JSONParser.parse(bytes)
    } catch {
      throw UpdatesError(.damagedStore, "is no JSON: \(error)", cause: error)
    }
    guard case .object(let members) = value, members["schema"] == .string(Self.schema) else {
      throw UpdatesError(.damagedStore, "isn't of the schema \(Self.schema)")
    }
    active = try Self.package(members["active"])
    previous = try Self.package(members["previous"])
    candidate = try Self.package(members["candidate"])
    guard case .boolean(let isComplete)? = members["complete"], case .array(let failed)? = members["failed"] else {
      throw UpdatesError(.damagedStore, "lacks ‘complete’ or ‘failed’")
    }
    self.isComplete = isComplete
    for item in failed { self.failed.append(try Self.digest(item)) }
  }

  private static func package(_ value: JSONValue?) throws(UpdatesError) -> Package? {
    if value == .null { return nil }
    guard case .object(let members)? = value, case .number(let bytes)? = members["bytes"], let byteCount = Int(bytes), byteCount > 0 else {
      throw UpdatesError(.damagedStore, "has a slot that names no package")
    }
    return Package(digest: try digest(members["package"]), index: try digest(members["index"]), byteCount: byteCount)
  }

  private static func digest(_ value: JSONValue?) throws(UpdatesError) -> SHA256Digest {
    guard case .string(let hex)? = value, let digest = SHA256Digest(hex: hex) else {
      throw UpdatesError(.damagedStore, "has something else instead of a SHA-256")
    }
    return digest
  }
}
