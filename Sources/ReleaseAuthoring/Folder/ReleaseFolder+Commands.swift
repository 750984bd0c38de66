import JSONReading
public import Updates

/// What devices are to be told.
public struct CommandOrder: Sendable {
  /// As devices call it: "pause", "resume", "roll-back".
  public let name: String
  /// The pipeline or model that it is about; nil: all.
  public let subject: String?
  /// Why, for those who look after the devices.
  public let reason: String?

  /// - Parameter reason: control characters in it are replaced, and it is cut at 200 characters.
  public init(_ name: String, of subject: String? = nil, reason: String? = nil) {
    (self.name, self.subject, self.reason) = (name, subject, reason.map { $0.inOneLine(limit: 200) })
  }
}

/// A command as it goes to one device.
public struct DeviceCommand: Sendable {
  /// "SITE/DEVICE".
  public let device: String
  public let counter: Int
  public let expires: DateTime
  public let payload: [UInt8]

  var topic: String { "swiftlet/v1/\(device)/command" }
  var replyTopic: String { "\(topic)/reply" }
}

extension ReleaseFolder {
  private var counterFile: String { "\(path)/command-counter" }

  /// Signs an order for each device. The counter is greater than any before it from this folder, and than the seconds since 1970 where that is
  /// more, so that a second folder with the same key needs to know nothing of it.
  ///
  /// - Parameters:
  ///   - devices: "SITE/DEVICE" each.
  ///   - expires: what hasn't reached its device by then isn't obeyed.
  public func sign(
    _ order: CommandOrder, for devices: [String], until expires: DateTime, _ keys: KeyChain, at time: DateTime
  ) throws(ReleaseError) -> [DeviceCommand] {
    for device in devices { try Self.check(device: device) }
    if let subject = order.subject, !isPathPart(subject) {
      throw ReleaseError(.invalid, "‘\(subject.inOneLine(limit: 64))’ is no pipeline's or model's name; expected 1 to 64 letters, digits, ‘_’, ‘.’ or ‘-’")
    }
    let state = try state()
    guard let role = state.targets.content.commands else {
      throw ReleaseError(
        .notThere, "the released metadata let nobody give commands; make a key for it: swiftlet release rotate-key \(path) commands, and publish")
    }
    let counter = max(try lastCounter() + 1, Int(time.seconds))
    // First: a number that was signed and forgotten would be given out once more.
    try ReleaseFiles.write(Array("\(counter)\n".utf8), to: counterFile)
    var commands: [DeviceCommand] = []
    for device in devices {
      let command = SignedCommand(
        name: order.name, device: device, counter: counter, expires: expires, subject: order.subject, reason: order.reason)
      var file = SignedFile(command.signed)
      try keys.signFully(&file, as: role)
      let payload = file.bytes(beside: ["schema": .whole(1)])
      guard payload.count <= SignedCommand.largestByteCount else {
        throw ReleaseError(.tooLarge, "the command for \(device) has \(payload.count) bytes, and devices read \(SignedCommand.largestByteCount); shorten it")
      }
      commands.append(DeviceCommand(device: device, counter: counter, expires: expires, payload: payload))
    }
    return commands
  }

  private func lastCounter() throws(ReleaseError) -> Int {
    guard ReleaseFiles.exists(counterFile) else { return 0 }
    let text = String(decoding: try ReleaseFiles.read(counterFile), as: UTF8.self)
    guard let line = text.split(separator: "\n").first, let counter = Int(line), (0..<Int.max).contains(counter) else {
      throw ReleaseError(.damagedFolder, "\(counterFile) holds no number; write the counter of the last command there, which devices tell in their answers")
    }
    return counter
  }

  private static func check(device: String) throws(ReleaseError) {
    let parts = device.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ isPathPart(String($0)) }) else {
      throw ReleaseError(.invalid, "‘\(device)’ is no device; expected SITE/DEVICE, as in plant-a/line-3")
    }
  }
}
