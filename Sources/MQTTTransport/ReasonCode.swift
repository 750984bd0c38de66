/// An MQTT 5 reason code: why a broker refused something or hung up. From 128 on they are failures.
public struct ReasonCode: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  public static let success = ReasonCode(rawValue: 0x00)
  public static let unspecified = ReasonCode(rawValue: 0x80)
  public static let implementationSpecific = ReasonCode(rawValue: 0x83)
  public static let unsupportedProtocolVersion = ReasonCode(rawValue: 0x84)
  public static let clientIdentifierNotValid = ReasonCode(rawValue: 0x85)
  public static let badUserNameOrPassword = ReasonCode(rawValue: 0x86)
  public static let notAuthorised = ReasonCode(rawValue: 0x87)
  public static let serverUnavailable = ReasonCode(rawValue: 0x88)
  public static let serverBusy = ReasonCode(rawValue: 0x89)
  public static let banned = ReasonCode(rawValue: 0x8A)
  public static let serverShuttingDown = ReasonCode(rawValue: 0x8B)
  public static let badAuthenticationMethod = ReasonCode(rawValue: 0x8C)
  public static let keepAliveTimeout = ReasonCode(rawValue: 0x8D)
  public static let sessionTakenOver = ReasonCode(rawValue: 0x8E)
  public static let topicNameInvalid = ReasonCode(rawValue: 0x90)
  public static let packetTooLarge = ReasonCode(rawValue: 0x95)
  public static let quotaExceeded = ReasonCode(rawValue: 0x97)
  public static let administrativeAction = ReasonCode(rawValue: 0x98)
  public static let payloadFormatInvalid = ReasonCode(rawValue: 0x99)
  public static let retainNotSupported = ReasonCode(rawValue: 0x9A)
  public static let qualityNotSupported = ReasonCode(rawValue: 0x9B)
  public static let useAnotherServer = ReasonCode(rawValue: 0x9C)
  public static let serverMoved = ReasonCode(rawValue: 0x9D)
  public static let connectionRateExceeded = ReasonCode(rawValue: 0x9F)

  public var isFailure: Bool { rawValue >= 0x80 }

  /// The failure that the same refusal has in MQTT 5, for brokers that answer in the older numbering (1 to 5).
  init(connectionAnswer: Int32) {
    switch connectionAnswer {
    case 1: self = .unsupportedProtocolVersion
    case 2: self = .clientIdentifierNotValid
    case 3: self = .serverUnavailable
    case 4: self = .badUserNameOrPassword
    case 5: self = .notAuthorised
    default: self.init(rawValue: UInt8(truncatingIfNeeded: connectionAnswer))
    }
  }

  private static let explanations: [ReasonCode: String] = [
    .unspecified: "for a reason that it doesn't give; see the broker's log",
    .unsupportedProtocolVersion: "because it doesn't speak MQTT 5; use a broker that does",
    .clientIdentifierNotValid: "because of the client id; see the broker's rules for client ids",
    .badUserNameOrPassword: "because of a wrong user name or password; check mqtt: username and password",
    .notAuthorised: "as not authorised; check the credentials and the broker's access rules for this device",
    .serverUnavailable: "because it is unavailable at the moment",
    .serverBusy: "because it is busy",
    .banned: "because this client is banned; ask the broker's administrator",
    .serverShuttingDown: "because it is shutting down",
    .badAuthenticationMethod: "because it wants another way to authenticate",
    .keepAliveTimeout: "because it heard nothing in time",
    .sessionTakenOver: "because another client took over this client id; give every device its own site and id",
    .topicNameInvalid: "because of the topic's name",
    .packetTooLarge: "because the message is larger than it accepts",
    .quotaExceeded: "because a quota is used up",
    .administrativeAction: "by an administrator's action",
    .payloadFormatInvalid: "because of the payload's format",
    .retainNotSupported: "because it keeps no retained messages",
    .qualityNotSupported: "because it doesn't support this quality of service",
    .useAnotherServer: "and asks to use another server",
    .serverMoved: "because it has moved; change mqtt: url",
    .connectionRateExceeded: "because connections come too often",
  ]

  /// Completes ‘the broker refused …’.
  public var description: String {
    Self.explanations[self] ?? "with reason code \(rawValue)"
  }
}
