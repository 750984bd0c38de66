/// What is to become of the part of that number.
public struct PartOrder: Sendable, Equatable {
  /// Repeated orders have the same number, and are carried out once.
  public var order: UInt32
  public var part: UInt32
  public var verdict: GatePosition

  public init(order: UInt32, part: UInt32, verdict: GatePosition) { (self.order, self.part, self.verdict) = (order, part, verdict) }

  func write(to bytes: inout FrameBytes) {
    bytes.append(order)
    bytes.append(part)
    bytes.append(verdict.rawValue)
  }

  init?(from fields: inout FieldReader) {
    guard let order = fields.take(UInt32.self), let part = fields.take(UInt32.self), let verdict = GatePosition(rawValue: fields.take() ?? 0) else {
      return nil
    }
    self.init(order: order, part: part, verdict: verdict)
  }
}

/// Reject what is at the gate at that moment: for lines without a part-present sensor.
public struct MomentOrder: Sendable, Equatable {
  public var order: UInt32
  /// When the gate must act: the controller's microseconds, or its encoder's ticks.
  public var moment: UInt64

  public init(order: UInt32, moment: UInt64) { (self.order, self.moment) = (order, moment) }

  func write(to bytes: inout FrameBytes) {
    bytes.append(order)
    bytes.append(moment)
  }

  init?(from fields: inout FieldReader) {
    guard let order = fields.take(UInt32.self), let moment = fields.take(UInt64.self) else { return nil }
    self.init(order: order, moment: moment)
  }
}

/// Why an order isn't taken.
public enum OrderRefusal: UInt8, Sendable {
  /// The part, or the moment, has passed the gate.
  case late = 1
  /// The part has another order already, or the number belongs to another one.
  case duplicate = 2
  /// No such part was seen.
  case unknownPart = 3
  /// So many moments are waiting already.
  case queueFull = 4
  /// The moment lies further ahead than any belt is long.
  case implausible = 5
  /// There is no configuration yet.
  case notArmed = 6
}

/// The controller's answer to an order, and to each repetition of it.
public struct OrderReply: Sendable, Equatable {
  public var order: UInt32
  /// Nil where it was accepted: its end comes as an event.
  public var refusal: OrderRefusal?
  /// Accepted: when the part reaches the gate, in microseconds or ticks. Late, by a moment: how late. Otherwise 0.
  public var position: UInt64

  public init(order: UInt32, refusal: OrderRefusal?, position: UInt64) { (self.order, self.refusal, self.position) = (order, refusal, position) }

  func write(to bytes: inout FrameBytes) {
    bytes.append(order)
    bytes.append(refusal?.rawValue ?? 0)
    bytes.append(position)
  }

  init?(from fields: inout FieldReader) {
    guard let order = fields.take(UInt32.self), let refusal = fields.take(UInt8.self), refusal == 0 || OrderRefusal(rawValue: refusal) != nil,
      let position = fields.take(UInt64.self)
    else { return nil }
    self.init(order: order, refusal: OrderRefusal(rawValue: refusal), position: position)
  }
}
