import JSONReading

/// A command as it came: `{"schema":1,"command":"reload"}`. Anyone who may publish at the broker can have written it.
struct CommandRequest: Equatable {
  /// A longer payload isn't looked at.
  static let largestByteCount = 4096
  /// The object, and nothing that nests within it.
  private static let depthLimit = 3

  let command: RemoteCommand

  /// Why a payload isn't obeyed, and the command that it names as far as that can be told.
  struct Refusal: Error, Equatable {
    let command: String?
    let reason: String

    /// What came from outside goes to the log and to terminals: control characters don't.
    init(command: String? = nil, reason: String) {
      self.command = command.map(Self.printable)
      self.reason = Self.printable(reason)
    }

    private static func printable(_ text: String) -> String {
      text.inOneLine(limit: 400)
    }
  }

  /// - Parameter obeyed: what this device may be told.
  init(_ payload: [UInt8], obeying obeyed: [RemoteCommand]) throws(Refusal) {
    guard payload.count <= Self.largestByteCount else { throw Self.tooLarge(payload.count) }
    let value: JSONValue
    do throws(JSONSyntaxError) { value = try JSONParser.parse(payload, depthLimit: Self.depthLimit) } catch {
      throw Refusal(reason: "the payload is no JSON: \(error.description)")
    }
    guard case .object(let members) = value else {
      throw Refusal(reason: "expected an object, {\"schema\":1,\"command\":…}; found \(value.kind)")
    }
    guard case .string(let name)? = members["command"] else { throw Refusal(reason: "expected \"command\" with a name as text") }
    let shown = String(name.unicodeScalars.prefix(64))
    guard members["schema"] == .number("1") else { throw Refusal(command: shown, reason: "expected \"schema\":1, which is all that this version reads") }
    // Whoever writes more means more; half a command isn't obeyed.
    if let foreign = members.keys.filter({ $0 != "schema" && $0 != "command" }).min() {
      let name = String(foreign.unicodeScalars.prefix(64))
      throw Refusal(command: shown, reason: "\"\(name)\" is not known in a command; expected \"schema\" and \"command\" alone")
    }
    guard let command = RemoteCommand(rawValue: name) else { throw Refusal(command: shown, reason: RemoteCommand.refusal(of: name)) }
    guard obeyed.contains(command) else {
      throw Refusal(command: shown, reason: "\"\(name)\" is not among this device's mqtt.commands; add it to the configuration")
    }
    self.command = command
  }

  static func tooLarge(_ byteCount: Int) -> Refusal {
    Refusal(reason: "a command has at most \(largestByteCount) bytes; this one has \(byteCount)")
  }
}
