public import Pipelines

/// What numbers a message within its topic: sequences are contiguous and never reused as long as the epoch stays; another
/// epoch means that counting began anew.
public struct MessageNumber: Sendable, Equatable {
  /// 16 hexadecimal digits.
  public let epoch: String
  public let sequence: UInt64

  public init(epoch: String, sequence: UInt64) {
    self.epoch = epoch
    self.sequence = sequence
  }
}

/// Numbers the messages of one topic that bypasses the outbox (`state`, `health`, `models`): current facts, with an epoch of
/// this process, from 1 on.
public struct CurrentFactNumbering: Sendable {
  public let epoch: String
  private var last: UInt64 = 0

  public init() {
    epoch = Epoch.random()
  }

  public mutating func next() -> MessageNumber {
    last += 1
    return MessageNumber(epoch: epoch, sequence: last)
  }

  /// For the last will, which is written ahead of everything: sequence 0.
  public var lastWill: MessageNumber {
    MessageNumber(epoch: epoch, sequence: 0)
  }
}

enum Epoch {
  static func random() -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// A message's content, without its number.
public protocol Payload: Sendable {
  /// Names the payload's form and its version, as `swiftlet/detections/1`.
  static var schema: String { get }
  /// When what it says was seen.
  var capturedAt: WallTime { get }
  /// Whether `capturedAt` can be believed.
  var clock: ClockStatus { get }
  /// Writes the members that follow the common ones.
  func writeMembers(to json: inout JSONWriter)
}

extension Payload {
  /// The whole JSON payload.
  public func encoded(as number: MessageNumber) -> [UInt8] {
    var json = JSONWriter()
    json.object {
      $0.member("schema", Self.schema)
      $0.member("epoch", number.epoch)
      $0.member("sequence", number.sequence)
      $0.member("captured_at", capturedAt.rfc3339)
      $0.member("clock", clock.rawValue)
      writeMembers(to: &$0)
    }
    return json.bytes
  }
}
