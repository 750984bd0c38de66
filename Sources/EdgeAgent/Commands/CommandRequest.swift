import JSONReading
import Updates

/// A command as it came: `{"schema":1,"command":"reload"}`, or `{"schema":1,"signed":{…},"signatures":[…]}` for one that needs the fleet's
/// signature (`SignedCommand`), which isn't looked at here. Anyone who may publish at the broker can have written it.
struct CommandRequest: Equatable {
  /// A longer payload isn't looked at.
  static let largestByteCount = SignedCommand.largestByteCount
  /// Signatures are objects in a list in an object.
  private static let depthLimit = 4

  let command: RemoteCommand
  /// Where it says that it is signed: all of it.
  let envelope: [UInt8]?
  /// What it says its counter is.
  let counter: Int?

  /// Why a payload isn't obeyed, and the command that it names as far as that can be told.
  struct Refusal: Error, Equatable {
    let command: String?
    let reason: String
    /// What the payload says its counter is, so that whoever sent it knows the answer for its own.
    var counter: Int?

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
    var counter: Int?
    do throws(Refusal) { try self.init(payload, obeying: obeyed, &counter) } catch {
      var refusal = error
      refusal.counter = counter
      throw refusal
    }
  }

  private init(_ payload: [UInt8], obeying obeyed: [RemoteCommand], _ claimed: inout Int?) throws(Refusal) {
    guard payload.count <= Self.largestByteCount else { throw Self.tooLarge(payload.count) }
    let value: JSONValue
    do throws(JSONSyntaxError) { value = try JSONParser.parse(payload, depthLimit: Self.depthLimit) } catch {
      throw Refusal(reason: "the payload is no JSON: \(error.description)")
    }
    guard case .object(let members) = value else {
      throw Refusal(reason: "expected an object, {\"schema\":1,\"command\":…}; found \(value.kind)")
    }
    let isSigned = members["signed"] != nil
    let known = isSigned ? ["schema", "signed", "signatures"] : ["schema", "command"]
    var inner = members
    if case .object(let signed)? = members["signed"] { inner = signed }
    if isSigned, case .number(let digits)? = inner["counter"] { claimed = Int(digits).flatMap { $0 > 0 ? $0 : nil } }
    guard case .string(let name)? = inner["command"] else { throw Refusal(reason: "expected \"command\" with a name as text") }
    let shown = String(name.unicodeScalars.prefix(64))
    guard members["schema"] == .number("1") else { throw Refusal(command: shown, reason: "expected \"schema\":1, which is all that this version reads") }
    // Whoever writes more means more; half a command isn't obeyed.
    if let foreign = members.keys.filter({ !known.contains($0) }).min() {
      let name = String(foreign.unicodeScalars.prefix(64))
      throw Refusal(command: shown, reason: "\"\(name)\" is not known in a command; expected \(known.joined(separator: ", ")) alone")
    }
    guard let command = RemoteCommand(rawValue: name) else { throw Refusal(command: shown, reason: RemoteCommand.refusal(of: name)) }
    guard obeyed.contains(command) else {
      throw Refusal(command: shown, reason: "\"\(name)\" is not among this device's mqtt.commands; add it to the configuration")
    }
    guard isSigned == command.needsSignature else {
      let advice = isSigned ? "is obeyed without a signature alone" : "must be signed by a fleet key: swiftlet release order"
      throw Refusal(command: shown, reason: "\"\(name)\" \(advice)")
    }
    self.command = command
    envelope = isSigned ? payload : nil
    counter = claimed
  }

  static func tooLarge(_ byteCount: Int) -> Refusal {
    Refusal(reason: "a command has at most \(largestByteCount) bytes; this one has \(byteCount)")
  }
}
