public import JSONReading

/// What the fleet tells one device to do. It is signed as metadata are, for that device alone, obeyed once, and only before its time is over.
public struct SignedCommand: Equatable, Sendable {
  /// The role whose keys sign commands; `targets` delegates to it.
  public static let role = "commands"
  /// Bytes of a message that holds one.
  public static let largestByteCount = 4096
  private static let type = "command"
  private static let longestText = 200

  /// What to do, by the device's own name for it.
  public var name: String
  /// "SITE/DEVICE".
  public var device: String
  /// Greater than that of each command before it that the device took.
  public var counter: Int
  public var expires: DateTime
  /// The pipeline or the model that it is about; nil: all of them.
  public var subject: String?
  /// Why, for those who look after the device.
  public var reason: String?

  public init(name: String, device: String, counter: Int, expires: DateTime, subject: String? = nil, reason: String? = nil) {
    (self.name, self.device, self.counter, self.expires) = (name, device, counter, expires)
    (self.subject, self.reason) = (subject, reason)
  }

  /// Reads what was signed.
  ///
  /// - Throws: `.malformed`; also where it says more than is known here: half a command isn't obeyed.
  public init(_ signed: JSONValue) throws(UpdatesError) {
    let fields = try MetadataFields(signed, place: "the command")
    let stated = try fields.text("_type")
    guard stated == Self.type else { throw fields.error("it says that it is ‘\(stated.prefix(64))’, not ‘\(Self.type)’") }
    if let foreign = fields.members.keys.filter({ !Self.members.contains($0) }).min() {
      throw fields.error("‘\(foreign.prefix(64))’ is not known in a command")
    }
    (name, device) = (try fields.text("command"), try fields.text("device"))
    counter = try fields.number("counter", atLeast: 1)
    guard let expires = DateTime(try fields.text("expires")) else { throw fields.error("‘expires’ is no time like 2030-01-01T00:00:00Z") }
    self.expires = expires
    subject = fields.members["subject"] == nil ? nil : try fields.text("subject")
    reason = fields.members["reason"] == nil ? nil : try fields.text("reason")
    for text in [name, device, subject ?? "", reason ?? ""] where text.unicodeScalars.count > Self.longestText {
      throw fields.error("a text is longer than \(Self.longestText) characters")
    }
  }

  private static let members: Set<String> = ["_type", "command", "device", "counter", "expires", "subject", "reason"]

  /// What is to be signed.
  public var signed: JSONValue {
    var members: [String: JSONValue] = [
      "_type": .string(Self.type), "command": .string(name), "device": .string(device), "counter": .number(String(counter)),
      "expires": .string(expires.description),
    ]
    members["subject"] = subject.map { .string($0) }
    members["reason"] = reason.map { .string($0) }
    return .object(members)
  }
}

/// Whose signatures make a command the fleet's, by metadata that are trusted.
public struct CommandAuthority: Sendable {
  private let role: RoleKeys
  private let keys: KeyRing
  /// When the first of the metadata that say so expires: afterwards nobody knows any more whether a key was taken back.
  public let expires: DateTime

  public var keyIDs: Set<String> { role.keyIDs }

  init(role: RoleKeys, keys: KeyRing, expires: DateTime) { (self.role, self.keys, self.expires) = (role, keys, expires) }

  /// Reads a command and decides whether it is to be obeyed.
  ///
  /// - Parameters:
  ///   - bytes: `{"signed": …, "signatures": …}`; what else stands beside them isn't signed, and not looked at.
  ///   - device: "SITE/DEVICE" of who reads it.
  ///   - last: the counter of the last command that was taken.
  /// - Throws: `.malformed`; `.expired` for the metadata or the command; `.unsigned`; `.mismatch` for another device's; `.rollback` where its
  ///   counter isn't greater than `last`.
  public func command(in bytes: [UInt8], for device: String, after last: Int, at time: DateTime) throws(UpdatesError) -> SignedCommand {
    guard bytes.count <= SignedCommand.largestByteCount else { throw UpdatesError(.tooLong, "a command has at most \(SignedCommand.largestByteCount) bytes") }
    let envelope = try SignedMetadata(bytes, file: "the command")
    guard time < expires else {
      throw UpdatesError(.expired, "the fleet's metadata expired at \(expires): whose commands count isn't known until newer ones come")
    }
    try envelope.verify(role, keys: keys, file: "the command", by: TopLevelRole.targets.file)
    let command = try SignedCommand(envelope.signed)
    guard command.device == device else { throw UpdatesError(.mismatch, "the command is for \(command.device), and this is \(device)") }
    guard time < command.expires else { throw UpdatesError(.expired, "the command was to be obeyed before \(command.expires), and it is \(time)") }
    guard command.counter > last else {
      throw UpdatesError(
        .rollback,
        command.counter == last
          ? "this very command was taken before: it is obeyed once (replay)"
          : "the command's counter is \(command.counter), and \(last) was taken already: it is an old one (replay)")
    }
    return command
  }
}

extension UpdateClient {
  /// Who may give commands now, after `refresh()` if need be; nil where the fleet lets nobody.
  public mutating func commandAuthority() throws(UpdatesError) -> CommandAuthority? {
    let targets = try topLevelMetadata()
    guard let delegations = targets.delegations, let role = delegations.keys(of: SignedCommand.role) else { return nil }
    return CommandAuthority(role: role, keys: delegations.keys, expires: min(expires, targets.head.expires))
  }
}

/// Metadata that a device has trusted before, held out to it once more: what they say is known before the broker is reached.
public struct KeptMetadata<Store: MetadataStore>: MetadataSource {
  private var store: Store

  public init(_ store: Store) { self.store = store }

  public mutating func metadata(_ role: String, version: Int?, limit: Int) throws(UpdatesError) -> [UInt8]? {
    role == TopLevelRole.root.rawValue ? nil : store.load(role)
  }
}
