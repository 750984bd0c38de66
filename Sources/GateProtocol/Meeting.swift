/// The agent begins: a number by chance, which the answer repeats, so that an answer to an earlier hello is no answer to this one.
public struct Hello: Sendable, Equatable {
  public var nonce: UInt32

  public init(nonce: UInt32) { self.nonce = nonce }

  func write(to bytes: inout FrameBytes) { bytes.append(nonce) }

  init?(from fields: inout FieldReader) {
    guard let nonce = fields.take(UInt32.self) else { return nil }
    self.nonce = nonce
  }
}

/// Why the controller started.
public enum BootCause: UInt8, Sendable {
  case power = 1
  /// Its watchdog found it stuck.
  case watchdog = 2
}

/// The controller's answer to a hello. The session is of its own making, out of the agent's number and its own clock: what was written for an
/// earlier life of either side, and still lay in some buffer, has another.
public struct Welcome: Sendable, Equatable {
  /// Of the hello.
  public var nonce: UInt32
  public var session: UInt32
  /// One for each life of the controller.
  public var boot: UInt32
  public var cause: BootCause
  /// Major, minor and patch in a byte each, from the third down.
  public var firmware: UInt32
  /// Of the configuration in force; 0 without one.
  public var configurationDigest: UInt32
  /// The event that comes next, and the oldest that can be sent again.
  public var nextEvent: UInt32, oldestEvent: UInt32

  public init(
    nonce: UInt32, session: UInt32, boot: UInt32, cause: BootCause, firmware: UInt32, configurationDigest: UInt32, nextEvent: UInt32, oldestEvent: UInt32
  ) {
    (self.nonce, self.session, self.boot, self.cause, self.firmware) = (nonce, session, boot, cause, firmware)
    (self.configurationDigest, self.nextEvent, self.oldestEvent) = (configurationDigest, nextEvent, oldestEvent)
  }

  func write(to bytes: inout FrameBytes) {
    bytes.append(nonce)
    bytes.append(session)
    bytes.append(boot)
    bytes.append(cause.rawValue)
    bytes.append(firmware)
    bytes.append(configurationDigest)
    bytes.append(nextEvent)
    bytes.append(oldestEvent)
  }

  init?(from fields: inout FieldReader) {
    guard let nonce = fields.take(UInt32.self), let session = fields.take(UInt32.self), let boot = fields.take(UInt32.self),
      let cause = BootCause(rawValue: fields.take() ?? 0), let firmware = fields.take(UInt32.self), let digest = fields.take(UInt32.self),
      let next = fields.take(UInt32.self), let oldest = fields.take(UInt32.self)
    else { return nil }
    self.init(
      nonce: nonce, session: session, boot: boot, cause: cause, firmware: firmware, configurationDigest: digest, nextEvent: next, oldestEvent: oldest)
  }
}

/// Half of an exchange of four moments. As long as its answer, so that a slow line delays both alike and the middle is the middle.
public struct TimeRequest: Sendable, Equatable {
  /// By the agent's clock, in nanoseconds; only repeated.
  public var sentAt: UInt64

  public init(sentAt: UInt64) { self.sentAt = sentAt }

  func write(to bytes: inout FrameBytes) {
    bytes.append(sentAt)
    bytes.append(UInt64(0))
    bytes.append(UInt64(0))
  }

  init?(from fields: inout FieldReader) {
    guard let sentAt = fields.take(UInt64.self), fields.take(UInt64.self) == 0, fields.take(UInt64.self) == 0 else { return nil }
    self.sentAt = sentAt
  }
}

/// When the request came and when this answer was written, by the controller's clock in microseconds since its start.
public struct TimeReply: Sendable, Equatable {
  public var sentAt: UInt64
  public var receivedAt: UInt64
  public var repliedAt: UInt64

  public init(sentAt: UInt64, receivedAt: UInt64, repliedAt: UInt64) {
    (self.sentAt, self.receivedAt, self.repliedAt) = (sentAt, receivedAt, repliedAt)
  }

  func write(to bytes: inout FrameBytes) {
    bytes.append(sentAt)
    bytes.append(receivedAt)
    bytes.append(repliedAt)
  }

  init?(from fields: inout FieldReader) {
    guard let sentAt = fields.take(UInt64.self), let receivedAt = fields.take(UInt64.self), let repliedAt = fields.take(UInt64.self) else { return nil }
    self.init(sentAt: sentAt, receivedAt: receivedAt, repliedAt: repliedAt)
  }
}
