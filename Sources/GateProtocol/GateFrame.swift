/// A message with its header: version, code, session, sequence; behind the body stands the check. The header and the check are the same in every
/// version of the protocol, so that versions recognise each other.
public struct GateFrame: Sendable {
  /// Of the protocol that this module speaks.
  public static let version: UInt8 = 1
  /// Bytes before the body and behind it.
  public static let headerLength = 10, checkLength = 4

  /// What both sides agreed on when they met; 0 outside a session.
  public var session: UInt32
  /// One more with every frame of a sender; it wraps around.
  public var sequence: UInt32
  public var message: GateMessage

  public init(session: UInt32, sequence: UInt32, message: GateMessage) {
    self.session = session
    self.sequence = sequence
    self.message = message
  }

  /// The frame's bytes before stuffing.
  public var bytes: FrameBytes {
    var bytes = FrameBytes()
    bytes.append(Self.version)
    bytes.append(message.code.rawValue)
    bytes.append(session)
    bytes.append(sequence)
    message.write(to: &bytes)
    var check = FrameCheck()
    for index in 0..<bytes.count { check.update(bytes[index]) }
    bytes.append(check.value)
    return bytes
  }

  /// As it goes on the line.
  public var onTheWire: WireFrame { WireFrame(bytes) }

  static func reading(_ bytes: FrameBytes) -> FrameReader.Outcome {
    guard bytes.count >= headerLength + checkLength else { return .damaged }
    let end = bytes.count - checkLength
    var check = FrameCheck()
    for index in 0..<end { check.update(bytes[index]) }
    var tail = FieldReader(bytes, from: end, to: bytes.count)
    guard tail.take(UInt32.self) == check.value else { return .damaged }
    guard bytes[0] == version else { return .otherVersion(bytes[0]) }
    var header = FieldReader(bytes, from: 1, to: headerLength)
    var body = FieldReader(bytes, from: headerLength, to: end)
    guard let code = MessageCode(rawValue: header.take() ?? 0), let session = header.take(UInt32.self), let sequence = header.take(UInt32.self),
      let message = GateMessage(code, from: &body), body.isAtEnd
    else { return .damaged }
    return .frame(GateFrame(session: session, sequence: sequence, message: message))
  }
}

/// Numbers that wrap around, compared by the shorter way between them.
public enum WrappingOrder {
  /// How far `later` lies ahead of `earlier`; negative behind it.
  public static func distance(from earlier: UInt32, to later: UInt32) -> Int32 { Int32(bitPattern: later &- earlier) }
}
